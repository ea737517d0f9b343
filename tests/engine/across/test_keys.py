"""Keys: a number for the type and id of every accepted line, in segments of buckets."""

from __future__ import annotations

import pytest

from bulkfhir.engine.across import keys as keys_module
from bulkfhir.engine.across.keys import BUCKETS, KeyColumns, Segment, read_segments
from bulkfhir.engine.columns.rows import Rows
from bulkfhir.engine.errors import StorageError
from bulkfhir.engine.storage import storage_for


def taken(*rows, first=0):
    columns = KeyColumns()
    types, ids = [kind for kind, _ in rows], [key for _, key in rows]
    columns.add(Rows.of(range(len(rows)), first, types, ids))
    return columns.take()


@pytest.fixture
def read(tmp_path):
    def segments(data) -> list[Segment]:
        (tmp_path / "keys").write_bytes(data)
        return list(read_segments(storage_for(str(tmp_path)), str(tmp_path / "keys")))

    return segments


def by_line(segment):
    return dict(zip(segment.lines.cast("I"), segment.keys.cast("Q"), strict=True))


def test_type_and_id_make_the_key_and_nothing_else_does(read):
    rows = [("Patient", "a"), ("Group", "a"), ("Patient", "b"), ("Patient", "a")]
    (here,), (there,) = read(taken(*rows)), read(taken(*reversed(rows), first=40))
    one, other = by_line(here), by_line(there)
    assert one[0] == one[3] == other[40] == other[43]
    assert len({one[0], one[1], one[2]}) == 3
    assert (one[1], one[2]) == (other[42], other[41])


def test_buckets_lie_side_by_side(read):
    (segment,) = read(taken(*(("Patient", f"p{number}") for number in range(2000))))
    assert (len(segment.starts), segment.starts[-1]) == (BUCKETS + 1, 2000)
    for bucket in range(BUCKETS):
        keys, lines = segment.between(bucket, bucket + 1)
        assert {key % BUCKETS for key in keys.cast("Q")} <= {bucket}
        assert len(keys) == 2 * len(lines)
    assert (
        sum(len(segment.between(first, first + 64)[1]) for first in range(0, BUCKETS, 64)) == 8000
    )


def test_a_part_may_hold_several_segments_or_none(read):
    several = taken(("Patient", "a")) + taken(("Patient", "b"), ("Patient", "c"))
    assert [segment.starts[-1] for segment in read(several)] == [1, 2]
    assert read(b"") == []


@pytest.mark.parametrize("cut", [-1, -13, 5], ids=["lines", "keys", "header"])
def test_a_part_that_ends_early_is_said_to(read, cut):
    with pytest.raises(StorageError, match="it ends early"):
        read(taken(("Patient", "a"), ("Patient", "b"))[:cut])


def test_a_shard_of_many_lines_is_written_in_pieces(monkeypatch):
    monkeypatch.setattr(keys_module, "_SEGMENT", 3)
    columns = KeyColumns()
    columns.add(Rows.of([0, 1], 0, ["Patient"] * 2, ["a", "b"]))
    assert not columns.full
    columns.add(Rows.of([0], 2, ["Patient"], ["c"]))
    assert columns.full
    columns.take()
    assert not columns.full
