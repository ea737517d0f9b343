"""Throttle: the service's rates, held exactly."""

from __future__ import annotations

import pytest

from bulkfhir.engine.server.errors import ApiError
from bulkfhir.engine.server.service import Service, ServiceSettings
from bulkfhir.engine.server.throttle import SERVICE_RATES, Throttle
from tests.server.conftest import DATASTORE, Calls, start_request


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_admitted_and_no_more():
    clock = Clock()
    throttle = Throttle(SERVICE_RATES, clock)
    admitted = 0
    for _ in range(200):  # two seconds of 100 requests a second
        try:
            throttle.admit("DescribeFHIRImportJob")
            admitted += 1
        except ApiError:
            pass
        clock.now += 0.01
    assert admitted == 10 + 19  # the burst, and ten a second refilled


def test_one_start_a_minute_and_operations_do_not_share_their_rates():
    clock = Clock()
    throttle = Throttle(SERVICE_RATES, clock)
    throttle.admit("StartFHIRImportJob")
    throttle.admit("ListFHIRImportJobs")
    clock.now += 59.9
    with pytest.raises(ApiError, match="Rate exceeded") as refused:
        throttle.admit("StartFHIRImportJob")
    assert refused.value.code == "ThrottlingException"
    clock.now += 0.2
    throttle.admit("StartFHIRImportJob")
    for _ in range(1000):
        throttle.admit("TagResource")


def test_the_endpoint_throttles_only_when_told(tmp_path, monkeypatch):
    monkeypatch.setenv("BULKFHIR_S3_ROOT", str(tmp_path / "s3"))
    service = Calls(
        Service(
            ServiceSettings(state=tmp_path / "a.db", datastores=(DATASTORE,), throttle="service")
        )
    )
    service("StartFHIRImportJob", **start_request())
    assert service.refused("StartFHIRImportJob", **start_request()) == (
        "ThrottlingException",
        "Rate exceeded",
    )
    free = Calls(Service(ServiceSettings(state=tmp_path / "b.db", datastores=(DATASTORE,))))
    for _ in range(15):
        free("StartFHIRImportJob", **start_request())
