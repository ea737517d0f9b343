"""LiveCounters: the figures of shards in the making, in shared memory that no lock guards and no
killed worker can block.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from dataclasses import fields
from operator import attrgetter

from ..figures.job_figures import LiveFigures

__all__ = ["Cancelled", "Heartbeat", "LiveCounters"]

_NAMES = tuple(item.name for item in fields(LiveFigures))
_WIDTH = len(_NAMES)
_row = attrgetter(*_NAMES)


class Cancelled(Exception):
    """The job is to stop; raised in the worker between two lines."""


class LiveCounters:
    """A row of LiveFigures for every slot, and one cell that tells all workers to stop.

    Only a slot's worker writes its row. ``cells`` are 64-bit integers.
    """

    def __init__(self, cells: MutableSequence[int]) -> None:
        self.cells = cells

    @staticmethod
    def size(slots: int) -> int:
        """Return how many cells are needed."""
        return 1 + slots * _WIDTH

    def stop(self) -> None:
        """Tell every worker to stop at its next heartbeat."""
        self.cells[0] = 1

    def clear(self, slot: int) -> None:
        """Set a slot's row to zeros: its shard is finished, or gone."""
        self.show(slot, LiveFigures())

    def show(self, slot: int, figures: LiveFigures) -> None:
        """Write a slot's row."""
        for cell, figure in enumerate(_row(figures), 1 + slot * _WIDTH):
            self.cells[cell] = figure

    def sums(self) -> LiveFigures:
        """Return each figure, summed over all slots."""
        return LiveFigures(*(sum(self.cells[1 + place :: _WIDTH]) for place in range(_WIDTH)))


class Heartbeat:
    """A worker calls it between blocks and lines: it shows the shard's figures and learns of a
    cancelled job. Whoever measures learns of it what the worker's time goes into.

    Without counters it does nothing.

    explaining   called with the reason before each line that the fast path hands to the slow one;
                 None: nobody measures
    """

    explaining: Callable[[str], None] | None = None

    def __init__(self, counters: LiveCounters | None = None, slot: int = 0) -> None:
        self._counters, self._slot = counters, slot

    def __call__(self, figures: LiveFigures | None = None) -> None:
        """Show figures, or none where nothing is counted; raise Cancelled where the job is to
        stop.
        """
        self.check()
        if self._counters is not None and figures is not None:
            self._counters.show(self._slot, figures)

    def check(self) -> None:
        """Raise Cancelled where the job is to stop."""
        if self._counters is not None and self._counters.cells[0]:
            raise Cancelled

    def begin(self, shard: int) -> None:
        """Say that the worker's time goes into this shard from now on, its start first."""

    def turn(self, stage: str) -> str:
        """Say into which stage of ``stages`` the worker's time goes from now on; return the one
        before. Here nobody measures.
        """
        return stage
