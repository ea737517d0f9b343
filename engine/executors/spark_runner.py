"""SparkRunner: the executors of a Spark cluster; every task is a Spark job of one partition."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ..errors import ConfigurationError
from .interface import MOST_ASKED
from .live_counters import Heartbeat, LiveCounters
from .task import run_task

__all__ = ["SparkRunner"]


class SparkRunner:
    """A runner on the Spark context of this process, or a new one.

    workers   tasks at once; None: what Spark calls the default parallelism
    master    of a new context: ``spark://host:7077``; none: what Spark is configured to

    Spark tries a task again whose executor has died, four times (``spark.task.maxFailures``); then
    the task is lost.
    """

    apart = True

    def __init__(self, workers: int | None = None, *, master: str = "") -> None:
        try:
            import pyspark
            from py4j.protocol import Py4JError
        except ImportError:
            raise ConfigurationError(
                "the executor spark needs the pyspark of your cluster"
            ) from None
        self._deaths = (Py4JError,)
        self._own = pyspark.SparkContext._active_spark_context is None  # noqa: SLF001 there is no public way to ask
        conf = pyspark.SparkConf().setAppName("bulkfhir")
        self._context = pyspark.SparkContext.getOrCreate(conf.setMaster(master) if master else conf)
        self.slots: int = workers or self._context.defaultParallelism
        self.counters: LiveCounters | None = None
        self._group = f"bulkfhir-{secrets.token_hex(4)}"
        self._threads = ThreadPoolExecutor(self.slots, "bulkfhir-spark")

    def submit(
        self, _slot: int, /, function: Callable[..., Any], *arguments: object
    ) -> Future[Any]:
        """Run ``function(*arguments, beat)``."""
        return self._threads.submit(self._one, run_task, (function, *arguments, Heartbeat()))

    def ask(self, function: Callable[..., Any], *arguments: object) -> list[Future[Any]]:
        """Run ``function(*arguments)`` once for each slot."""
        return [
            self._threads.submit(self._one, function, arguments)
            for _ in range(min(self.slots, MOST_ASKED))
        ]

    def lost(self, error: BaseException) -> bool:
        """Return whether Spark has given a task up: what a task raises is to come as a value."""
        return isinstance(error, self._deaths)

    def restart(self) -> bool:
        """Return True: the cluster replaces its executors."""
        return True

    def close(self, *, kill: bool = False) -> None:
        """End what runs, with ``kill`` at once, and a context that was made for this."""
        if kill:
            self._context.cancelJobGroup(self._group)
        self._threads.shutdown(cancel_futures=True)
        if self._own:
            self._context.stop()

    def _one(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        self._context.setJobGroup(self._group, "bulkfhir", interruptOnCancel=True)
        rows = self._context.parallelize([(function, arguments)], 1)
        # A lambda goes by value: a worker without bulkfhir can still be asked.
        return rows.map(lambda call: call[0](*call[1])).collect()[0]
