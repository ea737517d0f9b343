"""Cardinality: how often an element stands, and that no element is empty."""

from __future__ import annotations

import pytest

from .resources import observation, patient

CASES = {
    "a link without its other": (
        patient(link=[{"type": "refer"}]),
        [("cardinality", "Patient.link[0]")],
    ),
    "an empty component": (
        observation(component=[{}]),
        [("ele-1", "Observation.component[0]"), ("cardinality", "Observation.component[0]")],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_cardinality(failures, resource, expected):
    assert failures(resource) == sorted(expected)
