"""Logging commands of Azure Pipelines: an issue a rule and file, at its first place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...job_report.printable import printable
from .groups import GroupedReport

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AzureReport"]

_TYPES: Final = {"fatal": "error", "error": "error"}
"""Azure knows errors and warnings."""
_ESCAPES: Final = str.maketrans({"%": "%AZP25", ";": "%3B", "]": "%5D", "\r": "%0D", "\n": "%0A"})


class AzureReport(GroupedReport):
    """Grouped, since every command becomes a line of the run's summary."""

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        del summary
        for group in self._groups:
            finding = group.examples[0]
            line = f"linenumber={finding.line};" if group.of_lines else ""
            self._out.write(
                f"##vso[task.logissue type={_TYPES.get(group.severity, 'warning')};"
                f"sourcepath={_escaped(group.file)};{line}code={_escaped(group.rule)};]"
                f"{_escaped(group.sentence)}\n"
            )


def _escaped(text: str) -> str:
    return printable(text).translate(_ESCAPES)
