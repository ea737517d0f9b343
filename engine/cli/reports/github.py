"""Workflow commands of GitHub Actions: an annotation a rule and file, at its first place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...job_report.printable import printable
from .groups import GroupedReport

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["GitHubReport"]

COMMANDS = {"fatal": "error", "error": "error", "warning": "warning", "information": "notice"}


class GitHubReport(GroupedReport):
    """Grouped, since GitHub shows ten annotations of a kind a step."""

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        del summary
        for group in self._groups:
            finding = group.examples[0]
            message = _data(group.sentence)
            line = f",line={finding.line}" if group.of_lines else ""
            place = f"file={_property(group.file)}{line},title={_property(group.rule)}"
            self._out.write(f"::{COMMANDS[group.severity]} {place}::{message}\n")


def _data(text: str) -> str:
    """Escaped as the runner's own toolkit does."""
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
