"""The formats of one record a finding: JSON lines and CSV."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .line_issue import LineIssue, Shown

__all__ = ["CsvReport", "JsonLinesReport"]

COLUMNS = (
    "file",
    "line",
    "offset",
    "resourceType",
    "resourceId",
    "severity",
    "code",
    "rule",
    "location",
    "diagnostics",
    "profile",
)


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would take for a formula."""


class JsonLinesReport:
    """One JSON object a finding, nothing else."""

    def __init__(self, out: TextIO, shown: Shown) -> None:
        del shown
        self._out = out

    def add(self, finding: LineIssue) -> None:
        """Write a finding, or keep it for the end."""
        self._out.write(
            json.dumps(finding.json_members()) + "\n"
        )  # ASCII: a lone surrogate in an id has no UTF-8

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        del summary


class CsvReport:
    """RFC 4180 with a header line; no cell is a formula."""

    def __init__(self, out: TextIO, shown: Shown) -> None:
        del shown
        self._rows = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
        self._rows.writeheader()

    def add(self, finding: LineIssue) -> None:
        """Write a finding, or keep it for the end."""
        self._rows.writerow({name: _defused(cell) for name, cell in finding.columns().items()})

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        del summary


def _defused(cell: str | int | None) -> str | int | None:
    """Return a cell as text, by an apostrophe before it, where a spreadsheet would compute it: its
    text may come from the data.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
