"""A reference in a Bundle leads to the first entry that it means (FHIR R4, section 2.36.4.1)."""

from __future__ import annotations

from typing import Any

import pytest

from bulkfhir.validators.fhirpath import BundleEntries


def patient(identity: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": identity}


A, B, C, OTHER = (
    patient("a"),
    patient("b"),
    patient("a"),
    {"resourceType": "Observation", "id": "a"},
)
BUNDLE = {
    "entry": [
        "no entry",
        {"fullUrl": "urn:uuid:none"},
        {"fullUrl": "http://example.org/Patient/a", "resource": A},
        {"fullUrl": "urn:uuid:b", "resource": B},
        {"fullUrl": "urn:uuid:b", "resource": C},
        {"fullUrl": ["urn:uuid:c"], "resource": OTHER},
        {"resource": patient({"no": "id"})},
    ]
}


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("http://example.org/Patient/a", A),
        ("http://example.org/Patient/a/_history/2", A),
        ("Patient/a", A),
        ("Patient/a/_history/2", A),
        ("urn:uuid:b", B),
        ("Patient/b", B),
        ("Observation/a", OTHER),
        ("Observation/b", None),
        ("urn:uuid:none", None),
        ("urn:uuid:c", None),
        ("http://elsewhere.example.org/Patient/a", None),
        ("", None),
    ],
)
def test_the_first_entry_that_is_meant_is_found(reference: str, found: Any) -> None:
    assert BundleEntries(BUNDLE).find(reference) is found


def test_a_bundle_without_entries_has_none() -> None:
    assert BundleEntries({}).find("Patient/a") is None
