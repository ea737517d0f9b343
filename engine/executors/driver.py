"""Driver: keeps every slot of a runner busy, and loses nothing when a worker dies."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from typing import Any

from ..errors import EngineError
from .interface import Runner
from .task import Task, TaskFailure

__all__ = ["KILLS", "no_tick", "run_all"]

KILLS = 3
"""How often a task may kill its worker, alone in the pool, before it is given up."""

_TICK = 0.1
"""Seconds between two looks at progress and cancelling."""

_log = logging.getLogger("bulkfhir.engine")


def no_tick() -> None:
    """Go on: nobody asks this run to stop but by a signal, and nobody is told how far it is."""


def run_all(
    runner: Runner, tasks: Iterable[Task], tick: Callable[[], None]
) -> Iterator[tuple[Task, Any]]:
    """Yield (task, result or TaskFailure) of every task, in the order in which they finish.

    ``tick`` is called several times a second and may raise.

    When a worker dies, all tasks in flight are suspects: each is run again alone, so that the next
    death names the guilty one. What a task raises on purpose (EngineError, Cancelled) is raised
    here.
    """
    return _Run(runner, tasks, tick).results()


class _Run:
    def __init__(self, runner: Runner, tasks: Iterable[Task], tick: Callable[[], None]) -> None:
        self._runner, self._tick = runner, tick
        self._waiting = iter(tasks)
        self._suspects: deque[Task] = deque()
        self._kills: dict[Any, int] = {}
        self._flying: dict[Future[Any], tuple[Task, int]] = {}
        self._free = list(range(runner.slots))

    def results(self) -> Iterator[tuple[Task, Any]]:
        while self._fill():
            done, _ = wait(self._flying, timeout=_TICK, return_when=FIRST_COMPLETED)
            self._tick()
            broken: list[Task] = []
            for future in done:
                task, slot = self._flying.pop(future)
                try:
                    result = future.result()
                except Exception as error:
                    self._release(slot)
                    if not self._runner.lost(error):
                        raise
                    broken.append(task)
                    continue
                self._release(slot)
                yield task, result
            if broken:
                yield from self._again(broken) if self._runner.apart else self._recover(broken)

    def _fill(self) -> bool:
        """Gives tasks to free slots: suspects alone, all others side by side.

        False when nothing is left to wait for.
        """
        while self._free and not self._isolating():
            task = self._suspects.popleft() if self._suspects else next(self._waiting, None)
            if task is None or not self._launch(task):
                break
        return bool(self._flying)

    def _isolating(self) -> bool:
        """Return whether what is in flight must be left alone: a suspect runs, or one waits for the
        others to land.
        """
        return (
            bool(self._flying)
            and not self._runner.apart
            and (
                bool(self._suspects)
                or any(task.key in self._kills for task, _ in self._flying.values())
            )
        )

    def _launch(self, task: Task) -> bool:
        slot = self._free.pop()
        try:
            future = self._runner.submit(slot, task.function, *task.arguments)
        except (
            BrokenExecutor
        ):  # a worker died between two tasks: this one is innocent, but goes the suspects' way
            future = Future()
            future.set_exception(BrokenExecutor())
            self._flying[future] = (task, slot)
            return False
        self._flying[future] = (task, slot)
        return True

    def _release(self, slot: int) -> None:
        self._free.append(slot)
        if self._runner.counters:
            self._runner.counters.clear(slot)

    def _again(self, lost: list[Task]) -> Iterator[tuple[Task, Any]]:
        """After deaths where workers stand apart: each names its own task, which is tried again.

        Gives up a task that has been lost too often.
        """
        for task in lost:
            losses = self._kills[task.key] = self._kills.get(task.key, 0) + 1
            if losses >= KILLS:
                yield task, TaskFailure(f"its worker was lost {losses} times")
            else:
                _log.warning("a worker was lost; its task is tried again")
                self._suspects.append(task)

    def _recover(self, broken: list[Task]) -> Iterator[tuple[Task, Any]]:
        """After a death: new workers, and the suspects in line.

        Gives up a task that has killed too often.
        """
        wait(self._flying)  # a broken pool fails all that it held; what had finished still counts
        for future, (task, slot) in list(self._flying.items()):
            self._release(slot)
            if future.exception() is None:
                yield task, future.result()
            else:
                broken.append(task)
        self._flying.clear()
        if not self._runner.restart():
            raise EngineError(
                "the executor's workers have died and it cannot be restarted from here; resume "
                "the job to go on"
            )
        _log.warning(
            "a worker process died; %d shard%s will be run again",
            len(broken),
            "s" if len(broken) > 1 else "",
        )
        guilty = broken[0] if len(broken) == 1 else None
        for task in broken:
            kills = self._kills[task.key] = self._kills.get(task.key, 0) + (task is guilty)
            if kills >= KILLS:
                yield task, TaskFailure(f"the worker process died {kills} times")
            else:
                self._suspects.append(task)
