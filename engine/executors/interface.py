"""Runner: what the driver asks of any place where tasks run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from .live_counters import LiveCounters

__all__ = ["Runner"]


class Runner(Protocol):
    """slots: how many tasks may be in flight; counters: their live figures, None where there is no
    shared memory.
    """

    slots: int
    counters: LiveCounters | None

    def submit(self, slot: int, /, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Run ``function(*arguments, beat)``.

        Raises BrokenExecutor where the workers have died.
        """
        ...

    def restart(self) -> bool:
        """Put new workers in place of dead ones; return False where that is not ours to do."""
        ...

    def close(self, *, kill: bool = False) -> None:
        """End: nothing runs any more afterwards; with ``kill`` no task is finished first, where
        that can be helped. May be called twice.
        """
        ...
