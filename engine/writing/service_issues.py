"""Service issues: what was found, in the words and the form of HealthLake's own FAILURE lines."""

from __future__ import annotations

from collections.abc import Iterable

from bulkfhir.validators import Issue
from bulkfhir.validators.catalogue import DECLARATIONS

__all__ = ["health_lake_outcome"]

_PARSER_RULES = frozenset(one.name for one in DECLARATIONS if one.parsing)
"""Rules of HealthLake's parser, whose locations look like ``/Patient``; all others come from its
validator: ``Patient.name[0]``.
"""
_ID_RULE = "id"
_ID = "Value at 'resourceId' failed to satisfy constraint: Member must "
_ID_PATTERN = _ID + "satisfy regular expression pattern: [A-Za-z0-9-.]{1,64}"
_ID_LENGTH = _ID + "have length greater than or equal to 1"


def health_lake_outcome(
    issues: Iterable[Issue], resource_type: str | None = None, resource_id: str | None = None
) -> dict[str, object]:
    """Return an OperationOutcome as HealthLake writes it: ``code`` is always ``processing``, and
    where ``location`` stands it is an array. There is never an ``expression``.
    """
    return {
        "resourceType": "OperationOutcome",
        "issue": [_issue(issue, resource_type, resource_id) for issue in issues],
    }


def _issue(issue: Issue, resource_type: str | None, resource_id: str | None) -> dict[str, object]:
    violation = issue.violation
    if issue.rule == _ID_RULE and issue.fails and issue.location == f"{resource_type}.id":
        return _said("error", _bad_id(resource_id))
    text = issue.diagnostics if violation is None else violation.service_text
    if violation is not None and violation.declaration.unplaced and "." not in issue.location:
        return _said("error", text)
    said = _said(issue.severity, text)
    if issue.location:
        said["location"] = [_location(issue)]
    return said


def _said(severity: str, text: str) -> dict[str, object]:
    return {"severity": severity, "code": "processing", "diagnostics": text}


def _bad_id(resource_id: str | None) -> str:
    """Return what the service says of an id before it looks at the resource."""
    faults = [_ID_PATTERN] if resource_id else [_ID_PATTERN, _ID_LENGTH]
    plural = "s" if len(faults) > 1 else ""
    return f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}"


def _location(issue: Issue) -> str:
    if issue.rule in _PARSER_RULES:
        return "/" + issue.location.replace(".", "/")
    return issue.location
