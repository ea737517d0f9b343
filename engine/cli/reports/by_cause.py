"""The format that shows findings in groups, by what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from ...job_report.printable import printable
from ..cause_lines import cause_lines
from .human import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .line_issue import LineIssue, Shown

__all__ = ["CauseReport"]


class CauseReport:
    """Every group with its number and first place, and what to mend first; files that could not be
    read as they come.
    """

    def __init__(self, out: TextIO, shown: Shown) -> None:
        self._out, self._files = out, shown.files

    def add(self, finding: LineIssue) -> None:
        """Write that a file could not be read; leave a finding of a line to its group."""
        if finding.line is None and self._files:
            self._out.write(sentence(finding) + "\n")

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        for line in cause_lines(summary, most=None):
            self._out.write(printable(line) + "\n")
