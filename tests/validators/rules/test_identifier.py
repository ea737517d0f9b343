"""Identifiers: what their system and value may be."""

from __future__ import annotations

import pytest

from .resources import patient

CASES = {
    "identifiers with absolute systems": (
        patient(
            identifier=[
                {"system": "http://example.org/mrn", "value": "1"},
                {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4"},
            ]
        ),
        [],
    ),
    "an identifier's system that is relative": (
        patient(identifier=[{"system": "mrn", "value": "1"}]),
        [("identifier-system", "Patient.identifier[0]")],
    ),
    "an identifier's uri that is none": (
        patient(identifier=[{"system": "urn:ietf:rfc:3986", "value": "12345"}]),
        [("identifier-uri", "Patient.identifier[0]")],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_identifier(failures, resource, expected):
    assert failures(resource) == sorted(expected)
