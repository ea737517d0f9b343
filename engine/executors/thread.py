"""InThread: one worker inside this process.

The caller's own thread stays free for progress, cancelling and Ctrl-C.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from .board import Beat, Board
from .task import run_task

__all__ = ["InThread"]


class InThread:
    slots = 1

    def __init__(self) -> None:
        self.board: Board | None = Board(array("q", bytes(8 * Board.size(1))))
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="bulkfhir")

    def submit(self, slot: int, /, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        return self._executor.submit(run_task, function, *arguments, Beat(self.board, slot))

    def restart(self) -> bool:
        return False

    def close(self, *, kill: bool = False) -> None:
        if self.board and kill:
            self.board.stop()  # a thread cannot be killed: it stops at its next block
        self._executor.shutdown(wait=True, cancel_futures=True)
