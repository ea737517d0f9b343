"""Foreign: any executor of the user's (Dask, a thread pool, a process pool).

Figures arrive when a task is done.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Any

from .live_counters import Heartbeat, LiveCounters
from .task import run_task

__all__ = ["Foreign"]


class Foreign:
    """A runner on an executor of the user's, which stays the user's to shut down."""

    def __init__(self, executor: concurrent.futures.Executor, slots: int) -> None:
        self.slots = slots
        self.counters: LiveCounters | None = None
        self._executor = executor
        self._pending: list[concurrent.futures.Future[Any]] = []

    def submit(
        self, _slot: int, /, function: Callable[..., Any], *arguments: object
    ) -> concurrent.futures.Future[Any]:
        """Run ``function(*arguments, beat)``; the heartbeat shows nothing, since no memory is
        shared.
        """
        future = self._executor.submit(run_task, function, *arguments, Heartbeat())
        self._pending = [earlier for earlier in self._pending if not earlier.done()] + [future]
        return future

    def restart(self) -> bool:
        """Return False: dead workers are not replaced here."""
        return False

    def close(self, *, kill: bool = False) -> None:
        """Wait for what runs already: it must not write into a folder that its job has left."""
        for future in self._pending:
            future.cancel()
        concurrent.futures.wait(self._pending)
