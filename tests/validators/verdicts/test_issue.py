"""An issue carries what an OperationOutcome needs."""

from __future__ import annotations

import json

from tests.validators.rules.resources import observation


def test_an_issue_carries_what_an_operation_outcome_needs(judge):
    line = json.dumps(observation(valueQuantity={"value": "1"})).encode()
    (issue,) = [each for each in judge.validate(line).issues if each.fails]
    assert (issue.severity, issue.code, issue.location, issue.expression) == (
        "error",
        "invalid",
        "Observation.value.ofType(Quantity).value",
        "Observation.value.value",
    )
    assert "number" in issue.diagnostics
