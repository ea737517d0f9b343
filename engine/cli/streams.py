"""Streams: the standard streams as they were given to us: closed, full, or read by nobody."""

from __future__ import annotations

import contextlib
import os
import sys

__all__ = ["fill_closed_streams", "say", "settle_output"]


def fill_closed_streams() -> None:
    """Put /dev/null in the place of each standard stream that is closed, before a file of the job
    is opened under its number.

    ``sys.stdin`` stays None: who reads it is told that it is closed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # as long as the process lives
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # as above


def settle_output() -> None:
    """Write what waits for standard output; where that cannot be, lead it nowhere, since it would
    fail again when the interpreter ends.
    """
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def say(line: str) -> None:
    """Write a line to standard error, if that is possible at all."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
