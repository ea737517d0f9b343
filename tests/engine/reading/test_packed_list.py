"""PackedList: a long list is read as it was written, from any place."""

from __future__ import annotations

import pytest

from bulkfhir.engine.reading.packed_list import PackedList
from bulkfhir.engine.reading.sources import InputFile

FILES = [
    InputFile(
        f"a/{number}\udcff.ndjson", f"/x/{number}", number, f'"{number:x}"', f"{number}", "gz"
    )
    for number in range(5_432)
]


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_001, 5_432])
def test_a_list_is_read_as_it_was_written(count):
    packed = PackedList(InputFile, FILES[:count])
    assert (len(packed), list(packed)) == (count, FILES[:count])
    assert packed == FILES[:count]


def test_records_are_found_from_any_place():
    packed = PackedList(InputFile, FILES)
    for place in (0, 999, 1_000, 4_999, 5_000, 5_431, -1, 17, 3_000):
        assert packed[place] == FILES[place]
    for within in (
        slice(998, 2_003),
        slice(4_999, 5_001),
        slice(5_100, None),
        slice(None, -5_000),
        slice(7, 7),
        slice(9, 2),
        slice(None, None, 900),
        slice(1_001, 998, -1),
    ):
        assert packed[within] == FILES[within]
    with pytest.raises(IndexError):
        packed[5_432]
