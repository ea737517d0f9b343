"""Elements of a profiled type: SimpleQuantity."""

from __future__ import annotations

import pytest

from .resources import observation

CASES = {
    "a quantity with a comparator where none may be": (
        observation(referenceRange=[{"low": {"value": 1, "comparator": "<"}}]),
        [
            ("sqty-1", "Observation.referenceRange[0].low"),
            ("cardinality", "Observation.referenceRange[0].low"),
        ],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_type_profile(failures, resource, expected):
    assert failures(resource) == sorted(expected)
