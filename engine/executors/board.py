"""Board: the figures of shards in the making, in shared memory that no lock guards and no killed
worker can block.
"""

from __future__ import annotations

from collections.abc import MutableSequence

__all__ = ["FIGURES", "Beat", "Board", "Cancelled"]

FIGURES = 5
"""scanned, imported, customer errors, server errors, bytes read."""


class Cancelled(Exception):
    """The job is to stop; raised in the worker between two lines."""


class Board:
    """One row of figures for every slot, and one cell that tells all workers to stop.

    Only a slot's worker writes its row.
    """

    def __init__(self, cells: MutableSequence[int]) -> None:
        self.cells = cells

    @staticmethod
    def size(slots: int) -> int:
        """How many cells a board needs."""
        return 1 + slots * FIGURES

    def stop(self) -> None:
        self.cells[0] = 1

    def clear(self, slot: int) -> None:
        for cell in range(1 + slot * FIGURES, 1 + (slot + 1) * FIGURES):
            self.cells[cell] = 0

    def sums(self) -> tuple[int, ...]:
        """Each figure, summed over all slots."""
        return tuple(sum(self.cells[1 + figure :: FIGURES]) for figure in range(FIGURES))


class Beat:
    """What a worker calls between blocks and lines: shows its figures and learns of a cancelled
    job.

    Without a board it does nothing.
    """

    def __init__(self, board: Board | None = None, slot: int = 0) -> None:
        self._cells = board.cells if board else None
        self._first = 1 + slot * FIGURES

    def __call__(
        self, scanned: int, imported: int, customer_errors: int, server_errors: int, size: int
    ) -> None:
        self.check()
        cells = self._cells
        if cells is None:
            return
        for cell, figure in enumerate(
            (scanned, imported, customer_errors, server_errors, size), self._first
        ):
            cells[cell] = figure

    def check(self) -> None:
        """Raise Cancelled where the job is to stop."""
        if self._cells is not None and self._cells[0]:
            raise Cancelled
