"""Stopwatch: the CPU time of one piece of work in this process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

__all__ = ["seconds"]


def seconds(work: Callable[[Any], Any], given: Any) -> tuple[float, Any]:
    """Return the CPU seconds that a function takes for what it is given, and what it returns.
    Garbage of what came before is collected first.
    """
    gc.collect()
    began = time.process_time()
    found = work(given)
    return time.process_time() - began, found
