"""Flood: of a record that comes again and again, the log has the first ones and then a number."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

__all__ = ["FloodFilter"]

_SHOWN: Final = 5
_SECONDS: Final = 60.0
"""Records that are alike are shown so often in so many seconds."""
_KINDS: Final = 1_000
"""Records that are told apart at the most; beyond, what was counted is forgotten."""


class FloodFilter(logging.Filter):
    """Lets the first records of one text pass in each minute; the first of the next minute says how
    many were left out. Answers to requests that were carried out always pass.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._counts: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is shown."""
        if getattr(record, "status", None) == 200:
            return True
        key = (record.name, record.getMessage())
        now = self._clock()
        began, count = self._counts.get(key, (now, 0))
        if now - began >= _SECONDS:
            if count > _SHOWN:
                record.msg = f"{record.getMessage()} ({count - _SHOWN:,} more in the last minute)"
                record.args = ()
            began, count = now, 0
        if len(self._counts) >= _KINDS:
            self._counts.clear()
        self._counts[key] = began, count + 1
        return count < _SHOWN
