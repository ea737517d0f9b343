"""Ids of elements and security labels stand once in a resource."""

from __future__ import annotations

import pytest

from .resources import patient

CASES = {
    "ids that differ": (
        patient(name=[{"id": "a", "family": "x"}], address=[{"id": "b", "city": "y"}]),
        [],
    ),
    "an id that stands twice": (
        patient(name=[{"id": "a", "family": "x"}], address=[{"id": "a", "city": "y"}]),
        [("duplicate-id", "Patient.address[0].id")],
    ),
    "a label that stands twice": (
        patient(
            meta={
                "security": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                        "code": "R",
                    }
                ]
                * 2
            }
        ),
        [("duplicate-security", "Patient.meta.security[1]")],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_ids(failures, resource, expected):
    assert failures(resource) == sorted(expected)
