"""References: their form, and the types that they may lead to."""

from __future__ import annotations

import pytest

from .resources import observation

CASES = {
    "a versioned reference": (
        observation(subject={"reference": "http://example.org/fhir/Patient/1/_history/2"}),
        [],
    ),
    "an absolute reference to an allowed type": (
        observation(subject={"reference": "http://example.org/fhir/Location/1"}),
        [],
    ),
    "an absolute reference to another type": (
        observation(subject={"reference": "http://example.org/fhir/Medication/1"}),
        [("reference-target", "Observation.subject")],
    ),
    "a reference that says another type": (
        observation(subject={"reference": "Patient/1", "type": "Group"}),
        [("reference-type", "Observation.subject")],
    ),
    "a reference with a space": (
        observation(subject={"reference": "Patient/1 2"}),
        [("reference-form", "Observation.subject")],
    ),
    "a contained target of another type": (
        observation(
            contained=[{"resourceType": "Medication", "id": "x"}], subject={"reference": "#x"}
        ),
        [("reference-target", "Observation.subject")],
    ),
    "a target whose type is no text": (
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [
                {
                    "fullUrl": "http://example.org/fhir/Observation/o",
                    "resource": observation(
                        subject={"reference": "http://example.org/fhir/Patient/1", "type": "Group"}
                    ),
                },
                {
                    "fullUrl": "http://example.org/fhir/Patient/1",
                    "resource": {"resourceType": [], "id": "1"},
                },
            ],
        },
        [("resource-type", "Bundle.entry[1].resource")],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_reference(failures, resource, expected):
    assert failures(resource) == sorted(expected)
