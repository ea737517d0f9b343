"""Metrics: what Prometheus reads at ``/metrics``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from ..jobs import JobStore

__all__ = ["Metrics"]


class Metrics:
    """Requests by operation, jobs by state.

    Each server has its own registry, so that two in one process do not mix.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, jobs: JobStore) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "bulkfhir_requests", "API requests", ["operation", "result"], registry=self._registry
        )
        self._seconds = Histogram(
            "bulkfhir_request_seconds",
            "Time to answer an API request",
            ["operation"],
            buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 2.5),
            registry=self._registry,
        )
        self._registry.register(_JobsByState(jobs))

    def request(self, operation: str, result: str, seconds: float) -> None:
        """Count one API request; ``result`` is "ok" or the exception's name."""
        requests, times = self._series(operation, result)
        requests.inc()
        times.observe(seconds)

    @lru_cache(maxsize=256)  # noqa: B019  # one Metrics lives as long as its server
    def _series(self, operation: str, result: str) -> tuple[Counter, Histogram]:
        return self._requests.labels(operation, result), self._seconds.labels(operation)

    def text(self) -> bytes:
        """Return everything, in Prometheus's text format."""
        return generate_latest(self._registry)


class _JobsByState(Collector):
    """Reads the store when asked: nothing to keep in step."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("bulkfhir_jobs", "Import jobs by state", labels=["status"])
        for status, count in self._jobs.counts().items():
            family.add_metric([str(status)], count)
        yield family
