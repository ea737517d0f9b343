"""Foreign: any executor of the user's (a thread pool, a process pool, loky, mpi4py)."""

from __future__ import annotations

import concurrent.futures
import importlib
import os
from collections.abc import Callable
from typing import Any

from ..errors import ConfigurationError
from .interface import MOST_ASKED
from .live_counters import Heartbeat, LiveCounters
from .task import run_task

__all__ = ["Foreign", "open_futures"]


class Foreign:
    """A runner on an executor of the user's, which stays the user's to shut down.

    slots   None: as many workers as the executor says it has
    """

    apart = False

    def __init__(self, executor: concurrent.futures.Executor, slots: int | None) -> None:
        self.slots: int = slots or getattr(executor, "_max_workers", None) or os.cpu_count() or 1
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

    def ask(
        self, function: Callable[..., Any], *arguments: object
    ) -> list[concurrent.futures.Future[Any]]:
        """Run ``function(*arguments)`` once for each slot."""
        return [
            self._executor.submit(function, *arguments) for _ in range(min(self.slots, MOST_ASKED))
        ]

    def lost(self, error: BaseException) -> bool:
        """Return whether the executor is broken."""
        return isinstance(error, concurrent.futures.BrokenExecutor)

    def restart(self) -> bool:
        """Return False: dead workers are not replaced here."""
        return False

    def close(self, *, kill: bool = False) -> None:
        """Wait for what runs already: it must not write into a folder that its job has left."""
        for future in self._pending:
            future.cancel()
        concurrent.futures.wait(self._pending)


def open_futures(workers: int | None = None, *, factory: str = "", **options: object) -> Foreign:
    """Return a runner on the executor that ``factory``, ``module:callable``, makes of the options:
    ``concurrent.futures:ThreadPoolExecutor`` with ``max_workers=4``. Whole numbers are numbers.

    Raises ConfigurationError where that is no such thing.
    """
    module, mark, name = factory.partition(":")
    if not (module and mark and name):
        raise ConfigurationError(
            "the executor futures needs the option factory=module:callable, such as "
            "concurrent.futures:ThreadPoolExecutor"
        )
    try:
        make = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{factory}: no executor comes of this: {error}") from None
    numbers = {
        key: int(given) if isinstance(given, str) and given.isdecimal() else given
        for key, given in options.items()
    }
    wanted = numbers.get("max_workers", 1)
    if not (isinstance(wanted, int) and wanted > 0):
        raise ConfigurationError(f"max_workers={wanted}: a whole number from 1 on is needed")
    try:
        executor = make(**numbers)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{key}={value}" for key, value in options.items()) or "no options"
        raise ConfigurationError(f"{factory}: no executor comes of {given}: {error}") from None
    if not isinstance(executor, concurrent.futures.Executor):
        raise ConfigurationError(f"{factory}: this makes no concurrent.futures.Executor")
    return _OwnExecutor(executor, workers)


class _OwnExecutor(Foreign):
    """A runner on an executor that was made for it."""

    def close(self, *, kill: bool = False) -> None:
        """End what runs, and the executor."""
        super().close(kill=kill)
        self._executor.shutdown()
