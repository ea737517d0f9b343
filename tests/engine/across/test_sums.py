"""Sums by key are the same in memory, on disk, and in whatever order the values come."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from bulkfhir.engine.across.sums import Sums


@pytest.mark.parametrize("held", [1, 3, 1000], ids=["all on disk", "some on disk", "in memory"])
def test_sums_are_those_of_a_counter_in_the_order_of_the_keys(held):
    generator = random.Random(held)
    entries = [((f"k{generator.randrange(40)}", "x"), generator.randrange(9)) for _ in range(500)]
    expected = Counter()
    with Sums(int.__add__, held) as sums:
        for key, value in entries:
            expected[key] += value
            sums.add(key, value)
        assert list(sums.items()) == sorted(expected.items())


def test_keys_of_numbers_keep_their_order_on_disk():
    keys = [(2**64 - 1,), (3, 4), (3,), ()]
    with Sums(int.__add__, held=2) as sums:
        for key in keys:
            sums.add(key, 1)
        assert [key for key, _ in sums.items()] == sorted(keys)
