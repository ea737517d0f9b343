"""Reports: how `bulkfhir validate` writes down what it found. Each format is one file and a line in
this table.

findings, one by one -> report -> standard output
"""

from __future__ import annotations

from .delimited import CsvReport, JsonLinesReport
from .document import JsonReport
from .github import GitHubReport
from .human import HumanReport
from .junit import JUnitReport
from .line_issue import LineIssue, Report, Shown
from .sarif import SarifReport

__all__ = ["REPORTS", "LineIssue", "Report", "Shown"]

REPORTS: dict[str, type[Report]] = {
    "human": HumanReport,
    "json": JsonReport,
    "jsonl": JsonLinesReport,
    "csv": CsvReport,
    "junit": JUnitReport,
    "sarif": SarifReport,
    "github": GitHubReport,
}
