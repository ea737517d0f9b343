"""PassingRunner: a runner that stands before another one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .interface import Runner
from .live_counters import LiveCounters

__all__ = ["PassingRunner"]


class PassingRunner:
    """A Runner that hands everything to another one; ``submit`` is its own."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.slots, self.apart = runner.slots, runner.apart
        self.counters: LiveCounters | None = runner.counters

    def ask(self, function: Callable[..., Any], *arguments: object) -> list[Future[Any]]:
        """Run ``function(*arguments)`` on every worker."""
        return self._runner.ask(function, *arguments)

    def lost(self, error: BaseException) -> bool:
        """Return whether a task ended with this error because its worker died."""
        return self._runner.lost(error)

    def restart(self) -> bool:
        """Put new workers in place of dead ones."""
        return self._runner.restart()

    def close(self, *, kill: bool = False) -> None:
        """End the other one."""
        self._runner.close(kill=kill)
