"""Runner: what the driver asks of any place where tasks run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, Protocol

from .live_counters import LiveCounters

__all__ = ["MOST_ASKED", "Runner"]

MOST_ASKED: Final = 64
"""Questions that are put to workers that cannot be told apart."""


class Runner(Protocol):
    """slots: how many tasks may be in flight; counters: their live figures, None where there is no
    shared memory; apart: a worker that dies takes nothing with it but its own tasks, and is
    replaced by the engine.
    """

    slots: int
    counters: LiveCounters | None
    apart: bool

    def submit(self, slot: int, /, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Run ``function(*arguments, beat)``. What it raises may come as an error of the engine's
        own: the functions of a job raise nothing on an engine.

        Raises BrokenExecutor where the workers have died.
        """
        ...

    def ask(self, function: Callable[..., Any], *arguments: object) -> list[Future[Any]]:
        """Run ``function(*arguments)`` on every worker, as far as the engine tells them apart."""
        ...

    def lost(self, error: BaseException) -> bool:
        """Return whether a task ended with this error because its worker died."""
        ...

    def restart(self) -> bool:
        """Put new workers in place of dead ones; return False where that is not ours to do."""
        ...

    def close(self, *, kill: bool = False) -> None:
        """End: nothing runs any more afterwards; with ``kill`` no task is finished first, where
        that can be helped. May be called twice.
        """
        ...
