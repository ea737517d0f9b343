"""LineIssue: one finding, an issue and where it stands; Report: what becomes of findings."""

from __future__ import annotations

from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from bulkfhir.validators.economy.light_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bulkfhir.validators import Issue

__all__ = ["LineIssue", "Report", "Shown"]

_KEPT = 4_096
"""Places of issues whose pointers are kept: findings by the thousand stand at a few hundred."""


@dataclass(frozen=True, slots=True)
class LineIssue:
    """One issue of one line, or of a file that could not be read.

    file     as the user named it
    line     from 1, blank lines counted; None where the issue is about the file
    offset   of the line's first byte in the file (decompressed); None as for line
    beside   it fails nothing, and stands beside something that does
    """

    file: str
    line: int | None
    offset: int | None
    resource_type: str | None
    resource_id: str | None
    issue: Issue
    beside: bool = False

    @classmethod
    def of_file(cls, file: str, issue: Issue) -> Self:
        """Return the finding that a file could not be read to its end."""
        return cls(file, None, None, None, None, issue)

    def columns(self) -> dict[str, str | int | None]:
        """Return the columns of the `csv` format, in order: the stable machine interface."""
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

    def json_members(self) -> dict[str, str | int | None]:
        """Return the columns as JSON has them, with ``pointer``: the place in the line's JSON (RFC
        6901), None where the location does not tell.
        """
        location = self.issue.location
        pointer = None if self.line is None else _pointers()(location)
        return {**self.columns(), "pointer": pointer}


@cache
def _pointers() -> Callable[[str], str | None]:
    """Return what makes a pointer of a location; --help needs no definitions."""
    from bulkfhir.validators.definitions import core
    from bulkfhir.validators.schema import schema_of
    from bulkfhir.validators.schema.json_pointer import json_pointer

    return lru_cache(_KEPT)(partial(json_pointer, schema_of(core())))


@dataclass(frozen=True, slots=True)
class Shown:
    """The choices of what a person is shown; formats for machines ignore them.

    max_errors   most findings, 0 for all
    warnings     warnings and information of rejected lines too
    files        files that could not be read; not where the tables below name them
    coloured     severities in colour
    """

    max_errors: int = 0
    warnings: bool = False
    files: bool = True
    coloured: bool = False


class Report(Protocol):
    """Writes findings to a stream in one format."""

    def __init__(self, out: TextIO, shown: Shown) -> None: ...

    def add(self, finding: LineIssue) -> None:
        """Write a finding, or keep it for the end."""
        ...

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end; called once, after the last finding, with the totals of the
        run.
        """
        ...
