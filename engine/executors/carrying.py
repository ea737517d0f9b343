"""Carrying: what a task raises on purpose comes back as a value, through engines that would wrap
it in an error of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

__all__ = ["carry", "settle"]

Carried = tuple[bool, Any]


def carry(function: Callable[..., Any], *arguments: object) -> Carried:
    """Return (True, result), or (False, the exception)."""
    try:
        return True, function(*arguments)
    except Exception as error:  # noqa: BLE001 it is raised again by ``settle``, where the job is
        return False, error


def settle(future: Future[Any], carried: Future[Carried]) -> None:
    """Give a future what was carried, or the error of the engine."""
    error = carried.exception()
    if error is None:
        done, value = carried.result()
        if done:
            future.set_result(value)
            return
        error = value
    future.set_exception(error)
