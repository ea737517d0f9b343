"""WatchedRunner: a runner between a job and its workers that keeps what every task took."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..executors import Runner
from ..executors.passing_runner import PassingRunner
from ..sharding.shard import Shard
from .watched_work import TaskTimes, Watched, watched

__all__ = ["DoneTask", "WatchedRunner"]


@dataclass(frozen=True, slots=True)
class DoneTask:
    """A task that came to its end.

    group    number of the group of shards that it did; None: it is a step of publishing
    lines    shard -> resources that it has
    flight   seconds between its handing over to a slot and its result's coming back
    """

    slot: int
    group: int | None
    lines: Mapping[int, int]
    flight: float
    times: TaskTimes


class WatchedRunner(PassingRunner):
    """A Runner that hands everything to another one. A task that fails is kept nowhere, since
    nothing says what it took.

    kept         its workers go on living when the job has come to its end
    done         the tasks so far
    publishing   when the first step of publishing was handed over, by the clock of this process;
                 None: not yet
    """

    def __init__(self, runner: Runner, *, kept: bool = False) -> None:
        super().__init__(runner)
        self._kept = kept
        self.done: list[DoneTask] = []
        self.publishing: float | None = None

    def submit(self, slot: int, /, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Run ``function(*arguments, beat)`` with a stopwatch."""
        handed, result = time.perf_counter(), Future[Any]()
        group = _group_of(arguments)
        if group is None and self.publishing is None:
            self.publishing = handed

        def settle(inner: Future[Any]) -> None:
            error = inner.exception()
            if error is not None:
                result.set_exception(error)
                return
            value = inner.result()
            if isinstance(value, Watched):
                flight, times, value = time.perf_counter() - handed, value.times, value.result
                shards = () if group is None else value
                lines = {one.index: one.totals.scanned for one in shards}
                self.done.append(DoneTask(slot, group, lines, flight, times))
            result.set_result(value)

        self._runner.submit(slot, watched, function, *arguments).add_done_callback(settle)
        return result

    def close(self, *, kill: bool = False) -> None:
        """End the runner that is watched, unless it is kept and no failure ends it."""
        if kill or not self._kept:
            super().close(kill=kill)


def _group_of(arguments: tuple[object, ...]) -> int | None:
    """Return the number of the group that is among the arguments of a task."""
    for argument in arguments:
        if isinstance(argument, tuple) and argument and isinstance(argument[0], Shard):
            return argument[0].index
    return None
