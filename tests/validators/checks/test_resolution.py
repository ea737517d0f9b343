"""Where references between the parameters of a Parameters lead."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bulkfhir.validators.checks.resolution import resolve
from bulkfhir.validators.checks.surroundings import Scope

FIRST: dict[str, Any] = {"resourceType": "Organization", "id": "x", "name": "first"}
LATER: dict[str, Any] = {"resourceType": "Organization", "id": "x", "name": "later"}
OTHER: dict[str, Any] = {"resourceType": "Practitioner", "id": "x"}
NAMELESS: dict[str, Any] = {"resourceType": "Organization", "name": "without an id"}


def holding(resource: dict[str, Any], *parts: dict[str, Any]) -> dict[str, Any]:
    return {"name": "a", "resource": resource, "part": list(parts)}


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        pytest.param([holding(FIRST)], FIRST, id="beside"),
        pytest.param([{"name": "a", "part": [holding(FIRST)]}], FIRST, id="in-a-part"),
        pytest.param([holding(FIRST), holding(LATER)], FIRST, id="the-first-of-two"),
        pytest.param([holding(FIRST, holding(LATER))], FIRST, id="before-its-parts"),
        pytest.param(
            [holding(OTHER, holding(FIRST)), holding(LATER)], FIRST, id="a-part-before-the-next"
        ),
        pytest.param(
            [holding(OTHER, holding(FIRST), holding(LATER))], FIRST, id="the-first-of-two-parts"
        ),
        pytest.param([holding(OTHER)], None, id="not-of-another-type"),
        pytest.param([holding(NAMELESS)], None, id="not-without-an-id"),
        pytest.param(
            [5, {"name": "a", "resource": "x", "part": "y"}], None, id="not-in-a-wrong-form"
        ),
        pytest.param("x", None, id="no-array"),
    ],
)
def test_a_reference_leads_to_the_first_resource_of_its_name(
    parameters: Any, found: dict[str, Any] | None
) -> None:
    outer = Scope({"resourceType": "Parameters", "parameter": parameters}, Counter())
    asking: dict[str, Any] = {"resourceType": "Patient", "id": "p"}
    inner = Scope(asking, Counter(), outer, "entry", {"resource": asking})
    assert resolve("Organization/x", inner).resource is found
