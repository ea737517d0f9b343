"""InThread: one worker inside this process.

The caller's own thread stays free for progress, cancelling and Ctrl-C.
"""

from __future__ import annotations

import queue
import threading
from array import array
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .live_counters import Heartbeat, LiveCounters
from .task import run_task

__all__ = ["InThread"]

_Call = tuple[Future[Any], Callable[..., Any], tuple[object, ...]]


class InThread:
    """A runner of one slot.

    patience    seconds that a killed worker gets to come to the end of its line; None: as long as
                that takes. A worker that does not get there is left behind, and ends with the
                process: only for a process that ends with its job.
    """

    slots = 1
    apart = False

    def __init__(self, patience: float | None = None) -> None:
        cells = array("q", bytes(8 * LiveCounters.size(1)))
        self.counters: LiveCounters | None = LiveCounters(cells)
        self._patience = patience
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        # A daemon, since a pool's threads are waited for when the interpreter ends.
        self._thread = threading.Thread(target=self._work, name="bulkfhir_0", daemon=True)
        self._thread.start()

    def submit(self, slot: int, /, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Run ``function(*arguments, beat)`` in the worker of a slot."""
        future: Future[Any] = Future()
        self._calls.put((future, run_task, (function, *arguments, Heartbeat(self.counters, slot))))
        return future

    def ask(self, function: Callable[..., Any], *arguments: object) -> list[Future[Any]]:
        """Run ``function(*arguments)`` in the worker."""
        future: Future[Any] = Future()
        self._calls.put((future, function, arguments))
        return [future]

    def lost(self, error: BaseException) -> bool:
        """Return False: a thread dies with its process."""
        return False

    def restart(self) -> bool:
        """Return False: dead workers are not replaced here."""
        return False

    def close(self, *, kill: bool = False) -> None:
        """End the workers; with ``kill`` at once. May be called twice."""
        if self.counters and kill:
            self.counters.stop()  # a thread cannot be killed: it stops before its next line
        self._calls.put(None)
        self._thread.join(self._patience if kill else None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            future, function, arguments = call
            try:
                future.set_result(function(*arguments))
            except BaseException as error:  # noqa: BLE001  # it is the caller's, who asks the future
                future.set_exception(error)
