"""Shares: how things in a row are cut, and what the variables of schedulers mean."""

from __future__ import annotations

import random

import pytest

from bulkfhir.engine import ConfigurationError
from bulkfhir.engine.arrays import Share


def cut(weights, count):
    return [Share(number, count).cut(weights) for number in range(count)]


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_all_things_in_a_row_and_none_is_empty(seed):
    chance = random.Random(seed)
    weights = [chance.choice([1, 5, 100, 100_000]) for _ in range(chance.randint(1, 60))]
    count = chance.randint(1, len(weights))
    shares = cut(weights, count)
    assert [number for share in shares for number in share] == list(range(len(weights)))
    assert all(shares)


def test_a_share_weighs_a_fair_part_and_one_thing_more_at_the_most():
    chance = random.Random(7)
    weights = [chance.randint(1, 100) for _ in range(5_000)]
    for share in cut(weights, 16):
        assert abs(sum(weights[share.start : share.stop]) - sum(weights) / 16) <= 100


def test_more_shares_than_things_leave_the_last_ones_empty():
    assert list(map(len, cut([9, 9, 9], 5))) == [1, 1, 1, 0, 0]


def test_one_thing_that_outweighs_all_others_is_a_share_of_its_own():
    assert list(map(len, cut([1, 1_000_000, 1, 1], 4))) == [1, 1, 1, 1]


def test_nothing_is_cut_into_nothing():
    assert list(map(len, cut([], 2))) == [0, 0]


@pytest.mark.parametrize(
    ("environment", "count", "share"),
    [
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "4", "AWS_BATCH_JOB_ARRAY_SIZE": "9"}, None, Share(4, 9)),
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "4"}, 5, Share(4, 5)),
        ({"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "3"}, None, Share(0, 3)),
        (
            {
                "SLURM_ARRAY_TASK_ID": "9",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "5",
                "SLURM_ARRAY_TASK_STEP": "2",
            },
            None,
            Share(2, 3),
        ),
        ({"JOB_COMPLETION_INDEX": "1"}, 2, Share(1, 2)),
        ({}, None, None),
    ],
    ids=["batch", "batch[no-size]", "slurm", "slurm[5,7,9]", "kubernetes", "none"],
)
def test_a_scheduler_says_which_share(environment, count, share):
    assert Share.of_scheduler(environment, count) == share


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"JOB_COMPLETION_INDEX": "1"}, "not how many"),
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "x", "AWS_BATCH_JOB_ARRAY_SIZE": "9"}, "whole number"),
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "9", "AWS_BATCH_JOB_ARRAY_SIZE": "9"}, "count from 0"),
    ],
    ids=["no-count", "no-number", "beyond"],
)
def test_a_scheduler_that_says_too_little_is_refused(environment, says):
    with pytest.raises(ConfigurationError, match=says):
        Share.of_scheduler(environment, None)


@pytest.mark.parametrize(
    "text", ["", "1", "1/", "/2", "-1/2", "2/2", "1/0", "a/b", "1/2/3", "\u0661/\u0662"]
)
def test_a_share_is_a_number_below_another(text):
    with pytest.raises(ConfigurationError):
        Share.of(text)
