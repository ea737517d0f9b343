"""The format for a person: one line a finding, as compilers write them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TextIO

from ...job_report.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .line_issue import LineIssue, Shown

__all__ = ["HumanReport", "sentence"]


def sentence(finding: LineIssue) -> str:
    """Return an issue as ``Patient.ndjson:17: Patient.birthDate: error[invalid] …  (rule)``, one
    of a file without the number.
    """
    issue = finding.issue
    line = "" if finding.line is None else f"{finding.line}:"
    location = f" {issue.location}:" if issue.location else ""
    text = (
        f"{finding.file}:{line}{location} {issue.severity}[{issue.code}] "
        f"{issue.diagnostics}  ({issue.rule})"
    )
    return " ".join(printable(text).split("\n"))


COLOURS = {
    "fatal": "\x1b[31m",
    "error": "\x1b[31m",
    "warning": "\x1b[33m",
    "information": "\x1b[36m",
}
PLAIN = "\x1b[0m"


class HumanReport:
    """The issues that fail lines, up to ``max_errors``; then how much more there is."""

    def __init__(self, out: TextIO, shown: Shown) -> None:
        self._out = out
        self._left = shown.max_errors or -1
        self._warnings = shown.warnings
        self._files = shown.files
        self._hidden = 0
        self._beside = Counter[str]()
        self._coloured = shown.coloured

    def add(self, finding: LineIssue) -> None:
        """Write a finding, or keep it for the end."""
        if finding.beside and not self._warnings:
            self._beside[finding.issue.severity] += 1
            return
        if finding.line is None:
            if self._files:
                self._write(finding)
            return
        if self._left == 0:
            self._hidden += 1
            return
        self._left -= 1
        self._write(finding)

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        del summary  # shown as tables by the caller
        if self._hidden:
            self._out.write(f"... and {self._hidden:,} more (--max-errors 0 shows all)\n")
        if self._beside:
            counts = " and ".join(
                f"{count:,} of severity {severity}"
                for severity, count in sorted(self._beside.items(), reverse=True)
            )
            self._out.write(
                f"rejected lines have further issues, {counts} (--warnings shows them)\n"
            )

    def _write(self, finding: LineIssue) -> None:
        line = sentence(finding)
        severity = f" {finding.issue.severity}["
        if self._coloured:
            line = line.replace(
                severity, f"{COLOURS[finding.issue.severity]}{severity[:-1]}{PLAIN}[", 1
            )
        self._out.write(line + "\n")
