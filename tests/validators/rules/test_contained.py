"""Contained resources: who refers to them, and what they may not have."""

from __future__ import annotations

import json

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


NO_TYPES = ["Patient.contact", "http://example.org/Patient", "Foo", "DomainResource", "", "code"]


@pytest.mark.parametrize("name", NO_TYPES, ids=[name or "empty" for name in NO_TYPES])
def test_names_that_are_no_resource_types_fail_a_line_and_break_nothing(judging, name):
    inner = {"resourceType": name, "id": "c", "link": [{"other": {"reference": "#c"}}]}
    lines = [
        patient(contained=[inner]),
        patient(contained=[{"resourceType": "Bundle", "id": "b", "entry": [{"resource": inner}]}]),
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}]},
        {
            "resourceType": "Bundle",
            "type": "document",
            "entry": [{"resource": {"resourceType": "Composition", "section": [inner]}}],
        },
        {"resourceType": "Parameters", "parameter": [{"name": "p", "resource": inner}]},
    ]
    for line in lines:
        verdict = judging("structure-only").validate(json.dumps(line).encode())
        assert verdict.failed
        assert not verdict.crashed


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_contained(failures, resource, expected):
    assert failures(resource) == sorted(expected)
