"""Patience: how long a store that does not answer is asked again."""

from __future__ import annotations

import logging
import os
import random
import time
from typing import Final

from ..errors import ConfigurationError, Unavailable

__all__ = ["RETRY_SECONDS", "Patience", "retry_seconds"]

RETRY_SECONDS: Final = "BULKFHIR_RETRY_SECONDS"
"""Environment variable: seconds for which one request is tried again; it reaches every worker."""

_SECONDS: Final = 300.0
"""Seconds where nobody chose any.

AWS's own incidents of throttling and of failing over last seconds to a few minutes; a job of hours
is worth that wait.
"""

_FIRST, _LONGEST = 0.25, 20.0
"""Seconds of the first pause, and of the longest: twice as long each time."""
_SLICE: Final = 0.5
"""Seconds slept at once, so that an interrupt of the thread is heard in time."""
_QUIET: Final = 30.0
"""Seconds between two lines of the log about one request."""

_log = logging.getLogger("bulkfhir.engine")


def retry_seconds() -> float:
    """Return the seconds that the user chose. Raises ConfigurationError for what is no number."""
    chosen = os.environ.get(RETRY_SECONDS)
    try:
        seconds = _SECONDS if not chosen else float(chosen)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ConfigurationError(f"{RETRY_SECONDS}={chosen}: seconds are a number from 0 on")
    return seconds


class Patience:
    """The pauses between the tries of one request: growing, and of random length.

    Workers that lost the same store must not come back to it in step. Pauses decide nothing about
    data: they only say when a request is made again.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pause = _FIRST
        self._began: float | None = None
        self._said = 0.0

    def wait(self, error: Unavailable) -> None:
        """Sleep before the next try. Raises the error once the seconds are used up."""
        now = time.monotonic()
        if self._began is None:
            self._began, self._said = now, now - _QUIET
        left = self._began + self._seconds - now
        if left <= 0:
            raise error
        if now - self._said >= _QUIET:
            self._said = now
            _log.warning("%s: trying again for up to %.0f seconds", error, left)
        _sleep(min(random.uniform(self._pause / 2, self._pause), left))  # noqa: S311  # no secret: who waits together comes back one by one
        self._pause = min(self._pause * 2, _LONGEST)

    def reset(self) -> None:
        """Begin anew: the store has answered."""
        self._pause, self._began = _FIRST, None


def _sleep(seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _SLICE))
