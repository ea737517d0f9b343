"""Excerpt: the issues of a line that are shown, where it has more than anybody reads.

A line of a few megabytes can have a hundred thousand. What is left out is counted all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from .declaration import Declaration, Severity
from .issue import Issue, Verdict

__all__ = ["MORE", "MOST", "excerpt"]

MOST: Final = 1_000
"""Issues of a line that are shown unless another number is asked for."""

MORE = Declaration(
    "more-issues",
    "information",
    "informational",
    "The line has {count} more issues, which are counted and not shown: {parts}",
    "a line shows so many issues and no more, those that fail it first",
)

_ORDER: Final[Mapping[Severity, int]] = {"fatal": 0, "error": 0, "warning": 1, "information": 2}


def excerpt(verdict: Verdict, most: int) -> Verdict:
    """Return a verdict with at most so many issues, and one that says how many more there were.

    Errors stand first, then warnings, each in the order in which they were found. ``hidden`` counts
    what is left out. With ``most`` 0, or few issues, the verdict itself is returned.
    """
    if not most or len(verdict.issues) <= most:
        return verdict
    issues = [issue for issue in verdict.issues if issue.rule != MORE.name]
    if len(issues) > most:
        issues.sort(key=lambda issue: _ORDER[issue.severity])
    hidden = Counter(verdict.hidden)
    hidden.update((issue.severity, issue.rule) for issue in issues[most:])
    shown = issues[:most]
    if hidden:
        shown.append(_note(hidden))
    return Verdict(verdict.resource_type, verdict.resource_id, shown, hidden, codes=verdict.codes)


def _note(hidden: Mapping[tuple[Severity, str], int]) -> Issue:
    by_severity = Counter[str]()
    for (severity, _), count in hidden.items():
        by_severity[severity] += count
    parts = ", ".join(f"{count:,} {_worded(name, count)}" for name, count in _sorted(by_severity))
    return Issue.of(MORE(count=f"{sum(hidden.values()):,}", parts=parts))


def _sorted(counts: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (_ORDER[pair[0]], pair[0]))  # type: ignore[index]


def _worded(severity: str, count: int) -> str:
    return severity if count == 1 or severity in ("fatal", "information") else f"{severity}s"
