"""The stopwatch of a task: every moment belongs to one stage."""

from __future__ import annotations

import itertools
import os
import time

import pytest

from bulkfhir.engine.executors import Cancelled, Heartbeat, LiveCounters
from bulkfhir.engine.figures.job_figures import LiveFigures
from bulkfhir.engine.measuring import watched_work
from bulkfhir.engine.measuring.watched_work import Spent, WatchedBeat, watched
from bulkfhir.validators import Block
from bulkfhir.validators.verdicts.block import NO_FAST_PATH, OneByOne
from bulkfhir.validators.verdicts.issue import Verdict


def counted(size=1):
    return LiveCounters([0] * LiveCounters.size(size))


def test_stages_add_up_to_the_time_between_making_and_stopping(monkeypatch):
    seconds = itertools.count()  # each look at the clock is a second after the one before
    monkeypatch.setattr(watched_work, "_now", lambda: (next(seconds) * 10**9, 0))
    watch = WatchedBeat(Heartbeat(), "start")
    for stage in ("read", "accept", "explain a", "write", "read"):
        watch.turn(stage)
    times = watch.stop()
    assert set(times.stages) == {"start", "read", "accept", "explain a", "write"}
    assert sum(spent.wall for spent in times.stages.values()) == pytest.approx(times.wall)
    assert (times.stages["read"].wall, times.stages["accept"].wall) == (2, 1)
    assert times.process == os.getpid()
    assert times.memory > 1 << 20


def test_turning_answers_the_stage_before_so_that_a_stage_within_another_ends_in_it():
    watch = WatchedBeat(Heartbeat(), "decompress")
    before = watch.turn("read")
    assert before == "decompress"
    assert watch.turn(before) == "read"


def test_sleeping_is_wall_time_and_no_cpu_time():
    watch = WatchedBeat(Heartbeat(), "read")
    time.sleep(0.05)
    spent = watch.stop().stages["read"]
    assert spent.wall >= 0.05
    assert spent.cpu < spent.wall / 2


def test_a_reason_of_explaining_is_a_stage_of_its_own():
    watch = WatchedBeat(Heartbeat(), "accept")
    watch.explaining("narrative")
    watch.explaining("code")
    assert {"explain narrative", "explain code"} <= set(watch.stop().stages)


def test_figures_and_cancelling_pass_through():
    counters = counted()
    watch = WatchedBeat(Heartbeat(counters, 0), "read")
    watch(LiveFigures(scanned=7))
    assert counters.sums().scanned == 7
    counters.stop()
    with pytest.raises(Cancelled):
        watch.check()


def test_a_task_is_handed_a_heartbeat_that_measures_and_its_result_comes_back():
    def task(value, beat):
        beat.turn("write")
        return value * 2

    done = watched(task, 21, Heartbeat())
    assert done.result == 42
    assert set(done.times.stages) == {"publish", "write"}


def test_a_heartbeat_that_nobody_measures_by_holds_no_time():
    beat = Heartbeat()
    assert beat.turn("read") == "read"
    assert beat.explaining is None


def test_a_validator_without_a_fast_path_says_so_once_a_block():
    class Patient:
        def validate(self, line):
            return Verdict("Patient", "a", [])

    said = []
    OneByOne(Patient()).validate_block(Block(b"{}\n{}\n", explaining=said.append))
    assert said == [NO_FAST_PATH]


def test_what_was_spent_adds_up():
    assert Spent(1, 2) + Spent(3, 4) == Spent(4, 6)
