"""Followed task: what runs in the worker of an engine in place of a task: the task itself, whose
figures and log lines are written down now and then, and which stops when its run has.
"""

from __future__ import annotations

import os
import platform
import secrets
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import StorageError
from ..process.process_identity import this_process
from .live_counters import Heartbeat, LiveCounters
from .live_folder import LiveFolder, TaskReport
from .task import run_task
from .task_log import TaskLog, collected

__all__ = ["Errand", "Followed", "run_followed"]

_PATIENCE = 5.0
"""Seconds that a task which has ended waits for its last report: a store may not answer."""


@dataclass(frozen=True, slots=True)
class Errand:
    """The orders of a task beside its work.

    task    its number in the run
    period  seconds between two looks at the folder
    level   of what it is to log
    driver  identity of the process whose handlers its log lines are for
    """

    folder: LiveFolder
    slot: int
    task: int
    period: float
    level: int
    driver: str


@dataclass(frozen=True, slots=True)
class Followed:
    """The outcome of a task: its result, or what it raised; and its last report.

    The error is a value, since engines wrap what is raised in errors of their own.
    """

    result: Any
    error: Exception | None
    report: TaskReport


def run_followed(errand: Errand, function: Callable[..., Any], *arguments: Any) -> Followed:
    """Do a task, the last of whose arguments is the heartbeat of an engine, which shows nothing:
    it gets another one.
    """
    *given, _ = arguments
    following = _Following(errand)
    result, error = None, None
    with following.log_lines():
        following.start()
        try:
            result = run_task(function, *given, Heartbeat(following.counters, 0))
        except Exception as raised:  # noqa: BLE001 it is raised again where the job is
            error = raised
        finally:
            following.end()
    return Followed(result, error, following.report())


class _Following:
    """A thread beside the task, which waits for the store in its place.

    A task that is shorter than a period asks the store for nothing.
    """

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self.counters = LiveCounters([0] * LiveCounters.size(1))
        self._log = TaskLog()
        self._attempt = secrets.token_hex(4)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="bulkfhir-live", daemon=True)

    def log_lines(self) -> Any:
        """Return what holds while the log is collected: nothing in the driver's own process."""
        if self._errand.driver == this_process():
            return nullcontext()
        return collected(self._log, self._errand.level)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Write nothing from now on."""
        self._ended.set()
        self._thread.join(_PATIENCE)

    def report(self) -> TaskReport:
        """Return where the task stands."""
        return TaskReport(
            self._errand.task,
            self._attempt,
            platform.node(),
            os.getpid(),
            self.counters.sums(),
            self._log.lines,
            self._log.dropped,
        )

    def _follow(self) -> None:
        folder, written = self._errand.folder, None
        while not self._ended.wait(self._errand.period):
            if not folder.is_open():
                self.counters.stop()
                break
            if (report := self.report()) != written:
                with suppress(StorageError):  # a later one may be written: the task goes on
                    folder.put(self._errand.slot, report)
                    written = report
        if written is not None and not folder.is_open():
            folder.close()  # it may have been written after all was removed
