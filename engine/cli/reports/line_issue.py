"""LineIssue: one finding, an issue and where it stands; Report: what becomes of findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bulkfhir.validators import Issue

__all__ = ["LineIssue", "Report"]


@dataclass(frozen=True, slots=True)
class LineIssue:
    """One issue of one line.

    file     as the user named it
    line     from 1, blank lines counted
    offset   of the line's first byte in the file (decompressed)
    """

    file: str
    line: int
    offset: int
    resource_type: str | None
    resource_id: str | None
    issue: Issue

    def columns(self) -> dict[str, str | int | None]:
        """The keys of the `jsonl` format, in order: the stable machine interface."""
        issue = self.issue
        return {
            "file": self.file,
            "line": self.line,
            "offset": self.offset,
            "resourceType": self.resource_type,
            "resourceId": self.resource_id,
            "severity": issue.severity,
            "code": issue.code,
            "rule": issue.rule,
            "location": issue.location,
            "diagnostics": issue.diagnostics,
            "profile": issue.profile,
        }


class Report(Protocol):
    """Writes findings to a stream in one format."""

    def __init__(self, out: TextIO, max_errors: int) -> None:
        """``max_errors`` limits what a person is shown (0: no limit); formats for machines ignore it."""
        ...

    def add(self, finding: LineIssue) -> None: ...

    def finish(self, summary: Mapping[str, object]) -> None:
        """Called once, after the last finding, with the totals of the run."""
        ...
