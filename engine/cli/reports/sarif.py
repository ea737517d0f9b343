"""SARIF 2.1.0, the format of static analysers: one result a rule and file, with the first
places.
"""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bulkfhir.validators.rule_pages import section_of
from bulkfhir.validators.rules.invariant import INVARIANT

from ...job_report.printable import printable
from ...judging.every_rule import rule_named
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
        codes = {group.rule: group.examples[0].issue.code for group in self._groups}
        driver = {
            "name": "bulkfhir",
            "version": version("bulkfhir"),
            "rules": [_descriptor(rule, codes[rule]) for rule in sorted(codes)],
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


def _descriptor(name: str, code: str) -> dict[str, Any]:
    """Return what is known of a rule; of a plug-in's rule that is its name."""
    rule = rule_named(name) or (INVARIANT if code == "invariant" else None)
    if rule is None:
        return {"id": name}
    said = f"{rule.says[0].upper()}{rule.says[1:]}."
    text = " ".join([said, *rule.sources])
    return {
        "id": name,
        "shortDescription": {"text": said},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": section_of(rule.name) or text},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }


def _result(group: RuleGroup) -> dict[str, Any]:
    first = group.examples[0].issue
    where = f"{first.location}: " if group.of_lines else ""
    more = f" (the first of {group.count:,})" if group.count > 1 else ""
    return {
        "ruleId": group.rule,
        "level": LEVELS[group.severity],
        "message": {"text": printable(f"{where}{first.diagnostics}{more}")},
        "occurrenceCount": group.count,
        "locations": [_place(group.examples[0])],
        "relatedLocations": [_place(finding) for finding in group.examples[1:]],
    }


def _place(finding: LineIssue) -> dict[str, Any]:
    # A name that is not UTF-8 has lone surrogates, which only its own bytes can be made of.
    uri = quote(os.fsencode(finding.file), safe="/:")
    if finding.line is None:
        return {"physicalLocation": {"artifactLocation": {"uri": uri}}}
    physical = {"artifactLocation": {"uri": uri}, "region": {"startLine": finding.line}}
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": finding.issue.location}],
    }
