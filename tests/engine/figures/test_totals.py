"""Totals: sums do not depend on order or grouping, and survive the record."""

from __future__ import annotations

import functools
import json
import operator
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from bulkfhir.engine.figures.totals import EXAMPLES, Totals

NAMES = st.dictionaries(st.sampled_from(["error a", "warning b", "fatal c"]), st.integers(1, 5))


@st.composite
def totals(draw):
    shard = draw(st.integers(0, 5))
    rules = draw(NAMES)
    examples = {
        key: tuple(
            (shard, line)
            for line in sorted(draw(st.sets(st.integers(0, 20), min_size=1, max_size=EXAMPLES)))
        )
        for key in rules
    }
    return Totals(
        scanned=draw(st.integers(0, 9)),
        imported_bytes=draw(st.integers(0, 9)),
        rules=rules,
        examples=examples,
        undecided=draw(NAMES),
    )


@given(st.lists(totals(), min_size=1, max_size=6), st.randoms())
def test_addition_knows_no_order(parts, random):
    mixed = list(parts)
    random.shuffle(mixed)
    assert functools.reduce(operator.add, mixed, Totals()) == functools.reduce(
        operator.add, parts, Totals()
    )


@given(totals(), totals(), totals())
def test_addition_knows_no_grouping(a, b, c):
    assert (a + b) + c == a + (b + c)


@given(totals())
def test_the_record_keeps_them(part):
    assert Totals.from_json(json.loads(json.dumps(asdict(part)))) == part


def test_a_checkpoint_of_0_1_0_is_read_with_its_names() -> None:
    made = Totals.from_json({"scanned": 2, "examples": {}, "asked": {"bundle": 1}})
    assert (made.scanned, made.fallbacks) == (2, {"bundle": 1})
