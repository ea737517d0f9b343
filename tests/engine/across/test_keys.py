"""Keys: a number for the type and id of every accepted line, in segments of buckets."""

from __future__ import annotations

import pytest

from bulkfhir.engine.across import keys as keys_module
from bulkfhir.engine.across.keys import BUCKETS, KeyColumns, Segment, read_segments
from bulkfhir.engine.columns.rows import Rows
from bulkfhir.engine.errors import StorageError
from bulkfhir.engine.storage import storage_for
from bulkfhir.validators.definitions import core
from bulkfhir.validators.schema import Schema


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


def cut(keys):
    return [bytes(keys[at : at + 12]) for at in range(0, len(keys), 12)]


def by_line(segment):
    return dict(zip(segment.lines.cast("I"), cut(segment.keys), strict=True))


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
        assert {key[0] for key in cut(keys)} <= {bucket}
        assert len(keys) == 3 * len(lines)
    assert (
        sum(len(segment.between(first, first + 64)[1]) for first in range(0, BUCKETS, 64)) == 8000
    )


def test_a_part_may_hold_several_segments_or_none(read):
    several = taken(("Patient", "a")) + taken(("Patient", "b"), ("Patient", "c"))
    assert [segment.starts[-1] for segment in read(several)] == [1, 2]
    assert read(b"") == []


@pytest.mark.parametrize("cut", [-1, -9, 5], ids=["lines", "keys", "header"])
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


def test_no_two_types_add_the_same_to_a_key():
    """The check is of the id alone: two types with the same id differ in the number, always."""
    columns, types = KeyColumns(), Schema(core()).resources()
    columns.add(Rows.of(range(len(types)), 0, types, ["a"] * len(types)))
    segment = columns.take()[4 * BUCKETS :]
    numbers = {segment[12 * place : 12 * place + 8] for place in range(len(types))}
    assert len(numbers) == len(types) > 140
