"""Codes: required value sets, systems that are known, units."""

from __future__ import annotations

import pytest

from .resources import observation, patient

CASES = {
    "a code that is not in its value set": (
        patient(gender="femal"),
        [("binding-required", "Patient.gender")],
    ),
    "a unit of UCUM": (
        observation(
            valueQuantity={"value": 1, "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
        ),
        [],
    ),
    "a unit that UCUM does not know": (
        observation(
            valueQuantity={"value": 1, "system": "http://unitsofmeasure.org", "code": "units"}
        ),
        [("ucum", "Observation.value.ofType(Quantity)")],
    ),
    "a code that its system does not have": (
        observation(
            category=[
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                            "code": "vitals",
                        }
                    ]
                }
            ]
        ),
        [("code-system", "Observation.category[0]")],
    ),
    "a code of an unknown system": (
        observation(
            interpretation=[{"coding": [{"system": "http://example.org/own", "code": "whatever"}]}]
        ),
        [],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_binding(failures, resource, expected):
    assert failures(resource) == sorted(expected)
