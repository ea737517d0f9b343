"""Showing: which findings a person asked to see. Verdicts, logs and counts are of all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bulkfhir.validators.economy.light_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..counting.causes import Cause
    from ..counting.summary import Summary
    from .baseline import Baseline
    from .reports import LineIssue

__all__ = ["FAIL_ON", "SEVERITIES", "Showing"]

SEVERITIES = ("error", "warning", "information")
FAIL_ON = ("new", *SEVERITIES)
"""What a command may be told to fail on, beside checks over the whole job."""


@dataclass(frozen=True, slots=True)
class Showing:
    """The choice of findings that are shown: all, unless something was asked for.

    select, ignore   names of rules, or places without indexes: ``Patient.name`` is a place and all
                     below it
    severity         the least severity that is shown
    baseline         what was known before, which is not shown again
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: str = "information"
    baseline: Baseline | None = None

    @property
    def all(self) -> bool:
        """Return whether nothing is left out."""
        return self == Showing()

    def shows(self, finding: LineIssue) -> bool:
        """Return whether an issue is shown; that a file could not be read always is."""
        if finding.line is None or self.all:
            return True
        from ..counting.cause_tally import without_indexes

        issue = finding.issue
        if not self._chosen(issue.severity, issue.rule, [without_indexes(issue.location)]):
            return False
        return self.baseline is None or not self.baseline.knows_issue(finding)

    def summary(self, summary: Summary) -> Summary:
        """Return a summary with the causes that are shown, and the rules that these are of."""
        if self.all:
            return summary
        causes = summary.causes
        groups = tuple(filter(self._shows_cause, causes.groups))
        shown = {(cause.severity, cause.rule) for cause in groups}
        rules = tuple(row for row in summary.rules if (row.severity, row.rule) in shown)
        found = replace(causes, groups=groups, distinct=len(groups))
        return replace(summary, rules=rules, causes=found)

    def fails(self, summary: Summary, names: Iterable[str]) -> bool:
        """Return whether there is what one of these names of FAIL_ON stands for, shown or not."""
        for name in names:
            if name == "new":
                known = self.baseline
                if known is not None and not all(map(known.knows, summary.causes)):
                    return True
            elif name in SEVERITIES and any(_is_worth(row.severity, name) for row in summary.rules):
                return True
        return False

    def _shows_cause(self, cause: Cause) -> bool:
        places = [name + cause.path[1:] for name in cause.types]
        if not cause.path.startswith("*"):
            places = [cause.path]
        if not self._chosen(cause.severity, cause.rule, places):
            return False
        return self.baseline is None or not self.baseline.knows(cause)

    def _chosen(self, severity: str, rule: str, places: Iterable[str]) -> bool:
        if not _is_worth(severity, self.severity):
            return False
        chosen = not self.select
        for place in places:
            if any(_is(term, rule, place) for term in self.ignore):
                return False
            chosen = chosen or any(_is(term, rule, place) for term in self.select)
        return chosen


def _is_worth(severity: str, least: str) -> bool:
    """Tell whether a severity is the least that is asked for, or worse."""
    from bulkfhir.validators.verdicts.declaration import RANKS  # costs --help half a millisecond

    return RANKS[severity] <= RANKS[least]


def _is(term: str, rule: str, place: str) -> bool:
    return term in (rule, place) or place.startswith(f"{term}.")
