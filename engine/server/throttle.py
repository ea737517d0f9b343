"""Throttle: the service's request rates, one bucket per operation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from bulkfhir.validators.economy.light_dataclass import dataclass

from .errors import ApiError

__all__ = ["SERVICE_RATES", "Rate", "Throttle"]


@dataclass(frozen=True, slots=True)
class Rate:
    """``requests`` in ``seconds``; as many at once after a pause of that length."""

    requests: int
    seconds: float


SERVICE_RATES: Mapping[str, Rate] = {
    "StartFHIRImportJob": Rate(1, 60.0),
    "DescribeFHIRImportJob": Rate(10, 1.0),
    "ListFHIRImportJobs": Rate(10, 1.0),
}
"""What HealthLake's documentation states for an account; other operations have no published rate.
"""


class Throttle:
    """Token buckets: an operation without a rate is never throttled."""

    def __init__(
        self, rates: Mapping[str, Rate], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def admit(self, operation: str) -> None:
        """Take one request into account. Raise ThrottlingException when the rate is exceeded."""
        rate = self._rates.get(operation)
        if rate is None:
            return
        with self._lock:
            now = self._clock()
            level, filled_at = self._buckets.get(operation, (float(rate.requests), now))
            level = min(rate.requests, level + (now - filled_at) * rate.requests / rate.seconds)
            admitted = level >= 1
            self._buckets[operation] = (level - 1 if admitted else level, now)
        if not admitted:
            raise ApiError("ThrottlingException", "Rate exceeded")
