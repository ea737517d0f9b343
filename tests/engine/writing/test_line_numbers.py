"""Line numbers: how long a piece becomes is told without a look at it, or not at all."""

from __future__ import annotations

import random

import pytest

from bulkfhir.engine.sharding.shard import NumberedLines
from bulkfhir.engine.writing.line_numbers import LineNumbers, length_with_base
from bulkfhir.engine.writing.outcomes import with_base


def rows(numbers):
    return b"".join(b'{"lineId":%d,"x":1}\n' % number for number in numbers)


def counted(blocks):
    """What comes of lines that are told block by block."""
    told = LineNumbers()
    for first, numbers in blocks:
        told.add("SUCCESS", first, numbers)
    return dict(told.take()).get("SUCCESS")


@pytest.mark.parametrize("kind", [list, range, memoryview])
def test_lines_and_their_digits_are_counted(kind):
    numbers = range(120)
    given = {list: list(numbers), range: numbers, memoryview: memoryview(bytes(numbers))}[kind]
    said = counted([(1, given), (95, []), (9_990, given)])
    expected = [1 + number for number in numbers] + [9_990 + number for number in numbers]
    assert said == NumberedLines(240, sum(len(str(number)) for number in expected))


@pytest.mark.parametrize("base", [0, 1, 90, 899, 900, 9_000, 10**6 - 1_001, 10**6, 10**12])
def test_a_length_is_right_wherever_it_is_told(base):
    chosen = random.Random(base)
    numbers = sorted(chosen.sample(range(1, 1_001), 300))
    piece = rows(numbers)
    found = length_with_base(len(piece), counted([(0, numbers)]), base, 1_000)
    if len(str(base + 1)) < len(str(base + 1_000)) and base:
        assert found is None
    else:
        assert found == len(with_base(piece, base))


@pytest.mark.parametrize("base", [1, 90, 9_999, 10**6 - 500])
def test_a_length_is_told_of_all_lines_of_a_shard_wherever_they_lie(base):
    piece = rows(range(1, 1_001))
    found = length_with_base(len(piece), counted([(1, range(1_000))]), base, 1_000)
    assert found == len(with_base(piece, base))


def test_nobody_tells_a_length_where_nobody_has_counted():
    assert length_with_base(38, None, 0, 2) == 38
    assert length_with_base(38, None, 3, 2) is None
