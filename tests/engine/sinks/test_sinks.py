"""Sinks: what they are given of a block."""

from __future__ import annotations

import pytest

from bulkfhir.engine.sinks import Accepted

DATA = b'{"a"}\n\n{"bb"}\r\n{"c"}\n{"d"}'
LINES = [b'{"a"}', b'{"bb"}', b'{"c"}', b'{"d"}']
STARTS, TYPES = [0, 7, 15, 21], ["Patient", "Group", "Patient", "Group"]


def accepted(**changed):
    columns = {
        "starts": STARTS,
        "ends": [start + len(line) for start, line in zip(STARTS, LINES, strict=True)],
        "types": TYPES,
        "ids": list("abcd"),
    }
    return Accepted(DATA, **(columns | changed))


def test_lines_come_one_by_one():
    assert list(accepted(replaced={1: b"other"}).resources()) == [
        ("Patient", "a", LINES[0]),
        ("Group", "b", b"other"),
        ("Patient", "c", LINES[2]),
        ("Group", "d", LINES[3]),
    ]


@pytest.mark.parametrize(("replaced", "second"), [({}, LINES[1]), ({1: b"other"}, b"other")])
def test_lines_come_by_type_in_their_order(replaced, second):
    assert dict(accepted(replaced=replaced).by_type()) == {
        "Patient": b'{"a"}\n{"c"}\n',
        "Group": second + b'\n{"d"}\n',
    }


def test_a_block_without_lines_has_no_types():
    assert list(accepted(starts=[], ends=[], types=[], ids=[]).by_type()) == []
