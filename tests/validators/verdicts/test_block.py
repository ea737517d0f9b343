"""The answer to a block: columns, and the older name of one of them."""

from __future__ import annotations

import dataclasses

from bulkfhir.validators.verdicts.block import BlockVerdicts

COLUMNS = ([0], [0], [2], ["Patient"], ["a"], {}, frozenset[int]())


def test_lines_that_fell_back_are_read_and_written_by_the_older_name_too() -> None:
    for verdicts in (
        BlockVerdicts(*COLUMNS, asked={"bundle": 1}),
        BlockVerdicts(*COLUMNS, fallbacks={"bundle": 1}),
    ):
        assert verdicts.asked == verdicts.fallbacks == {"bundle": 1}
        assert dataclasses.replace(verdicts, fallbacks={}).asked == {}


def test_counts_are_empty_where_a_plug_in_says_nothing_of_them() -> None:
    verdicts = BlockVerdicts(*COLUMNS)
    assert (verdicts.crashed, verdicts.undecided, verdicts.fallbacks) == (frozenset(), {}, {})
