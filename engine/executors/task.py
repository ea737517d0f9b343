"""Task: one call in a worker, and the wall that keeps its bugs from the job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import EngineError
from ..process.logger import log_crash
from .live_counters import Cancelled

__all__ = ["TaskFailure", "Task", "run_task"]


@dataclass(frozen=True, slots=True)
class Task:
    """One call: ``function(*arguments, beat)`` in a worker, under a key of the caller's choice.

    Safe to repeat.
    """

    key: Any
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """Stands in place of a result: the task killed its worker every time, or raised what it should
    not.
    """

    message: str


def run_task(function: Callable[..., Any], *arguments: object) -> Any:
    """Make the call, in the worker. An exception that nobody meant becomes TaskFailure."""
    try:
        return function(*arguments)
    except (EngineError, Cancelled):
        raise
    except Exception as error:  # noqa: BLE001 the wall around one shard: a bug costs its own file, and the job goes on
        log_crash("a task failed", error)
        return TaskFailure(f"{type(error).__name__} in the engine")
