"""What a validator says about one resource: issues, and the verdict they add up to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["FAILING", "Issue", "Severity", "Verdict", "crash_verdict", "operation_outcome"]

Severity = Literal["fatal", "error", "warning", "information"]

FAILING: frozenset[str] = frozenset({"fatal", "error"})
"""Severities that fail a resource."""

LONGEST = 2000
"""Characters of a message.

A value may have a million; a log that repeats it for every finding would be larger than the data.
"""

_TYPED_CHOICE = re.compile(r"\.ofType\(\w+\)")


@dataclass(slots=True)
class Issue:
    """One finding, as OperationOutcome.issue describes it (FHIR R4, section 2.36).

    severity     fatal | error | warning | information
    code         FHIR IssueType: structure, required, value, invariant, code-invalid, not-found, …
    rule         what decided: an invariant's key (``obs-7``) or the name of one of our rules
                 (``cardinality``)
    location     where, as HL7's validator prints it: ``Observation.value.ofType(Quantity).code``
    diagnostics  the sentence for a person, with the numbers; what is longer than LONGEST is cut,
                 since values may be quoted whole
    profile      canonical url of the StructureDefinition that states the rule, where one does
    element      of an element that is missing: its name below the location
    """

    severity: Severity
    code: str
    rule: str
    location: str
    diagnostics: str
    profile: str | None = None
    element: str = ""

    def __post_init__(self) -> None:
        if len(self.diagnostics) > LONGEST:
            self.diagnostics = self.diagnostics[: LONGEST - 3] + "..."

    @property
    def expression(self) -> str:
        """The location as FHIRPath that any engine evaluates: choice types without ``ofType``."""
        return _TYPED_CHOICE.sub("", self.location)

    @property
    def fails(self) -> bool:
        return self.severity in FAILING


@dataclass(slots=True)
class Verdict:
    """The answer for one resource: its type and id where they could be read, and every issue
    found.
    """

    resource_type: str | None
    resource_id: str | None
    issues: Sequence[Issue] = ()

    @property
    def failed(self) -> bool:
        return any(issue.fails for issue in self.issues)


def crash_verdict(error: Exception) -> Verdict:
    """What is said of a resource whose validation itself broke: a server error, never the
    data's.
    """
    return Verdict(
        None,
        None,
        [
            Issue(
                "fatal",
                "exception",
                "validator-crash",
                "",
                f"the validator failed: {type(error).__name__}",
            )
        ],
    )


def operation_outcome(issues: Sequence[Issue]) -> dict[str, object]:
    """The issues as an OperationOutcome resource (FHIR R4, section 2.36)."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": issue.severity,
                "code": issue.code,
                "details": {"text": issue.rule},
                "diagnostics": issue.diagnostics,
                "location": [issue.location],
                "expression": [issue.expression],
            }
            for issue in issues
        ],
    }
