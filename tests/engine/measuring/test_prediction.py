"""The prediction: what is known of a sample, beside costs that are known of the whole."""

from __future__ import annotations

import random

import pytest

from bulkfhir.engine.measuring.prediction import Measured, predict
from bulkfhir.engine.measuring.sample import draw
from bulkfhir.engine.measuring.watched_work import Spent
from bulkfhir.engine.reading.sources import InputFile

MB = 1 << 20


def inputs(**sizes):
    return [
        InputFile(name, f"/nowhere/{name}.ndjson", size * MB, "", name, None)
        for name, size in sizes.items()
    ]


def measured(sample, rate, *, once=0.0, publishing=None, outside=0.0):
    """What the ranges took where a byte at a place costs ``rate(file, place)`` seconds, and the
    first range of all ``once`` more; a line has a hundred bytes.
    """

    def cost(drawn):
        seconds = rate(drawn.shard.file, drawn.shard.start) * drawn.size
        return {"accept": Spent(seconds, seconds)}

    before = [cost(drawn) for drawn in sample.before]
    if before:
        before[0]["accept"] += Spent(once, once)
    return Measured(
        [cost(drawn) for drawn in sample.measured],
        before,
        [round(drawn.size / 100) for drawn in sample.measured],
        [{"commit": Spent(0.01, 0.002)}] * 3,
        publishing or {},
        outside,
    )


def test_one_rate_everywhere_is_foretold_without_spread():
    sample = draw(inputs(a=500, b=40), 0.02, 1)
    found = predict(sample, measured(sample, lambda *_: 1e-7), groups=0)
    assert found.cpu == pytest.approx(540 * MB * 1e-7)
    assert found.spread == pytest.approx(0, abs=1e-9)
    assert found.lines == pytest.approx(5.4 * MB, rel=0.001)


def test_each_stratum_has_a_rate_of_its_own():
    sample = draw(inputs(a=500, b=500), 0.02, 1)
    found = predict(sample, measured(sample, lambda file, _: (1e-7, 9e-7)[file]), groups=0)
    assert found.cpu == pytest.approx(500 * MB * 10e-7)


def test_what_is_met_for_the_first_time_is_paid_once():
    sample = draw(inputs(a=500), 0.02, 1)
    found = predict(sample, measured(sample, lambda *_: 1e-7, once=3.0, outside=0.5), groups=0)
    assert found.first == pytest.approx(3.0)
    assert found.start == pytest.approx(3.5)
    assert found.cpu == pytest.approx(500 * MB * 1e-7 + 3.5)


def test_parts_are_paid_by_the_group_and_logs_by_the_line_or_the_file():
    sample = draw(inputs(a=800), 0.02, 1)
    publishing = {"publish": Spent(0.1, 0.1), "place": Spent(0.2, 0.2)}
    found = predict(sample, measured(sample, lambda *_: 0.0, publishing=publishing), groups=100)
    assert found.stages["commit"].cpu == pytest.approx(0.2)
    assert found.stages["place"].cpu == pytest.approx(0.2)
    assert found.stages["publish"].cpu == pytest.approx(0.1 * 50, rel=0.02)


def test_a_stratum_that_was_measured_whole_costs_what_it_took():
    sample = draw(inputs(a=2, b=1), 0.01, 1)
    found = predict(sample, measured(sample, lambda file, _: (1e-7, 2e-7)[file]), groups=0)
    assert found.cpu == pytest.approx((2e-7 + 2e-7) * MB)
    assert found.spread == 0


def test_wall_time_is_shared_among_workers_but_for_the_start():
    sample = draw(inputs(a=500), 0.02, 1)
    found = predict(sample, measured(sample, lambda *_: 1e-7, outside=2.0), groups=0)
    work = found.wall(1) - 2.0
    assert found.wall(4) == pytest.approx(2.0 + work / 4)


def test_nearly_all_samples_lie_within_the_spread_that_they_state():
    """Costs differ fivefold from megabyte to megabyte."""
    chance = random.Random(5)
    rates = [chance.choice((1e-7, 2e-7, 5e-7)) for _ in range(801)]
    whole = sum(rates) * MB
    hits = 0
    for seed in range(100):
        sample = draw(inputs(a=800), 0.05, seed)
        found = predict(sample, measured(sample, lambda _, place: rates[place // MB]), groups=0)
        hits += abs(found.cpu - whole) <= found.spread
    assert hits >= 85


def test_of_nothing_nothing_is_foretold():
    sample = draw(inputs(a=0), 0.01, 1)
    assert predict(sample, Measured([{}], [], [0], [], {}, 0.0), groups=1).cpu == 0
