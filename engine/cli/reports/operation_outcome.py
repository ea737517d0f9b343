"""FHIR's own form: an OperationOutcome for every line that has issues, as NDJSON.

File and line stand in the extensions in which HL7's validator writes them, the rule in ``details``
(FHIR R4, section 6.1, OperationOutcome).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TextIO

from bulkfhir.validators.definitions import CORE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .line_issue import LineIssue, Shown

__all__ = ["OperationOutcomeReport"]

_EXTENSIONS: Final = CORE + "operationoutcome-"


class OperationOutcomeReport:
    """Findings of one line come one after the other, and become one resource."""

    def __init__(self, out: TextIO, shown: Shown) -> None:
        del shown
        self._out = out
        self._line: list[LineIssue] = []

    def add(self, finding: LineIssue) -> None:
        """Keep a finding until those of its line are complete."""
        if self._line and _place(self._line[0]) != _place(finding):
            self._write()
        self._line.append(finding)

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write the last line's."""
        del summary
        if self._line:
            self._write()

    def _write(self) -> None:
        outcome = {
            "resourceType": "OperationOutcome",
            "extension": [{"url": f"{_EXTENSIONS}file", "valueString": self._line[0].file}],
            "issue": [_issue(finding) for finding in self._line],
        }
        self._out.write(json.dumps(outcome) + "\n")
        self._line = []


def _place(finding: LineIssue) -> tuple[str, int | None]:
    return finding.file, finding.line


def _issue(finding: LineIssue) -> dict[str, Any]:
    issue = finding.issue
    said: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
        "details": {"coding": [{"code": issue.rule}]},
        "diagnostics": issue.diagnostics,
    }
    if finding.line is not None:
        said["extension"] = [{"url": f"{_EXTENSIONS}issue-line", "valueInteger": finding.line}]
    if issue.location:
        said["expression"] = [issue.location]
    return said
