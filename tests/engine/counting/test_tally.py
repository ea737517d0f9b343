"""Tally: a shard's lines, counted block by block."""

from __future__ import annotations

from array import array

import pytest

from bulkfhir.engine.counting.tally import Tally
from bulkfhir.engine.figures.job_figures import LINE_FIGURES, LiveFigures
from bulkfhir.engine.figures.totals import EXAMPLES
from bulkfhir.validators import BlockVerdicts, DictionaryColumn, Issue, NewlineColumn, Verdict

ERROR = Issue("error", "value", "a-rule", "Patient.x", "wrong")
WARNING = Issue("warning", "value", "b-rule", "Patient.y", "odd")
UNKNOWN = Issue("error", "value", "resource-type", "", "what is that")


def block(size=3, verdicts=None, failed=(), crashed=(), types=None, **counts):
    """A block of lines of ten bytes each, all of them Patients unless it is said."""
    return BlockVerdicts(
        list(range(size)),
        [11 * line for line in range(size)],
        [11 * line + 10 for line in range(size)],
        types or ["Patient"] * size,
        [f"p{line}" for line in range(size)],
        verdicts or {},
        frozenset(failed),
        frozenset(crashed),
        **counts,
    )


def verdict(*issues):
    return Verdict("Patient", "p", list(issues))


def test_lines_are_accepted_rejected_or_not_judged():
    tally = Tally(4)
    tally.add(block(4, {1: verdict(ERROR), 2: verdict(ERROR)}, failed=[1], crashed=[2]), 0, 0)
    totals = tally.frozen()
    assert (totals.scanned, totals.imported) == (4, 2)
    assert (totals.customer_errors, totals.server_errors) == (1, 1)
    assert totals.imported_bytes == 20
    assert (totals.imported_types, totals.customer_types, totals.server_types) == (
        {"Patient": 2},
        {"Patient": 1},
        {"Patient": 1},
    )


@pytest.mark.parametrize("columns", [False, True], ids=["lists", "buffers"])
def test_columns_as_buffers_count_as_lists_do(columns):
    given = block(3, types=["Patient", "Group", "Patient"])
    if columns:
        word = [memoryview(array("I", column)) for column in (given.starts, given.ends)]
        given = BlockVerdicts(
            given.numbers,
            *word,
            DictionaryColumn.of(given.types),
            NewlineColumn(b"p0\np1\np2\n"),
            {},
            frozenset(),
        )
    tally = Tally(0)
    tally.add(given, 0, 0)
    assert tally.frozen().imported_types == {"Patient": 2, "Group": 1}
    assert tally.frozen().imported_bytes == 30


def test_a_rejected_line_of_no_known_type_counts_under_none():
    tally = Tally(0)
    verdicts = {0: verdict(UNKNOWN), 1: verdict(ERROR)}
    tally.add(block(2, verdicts, failed=[0, 1], types=["Patientt", None]), 0, 0)
    assert tally.frozen().customer_types == {"": 2}
    assert tally.frozen().imported_types == {}


def test_examples_are_the_first_lines_of_each_rule_each_line_once():
    tally = Tally(7)
    for first in (0, 3, 6):
        verdicts = {2: verdict(ERROR, ERROR), 0: verdict(ERROR, WARNING)}
        tally.add(block(3, verdicts, failed=[0, 2]), first, 0)
    totals = tally.frozen()
    assert totals.rules == {"error a-rule": 9, "warning b-rule": 3}
    assert totals.examples["error a-rule"] == ((7, 0), (7, 2), (7, 3))
    assert len(totals.examples["error a-rule"]) == EXAMPLES
    assert totals.examples["warning b-rule"] == ((7, 0), (7, 3), (7, 6))


def test_what_was_not_decided_or_fell_back_and_second_opinions_are_summed():
    tally = Tally(0)
    for _ in range(2):
        tally.add(block(undecided={"vs": 2}, fallbacks={"bundle": 1}), 0, 1)
        tally.add_opinions([("other agrees", 3)])
    totals = tally.frozen()
    assert (totals.undecided, totals.fallbacks) == ({"vs": 4}, {"bundle": 2})
    assert (totals.opinions, totals.search_failures) == ({"other agrees": 6}, 2)


def test_live_figures_are_those_of_the_end():
    tally = Tally(0)
    tally.add(block(3, {0: verdict(ERROR)}, failed=[0]), 0, 1)
    live, totals = tally.live(123), tally.frozen()
    assert live == LiveFigures(
        **{name: getattr(totals, name) for name in LINE_FIGURES}, bytes_read=123
    )
