"""Service issues: what was found, in the words and the form of HealthLake's own FAILURE lines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from bulkfhir.validators import Issue
from bulkfhir.validators.verdicts.issue import Remark

__all__ = ["health_lake_outcome"]

_ID_RULE = "id"
_ID = "Value at 'resourceId' failed to satisfy constraint: Member must "
_ID_PATTERN = _ID + "satisfy regular expression pattern: [A-Za-z0-9-.]{1,64}"
_ID_LENGTH = _ID + "have length greater than or equal to 1"


def health_lake_outcome(
    issues: Sequence[Issue],
    resource_type: str | None = None,
    resource_id: str | None = None,
    remarks: Sequence[Remark] = (),
) -> dict[str, object]:
    """Return an OperationOutcome as HealthLake writes it: ``code`` is always ``processing``, and
    where ``location`` stands it is an array. There is never an ``expression``. A fault that the
    service finds before it validates has no place.

    remarks   what is said beside the issues, unless the service finds one of these before it
              validates
    """
    said: list[dict[str, object]] = []
    place_of_id = f"{resource_type}.id"
    is_early = False
    for issue in issues:
        if issue.rule == _ID_RULE and issue.fails and issue.location == place_of_id:
            said.append(_said("error", _bad_id(resource_id)))
            is_early = True
        elif is_early and issue.location == place_of_id:
            continue  # a warning on the id that is refused already: the service never came to it
        elif (violation := issue.violation) is None:
            said.append(_said(issue.severity, issue.diagnostics, _location(issue)))
        elif violation.declaration.unplaced and "." not in issue.location:
            said.append(_said("error", violation.service_text))
            is_early = True
        else:
            said.append(_said(issue.severity, violation.service_text, _location(issue)))
    if not is_early:
        said += [_said(one.severity, one.text, one.location) for one in remarks]
    return {"resourceType": "OperationOutcome", "issue": said}


def _said(severity: str, text: str, location: str = "") -> dict[str, object]:
    said: dict[str, object] = {"severity": severity, "code": "processing", "diagnostics": text}
    if location:
        said["location"] = [location]
    return said


def _bad_id(resource_id: str | None) -> str:
    """Return what the service says of an id before it looks at the resource."""
    faults = [_ID_PATTERN] if resource_id else [_ID_PATTERN, _ID_LENGTH]
    plural = "s" if len(faults) > 1 else ""
    return f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}"


def _location(issue: Issue) -> str:
    if issue.location and issue.rule in _parser_rules():
        return "/" + issue.location.replace(".", "/")
    return issue.location


@cache
def _parser_rules() -> frozenset[str]:
    """Return the rules of HealthLake's parser, whose locations look like ``/Patient``; all others
    come from its validator: ``Patient.name[0]``.
    """
    from bulkfhir.validators.catalogue import DECLARATIONS

    return frozenset(one.name for one in DECLARATIONS if one.parsing)
