"""Repeats: what several checks find at one place is said once, and so is the fault of a profile."""

from __future__ import annotations

from ..rules.invariant import BROKEN
from ..verdicts.issue import Issue

__all__ = ["without_repeats"]


def without_repeats(issues: list[Issue]) -> list[Issue]:
    """Return the issues without those that repeat an earlier one: the same rule and sentence at the
    same place, of the same profile or where the earlier one names none.

    An invariant that is no FHIRPath is said at the first place alone: it says nothing of the data.
    """
    if len(issues) < 2 or _differ(issues):
        return issues
    there: set[object] = set()
    again: set[object] = set()  # places and rules that stand more than once
    for issue in issues:
        at = issue.location, issue.rule, issue.element
        (again if at in there else there).add(at)
    seen: set[object] = set()
    kept: list[Issue] = []
    for issue in issues:
        at = issue.location, issue.rule, issue.element
        if at not in again and not _is_of_a_profile(issue):
            kept.append(issue)
            continue
        place = "" if _is_of_a_profile(issue) else issue.location
        found = (issue.severity, issue.rule, place, issue.element, _said(issue))
        if found in seen or (*found, issue.profile) in seen:
            continue
        seen.add(found if issue.profile is None else (*found, issue.profile))
        kept.append(issue)
    return kept


def _differ(issues: list[Issue]) -> bool:
    """Tell whether place and rule alone tell the issues apart, as they nearly always do."""
    places = {(one.location, one.rule, one.element) for one in issues}
    if len(places) < len(issues):
        return False
    for one in issues:  # asked of every bad line: a generator takes twice as long
        if one.violation is not None and one.violation.declaration is BROKEN:
            return False
    return True


def _is_of_a_profile(issue: Issue) -> bool:
    return issue.violation is not None and issue.violation.declaration is BROKEN


def _said(issue: Issue) -> object:
    """Return what stands for the sentence of an issue, which is not rendered for it."""
    return issue.diagnostics if issue.violation is None else issue.violation
