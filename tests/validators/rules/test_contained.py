"""Contained resources: who refers to them, and what they may not have."""

from __future__ import annotations

import pytest

from .resources import observation, patient

CASES = {
    "a contained resource that is referred to": (
        observation(
            contained=[{"resourceType": "Patient", "id": "x"}], subject={"reference": "#x"}
        ),
        [],
    ),
    "a contained resource that nobody refers to": (
        observation(contained=[{"resourceType": "Patient", "id": "x"}]),
        [("dom-3", "Observation.contained[0]")],
    ),
    "a contained resource with a version": (
        patient(
            contained=[
                {"resourceType": "Organization", "id": "x", "name": "n", "meta": {"versionId": "1"}}
            ],
            managingOrganization={"reference": "#x"},
        ),
        [("dom-4", "Patient")],
    ),
    "contained resources that refer to one another": (
        observation(
            contained=[
                {"resourceType": "Patient", "id": "x", "managingOrganization": {"reference": "#y"}},
                {"resourceType": "Organization", "id": "y", "name": "n"},
            ],
            subject={"reference": "#x"},
        ),
        [],
    ),
    "a contained resource without an id": (
        observation(contained=[{"resourceType": "Patient", "name": [{"family": "x"}]}]),
        [("contained-id", "Observation.contained[0]"), ("dom-3", "Observation.contained[0]")],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_contained(failures, resource, expected):
    assert failures(resource) == sorted(expected)
