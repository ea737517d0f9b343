"""The format that is one JSON document: every finding, then the totals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .line_issue import LineIssue, Shown

__all__ = ["JsonReport"]


class JsonReport:
    """``{"issues": [...], "summary": {...}}``, written as it comes, so that memory stays flat."""

    def __init__(self, out: TextIO, shown: Shown) -> None:
        del shown
        self._out = out
        self._separator = "\n"
        out.write('{"issues": [')

    def add(self, finding: LineIssue) -> None:
        """Write a finding, or keep it for the end."""
        self._out.write(self._separator + json.dumps(finding.json_members()))
        self._separator = ",\n"

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        self._out.write(f'\n], "summary": {json.dumps(summary)}}}\n')
