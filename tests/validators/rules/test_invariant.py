"""Published invariants, by their keys."""

from __future__ import annotations

import pytest

from .resources import observation, patient

CASES = {
    "a contact without details": (
        patient(contact=[{"gender": "male"}]),
        [("pat-1", "Patient.contact[0]")],
    ),
    "a period that ends before it begins": (
        observation(effectivePeriod={"start": "2020-05-01", "end": "2020-04-01"}),
        [("per-1", "Observation.effective.ofType(Period)")],
    ),
    "a telecom without a system": (
        patient(telecom=[{"value": "1"}]),
        [("cpt-2", "Patient.telecom[0]")],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_invariant(failures, resource, expected):
    assert failures(resource) == sorted(expected)
