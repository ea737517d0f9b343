"""SARIF 2.1.0, the format of static analysers: one result a rule and file, with the first
places.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..printable import printable
from .groups import GroupedReport, RuleGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .line_issue import LineIssue

__all__ = ["SarifReport"]

LEVELS = {"fatal": "error", "error": "error", "warning": "warning", "information": "note"}


class SarifReport(GroupedReport):
    """Grouped by file and rule; ``occurrenceCount`` says how many findings a result stands for."""

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        rules = sorted({group.rule for group in self._groups})
        driver = {
            "name": "bulkfhir",
            "version": version("bulkfhir"),
            "rules": [{"id": rule} for rule in rules],
        }
        run = {
            "tool": {"driver": driver},
            "results": [_result(group) for group in self._groups],
            "properties": dict(summary),
        }
        json.dump(
            {
                "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
                "version": "2.1.0",
                "runs": [run],
            },
            self._out,
            indent=2,
        )
        self._out.write("\n")


def _result(group: RuleGroup) -> dict[str, Any]:
    first = group.examples[0].issue
    more = f" (the first of {group.count:,})" if group.count > 1 else ""
    return {
        "ruleId": group.rule,
        "level": LEVELS[group.severity],
        "message": {"text": printable(f"{first.location}: {first.diagnostics}{more}")},
        "occurrenceCount": group.count,
        "locations": [_place(group.examples[0])],
        "relatedLocations": [_place(finding) for finding in group.examples[1:]],
    }


def _place(finding: LineIssue) -> dict[str, Any]:
    physical = {
        "artifactLocation": {"uri": quote(finding.file, safe="/:")},
        "region": {"startLine": finding.line},
    }
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": finding.issue.location}],
    }
