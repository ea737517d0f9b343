"""What to mend first: the causes that make most lines whole, for each of them."""

from __future__ import annotations

from bulkfhir.engine.across.mending import mending_order


def test_the_cause_that_makes_most_lines_whole_comes_first_not_the_one_in_most_lines():
    sets = [((1, 2), 60), ((3,), 50), ((1, 4), 30)]
    assert mending_order(sets, 140)[0] == (3, 50)


def test_causes_that_stand_together_are_mended_together():
    assert mending_order([((1, 2), 100)], 100) == [(1, 0), (2, 100)]


def test_lines_are_counted_that_earlier_causes_left_with_one():
    assert mending_order([((1,), 50), ((1, 2), 40), ((3,), 10)], 100) == [
        (1, 50),
        (2, 90),
        (3, 100),
    ]


def test_nothing_more_is_named_once_ninety_nine_per_cent_pass():
    assert mending_order([((1,), 990), ((2,), 10)], 1000) == [(1, 990)]


def test_what_mends_a_single_line_is_no_advice():
    assert mending_order([((1,), 5), ((2,), 1), ((3,), 1)], 7) == [(1, 5)]


def test_lines_whose_causes_are_not_told_count_as_not_mended():
    assert mending_order([((1,), 50)], 100) == [(1, 50)]


def test_no_lines_have_nothing_to_mend():
    assert mending_order([], 0) == []
