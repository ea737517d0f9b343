"""OwnProcess: whether this process ends with its job, as a command's does; a caller's goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

__all__ = ["end_with_job", "end_with_parent", "ends_with_job"]

_ends = False


def end_with_job() -> None:
    """Declare that this process has no other purpose than a job: a worker that does not stop may be
    left behind, or is made a process that can be killed.
    """
    global _ends  # noqa: PLW0603  # it is a fact about the process
    _ends = True


def ends_with_job() -> bool:
    """Return whether ``end_with_job`` was called in this process."""
    return _ends


def end_with_parent(end: Callable[[], object]) -> None:
    """Call ``end`` in a thread of its own once the parent is gone, which holds the other end of
    standard input. What else it writes there is to be read before.
    """

    def watch() -> None:
        while os.read(0, 1):
            pass
        end()

    # A daemon: it waits as long as the parent lives, and must not keep this process from ending.
    threading.Thread(target=watch, daemon=True).start()
