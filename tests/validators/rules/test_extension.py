"""Extensions: their urls and values."""

from __future__ import annotations

import pytest

from .resources import patient

CASES = {
    "an unknown extension": (
        patient(extension=[{"url": "http://example.org/unknown", "valueString": "x"}]),
        [],
    ),
    "an extension with a relative url": (
        patient(extension=[{"url": "relative", "valueString": "x"}]),
        [("extension-url", "Patient.extension[0]")],
    ),
    "an extension without a value": (
        patient(extension=[{"url": "http://example.org/unknown"}]),
        [("ext-1", "Patient.extension[0]")],
    ),
    "a known extension": (
        patient(
            extension=[
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                    "valueAddress": {"city": "x"},
                }
            ]
        ),
        [],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_extension(failures, resource, expected):
    assert failures(resource) == sorted(expected)
