"""Reports: how `bulkfhir validate` writes down what it found. Each format is one file and a line in
this table.

findings, one by one -> report -> standard output
"""

from __future__ import annotations

import importlib
from typing import TextIO

from .line_issue import LineIssue, Report, Shown

__all__ = ["FORMATS", "LineIssue", "Report", "Shown", "open_report"]

_REPORTS = {
    # format: (module of this package, class)
    "human": ("human", "HumanReport"),
    "json": ("document", "JsonReport"),
    "grouped": ("by_cause", "CauseReport"),
    "jsonl": ("delimited", "JsonLinesReport"),
    "csv": ("delimited", "CsvReport"),
    "junit": ("junit", "JUnitReport"),
    "sarif": ("sarif", "SarifReport"),
    "github": ("github", "GitHubReport"),
    "gitlab": ("gitlab", "GitLabReport"),
    "azure": ("azure", "AzureReport"),
    "operation-outcome": ("operation_outcome", "OperationOutcomeReport"),
}

FORMATS = tuple(_REPORTS)


def open_report(output_format: str, out: TextIO, shown: Shown) -> Report:
    """Return a report in a format of FORMATS, which is imported only now: --help needs none."""
    module, name = _REPORTS[output_format]
    report: type[Report] = getattr(importlib.import_module(f".{module}", __name__), name)
    return report(out, shown)
