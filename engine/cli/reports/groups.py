"""Groups: findings of one rule in one file, for formats whose readers choke on one entry a line of
data.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TextIO

from bulkfhir.validators.economy.light_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .line_issue import LineIssue, Shown

__all__ = ["CAP", "RuleGroup", "GroupedReport", "Groups"]

CAP = 5000
"""Most groups of lines kept: what GitHub shows of one SARIF run. Files that could not be read are
kept all: who misses one takes it for clean.
"""

EXAMPLES = 10
"""Findings kept of each group."""


@dataclass(slots=True)
class RuleGroup:
    """How often one rule was broken in one file, and the first findings."""

    file: str
    severity: str
    rule: str
    count: int = 0
    examples: list[LineIssue] = field(default_factory=list)

    @property
    def of_lines(self) -> bool:
        """Return whether lines broke the rule; otherwise the file could not be read."""
        return self.examples[0].line is not None

    @property
    def sentence(self) -> str:
        """Return what the first finding says, where, and how many more there are."""
        issue = self.examples[0].issue
        where = f"{issue.location}: " if self.of_lines else ""
        more = f" (and {self.count - 1:,} more)" if self.count > 1 else ""
        return f"{where}{issue.diagnostics}{more}"


class Groups:
    """Collects groups in the order of their first finding; memory is bounded by the caps."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str, str], RuleGroup] = {}
        self.left_out = 0

    def add(self, finding: LineIssue) -> None:
        """Write a finding, or keep it for the end."""
        issue = finding.issue
        key = (finding.file, issue.severity, issue.rule)
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= CAP and finding.line is not None:
                self.left_out += 1
                return
            group = self._groups[key] = RuleGroup(*key)
        group.count += 1
        if len(group.examples) < EXAMPLES:
            group.examples.append(finding)

    def __iter__(self) -> Iterator[RuleGroup]:
        """Return the groups, files that could not be read before all others."""
        return iter(sorted(self._groups.values(), key=lambda group: group.of_lines))


class GroupedReport:
    """The common part of the reports that are written whole at the end: findings are grouped as
    they come.
    """

    def __init__(self, out: TextIO, shown: Shown) -> None:
        del shown
        self._out = out
        self._groups = Groups()

    def add(self, finding: LineIssue) -> None:
        """Write a finding, or keep it for the end."""
        self._groups.add(finding)
