"""The rows that give way are those that a walk over all rows, one by one, finds."""

from __future__ import annotations

import io
from functools import partial

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from bulkfhir.engine.errors import EngineError
from bulkfhir.engine.stored_tables import row_changes
from bulkfhir.engine.stored_tables.row_changes import RowChanges

ROW = st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy"))
FILES = st.lists(st.lists(ROW, max_size=6), max_size=4)


def opened(rows, group=2):
    """Functions that open Parquet files of (id, json)."""
    made = []
    for file in rows:
        columns = {"id": [key for key, _ in file], "json": [text for _, text in file]}
        kinds = pa.schema([("id", pa.string()), ("json", pa.string())])
        sink = io.BytesIO()
        parquet.write_table(pa.table(columns, schema=kinds), sink, row_group_size=group)
        made.append(partial(parquet.ParquetFile, io.BytesIO(sink.getvalue())))
    return made


def nothing():
    """Work goes on."""


def found(old, new, group=2, **options):
    files = opened(old, group), opened(new, group)
    with RowChanges(*files, nothing, **options) as changes:
        sides = {"old_gone": changes.old_gone(), "new_gone": changes.new_gone()}
        rows = {
            side: {(file, row) for file in counts for row in changes.rows_of(side, file)}
            for side, counts in sides.items()
        }
        assert {side: sum(counts.values()) for side, counts in sides.items()} == {
            side: len(places) for side, places in rows.items()
        }
    return rows["old_gone"], rows["new_gone"]


def expected(old, new):
    last, new_gone = {}, set()
    for file, rows in enumerate(new):
        for row, (key, text) in enumerate(rows):
            if key in last:
                new_gone.add(last[key][0])
            last[key] = ((file, row), text)
    old_gone = set()
    for key, (place, text) in last.items():
        met = [
            ((file, row), before)
            for file, rows in enumerate(old)
            for row, (other, before) in enumerate(rows)
            if other == key
        ]
        if [before for _, before in met] == [text]:
            new_gone.add(place)
        else:
            old_gone |= {before for before, _ in met}
    return old_gone, new_gone


@settings(max_examples=25)
@given(FILES, FILES)
def test_as_by_brute_force(old, new):
    assert found(old, new) == expected(old, new)


@settings(max_examples=25)
@given(FILES, FILES)
def test_in_any_number_of_buckets(old, new):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_changes, "_IN_BUCKET", 2)
        patch.setattr(row_changes, "_IDS", 3)
        patch.setattr(row_changes, "_RESOURCES", 2)
        assert found(old, new) == expected(old, new)


def test_in_little_memory():
    old = [[(f"{number:064}", "x") for number in range(start, start + 60_000)] for start in (0, 1)]
    new = [[(f"{number:064}", "y") for number in range(30_000, 130_000)]]
    old_gone, new_gone = found(old, new, 10_000, memory="32MB")
    assert (len(old_gone), len(new_gone)) == (30_000 + 30_001, 0)


@pytest.mark.parametrize("side", ["old", "new"])
def test_what_stops_the_work_is_raised_as_it_is(side):
    def stop():
        raise KeyboardInterrupt

    def broken():
        raise EngineError("the store is gone")

    files = {"old": opened([[("a", "x")]]), "new": opened([[("a", "y")]])}
    with pytest.raises(KeyboardInterrupt), RowChanges(files["old"], files["new"], stop):
        pass
    files[side] = [broken]
    with (
        pytest.raises(EngineError, match=r"^the store is gone$"),
        RowChanges(files["old"], files["new"], nothing),
    ):
        pass
