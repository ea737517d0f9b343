"""RayRunner: the processors of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ..errors import ConfigurationError
from .interface import MOST_ASKED
from .live_counters import Heartbeat, LiveCounters
from .task import run_task

__all__ = ["RayRunner"]

_DEATHS = (
    "LocalRayletDiedError",
    "NodeDiedError",
    "ObjectLostError",
    "OutOfMemoryError",
    "WorkerCrashedError",
)
"""Errors of Ray by which a task's worker died."""


class RayRunner:
    """A runner of tasks with one processor each.

    workers   tasks at once; None: the processors of the cluster
    address   of the cluster; none: the one that this process, or this machine, has already
    """

    apart = True

    def __init__(self, workers: int | None = None, *, address: str = "auto") -> None:
        try:
            import ray
        except ImportError:
            raise ConfigurationError("the executor ray needs bulkfhir[ray]") from None
        self._ray: Any = ray
        self._own = not ray.is_initialized()
        try:
            if self._own:
                ray.init(address=address)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ConfigurationError(f"no Ray cluster: {error}") from None
        self._deaths = tuple(
            getattr(ray.exceptions, name) for name in _DEATHS if hasattr(ray.exceptions, name)
        )
        self.slots = workers or int(self._ray.cluster_resources().get("CPU", 0)) or 1
        self.counters: LiveCounters | None = None
        self._run = ray.remote(max_retries=0, num_cpus=1)(run_task)
        self._flying: dict[Future[Any], Any] = {}

    def submit(
        self, _slot: int, /, function: Callable[..., Any], *arguments: object
    ) -> Future[Any]:
        """Run ``function(*arguments, beat)``."""
        reference = self._run.remote(function, *arguments, Heartbeat())
        future: Future[Any] = reference.future()
        self._flying = {one: ref for one, ref in self._flying.items() if not one.done()}
        self._flying[future] = reference
        return future

    def ask(self, function: Callable[..., Any], *arguments: object) -> list[Future[Any]]:
        """Run ``function(*arguments)`` once for each slot."""
        call = self._ray.remote(max_retries=0, num_cpus=1)(function)
        return [call.remote(*arguments).future() for _ in range(min(self.slots, MOST_ASKED))]

    def lost(self, error: BaseException) -> bool:
        """Return whether a worker or its machine died."""
        return isinstance(error, self._deaths)

    def restart(self) -> bool:
        """Return True: the cluster replaces its workers."""
        return True

    def close(self, *, kill: bool = False) -> None:
        """End what runs, and leave the cluster where this runner has joined it."""
        for future, reference in self._flying.items():
            if not future.done():
                self._ray.cancel(reference, force=kill)
        self._flying = {}
        if self._own and self._ray.is_initialized():
            self._ray.shutdown()
