"""FollowedRunner: the runner of an engine, with what a local pool has by shared memory: figures of
tasks in the making, their log lines, and a stop that they hear of.
"""

from __future__ import annotations

import logging
import threading
import time
from array import array
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from itertools import count
from typing import Any, Final

from ..errors import EngineError
from ..process.logger import LOGGER
from ..process.process_identity import this_process
from .followed_task import Errand, Followed, run_followed
from .interface import Runner
from .live_counters import Cancelled, LiveCounters
from .live_folder import LiveFolder, TaskReport
from .passing_runner import PassingRunner
from .task_log import hand_on

__all__ = ["FollowedRunner"]

_PERIOD: Final = 2.0
"""Seconds between two reports of a task."""
_RATE: Final = 16
"""Reports that are written a second, and read, at the most, by however many tasks: a store is paid
by the request. Thousands of tasks report seldom, but then some end every second.
"""
_PATIENCE: Final = 5.0
"""Seconds that a runner which ends waits for what it reads: a store may not answer."""


class _Flight:
    """A task under way: its number, and how many log lines were heard of each attempt."""

    def __init__(self, number: int) -> None:
        self.number, self.begun = number, time.monotonic()
        self.heard: dict[str, int] = {}


class FollowedRunner(PassingRunner):
    """A Runner that hands everything to the runner of an engine.

    work_folder   of the job, which driver and workers reach alike

    Raises StorageError where nothing can be written there.
    """

    def __init__(
        self, runner: Runner, work_folder: str, encryption_key_id: str | None = None
    ) -> None:
        super().__init__(runner)
        cells = array("q", bytes(8 * LiveCounters.size(runner.slots)))
        self.counters = self._live = LiveCounters(cells)
        self._folder = LiveFolder.open(work_folder, encryption_key_id)
        self._period = max(_PERIOD, runner.slots / _RATE)
        self._level = logging.getLogger(LOGGER).getEffectiveLevel()
        self._driver = this_process()
        self._numbers = count()
        self._flying: dict[int, _Flight] = {}
        self._lock, self._hearing = threading.Lock(), threading.Lock()
        self._closed = threading.Event()
        self._reader = threading.Thread(target=self._read, name="bulkfhir-follow", daemon=True)
        self._reader.start()

    def submit(self, slot: int, /, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Run ``function(*arguments, beat)`` with a heartbeat that is heard here. Of an engine's
        own error, which is no worker's death, comes an EngineError of one sentence.
        """
        flight, future = _Flight(next(self._numbers)), Future[Any]()
        errand = Errand(self._folder, slot, flight.number, self._period, self._level, self._driver)
        inner = self._runner.submit(slot, run_followed, errand, function, *arguments)
        with self._lock:
            self._flying[slot] = flight
        inner.add_done_callback(partial(self._land, slot, flight, future))
        return future

    def close(self, *, kill: bool = False) -> None:
        """End the run: tasks that still work hear of it, each at its next look."""
        if not self._closed.is_set():
            self._closed.set()
            self._folder.close()
            self._reader.join(_PATIENCE)
        super().close(kill=kill)
        if kill:
            self._folder.close()  # what a task wrote that was ended before it could look again

    def _land(self, slot: int, flight: _Flight, future: Future[Any], inner: Future[Any]) -> None:
        """Settle the future of a task that came to an end; nothing shows its figures any more."""
        with self._lock:
            if self._flying.get(slot) is flight:
                del self._flying[slot]
                self._live.clear(slot)
        try:
            followed: Followed = inner.result()
        except Exception as error:  # noqa: BLE001 which errors are deaths the engine's runner says
            future.set_exception(self._said(error))
            return
        try:
            self._hear(flight, followed.report)
        finally:
            if followed.error is None:
                future.set_result(followed.result)
            else:
                future.set_exception(self._meant(followed.error))

    def _said(self, error: Exception) -> Exception:
        if isinstance(error, EngineError) or self._runner.lost(error):
            return error
        lines = f"{type(error).__name__}: {error}".splitlines()
        said = EngineError(f"the executor failed: {lines[0]}; resume the job to go on")
        said.__cause__ = error
        return said

    def _meant(self, error: Exception) -> Exception:
        """Return what a task raised, or what it means that it was told to stop when this run goes
        on: it is no longer this process's.
        """
        if not isinstance(error, Cancelled) or self._closed.is_set():
            return error
        return EngineError(
            f"{self._folder.place} is gone, and the tasks of this run have stopped: another "
            "process goes on with the job, or something else has deleted it; resume the job to "
            "go on"
        )

    def _read(self) -> None:
        """Read the reports of the tasks that have had the time to write one, slot by slot."""
        while not self._closed.wait(self._period):
            due = time.monotonic() - self._period
            with self._lock:
                flights = [one for one in self._flying.items() if one[1].begun < due]
            for slot, flight in flights:
                if self._closed.is_set():
                    return
                report = self._folder.report(slot)
                if report is None or report.task != flight.number:
                    continue  # what an earlier task of this slot has left
                with self._lock:
                    if self._flying.get(slot) is flight:
                        self._live.show(slot, report.figures)
                self._hear(flight, report)

    def _hear(self, flight: _Flight, report: TaskReport) -> None:
        """Hand the log lines on that are new."""
        with self._hearing:
            heard = flight.heard.get(report.attempt, 0)
            new, flight.heard[report.attempt] = report.lines[heard:], len(report.lines)
            hand_on(new, flight.number, report.host, report.process)
