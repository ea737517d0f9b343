"""WatchedWork: what runs in a worker in place of a task that is measured: the task itself, with a
heartbeat that has a stopwatch.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..executors import Heartbeat
from ..figures.job_figures import LiveFigures
from ..figures.stages import COMMIT, EXPLAIN, PUBLISH, START

__all__ = ["NO_SHARD", "Spent", "TaskTimes", "Watched", "WatchedBeat", "peak_memory", "watched"]

NO_SHARD: Final = -1
"""In place of a shard's number: time that goes into a whole group, or into publishing."""

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which getrusage(2) counts memory."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of wall time and of CPU time; ``a + b`` adds them up."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall + other.wall, self.cpu + other.cpu)


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """The time that one task took in its worker.

    shards   number of a shard -> stage -> what was spent on it there; NO_SHARD for what is of none
    wall     seconds from the task's begin to its end
    memory   bytes that the worker's process has held at the most until then
    process  number of that process
    """

    shards: dict[int, dict[str, Spent]]
    wall: float
    memory: int
    process: int

    @property
    def stages(self) -> dict[str, Spent]:
        """Return stage -> what was spent on it; ``explain REASON`` for every reason of its own."""
        sums: dict[str, Spent] = {}
        for stages in self.shards.values():
            for name, spent in stages.items():
                sums[name] = sums.get(name, Spent()) + spent
        return sums


@dataclass(frozen=True, slots=True)
class Watched:
    """The outcome of a task, and its cost."""

    result: Any
    times: TaskTimes


class WatchedBeat(Heartbeat):
    """A heartbeat that also says how long each stage takes. Every moment between its making and its
    ``stop`` belongs to one stage.
    """

    def __init__(self, beat: Heartbeat, stage: str) -> None:
        super().__init__()
        self._beat = beat
        self._stage = stage
        self._shard = NO_SHARD
        self._spent: dict[int, dict[str, list[int]]] = {}
        self._wall, self._cpu = self._begun, _ = _now()
        self.explaining = self._explain

    def __call__(self, figures: LiveFigures | None = None) -> None:
        """Show figures by the heartbeat that is watched."""
        self._beat(figures)

    def check(self) -> None:
        """Raise Cancelled where the job is to stop."""
        self._beat.check()

    def begin(self, shard: int) -> None:
        """Give the time until now to the shard before."""
        self.turn(START)
        self._shard = shard

    def turn(self, stage: str) -> str:
        """Give the time until now to the stage before, and return that. What is committed is of the
        whole group.
        """
        wall, cpu = _now()
        before = self._stage
        spent = self._spent.setdefault(self._shard, {}).setdefault(before, [0, 0])
        spent[0] += wall - self._wall
        spent[1] += cpu - self._cpu
        self._stage, self._wall, self._cpu = stage, wall, cpu
        if stage == COMMIT:
            self._shard = NO_SHARD
        return before

    def stop(self) -> TaskTimes:
        """Return what the task took until now."""
        self.turn(self._stage)
        shards = {
            number: {name: Spent(wall / 1e9, cpu / 1e9) for name, (wall, cpu) in stages.items()}
            for number, stages in self._spent.items()
        }
        return TaskTimes(shards, (self._wall - self._begun) / 1e9, peak_memory(), os.getpid())

    def _explain(self, reason: str) -> None:
        self.turn(f"{EXPLAIN} {reason}")


def watched(function: Callable[..., Any], *arguments: Any) -> Watched:
    """Do a task, the last of whose arguments is its heartbeat, and return what it took. What the
    task raises passes through.
    """
    *given, beat = arguments
    watch = WatchedBeat(beat, PUBLISH)
    return Watched(function(*given, watch), watch.stop())


def peak_memory() -> int:
    """Return the bytes that this process has held at the most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


def _now() -> tuple[int, int]:
    """Return nanoseconds of wall time, and of CPU time of this thread."""
    return time.perf_counter_ns(), time.thread_time_ns()
