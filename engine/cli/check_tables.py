"""Check tables: what a person is told of the checks over a whole job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..job_report.printable import printable
from .plain_tables import PlainTable, plain_table

if TYPE_CHECKING:
    from ..across.job_checks import JobChecks
    from ..counting.summary import Summary

__all__ = ["check_notes", "check_tables"]

_GROUPS = 3
"""Groups of a check shown without --statistics."""

_REFERENCES = {
    "resolved": "lead to a resource",
    "unresolved": "to none",
    "inBundle": "to an entry of their Bundle",
    "conditional": "are conditional",
    "elsewhere": "lead to another server",
}


def check_tables(summary: Summary, *, statistics: bool) -> Iterator[PlainTable]:
    """Yield the table of findings and, with ``statistics``, which shows every group that is told
    of too, those of codes that could not be decided and of elements that must be supported.
    """
    if summary.checks is None:
        return
    yield _findings(summary, statistics=statistics)
    if statistics:
        if summary.check_codes:
            yield _codes(summary)
        yield _completeness(summary.checks)


def check_notes(summary: Summary) -> Iterator[str]:
    """Yield sentences about all references, and where the findings lie."""
    checks = summary.checks
    if checks is None:
        return
    said = ", ".join(
        f"{count:,} {_REFERENCES[kind]}" for kind, count in checks.references.items() if count
    )
    yield f"references: {said or 'none'}"
    if checks.table is not None:
        yield f"every finding of the checks: {checks.table}"


def _findings(summary: Summary, *, statistics: bool) -> PlainTable:
    assert summary.checks is not None
    table = plain_table()
    table.add_column("check")
    table.add_column("findings", justify="right")
    table.add_column("of", fold=True)
    table.add_column("first at", fold=True)
    for check, count in summary.checks.counts.items():
        groups = [one for one in summary.check_groups if one.check == check]
        shown = groups if statistics else groups[:_GROUPS]
        for number, group in enumerate(shown):
            first = group.examples[0]
            table.add_row(
                check if number == 0 else "",
                f"{group.count:,}",
                printable(group.group),
                printable(f"{first.file}:{first.line}"),
            )
        rest = count - sum(one.count for one in shown)
        if rest and groups:
            table.add_row("", f"{rest:,}", "others", "")
    return table


def _codes(summary: Summary) -> PlainTable:
    table = plain_table(("most frequent codes not decided",), ("times",))
    table.add_column("value set", fold=True)
    table.add_column("first at", fold=True)
    for one in summary.check_codes:
        code = f"{one.system or ''}|{one.code or ''}"
        cells = code, f"{one.count:,}", one.value_set, f"{one.first.file}:{one.first.line}"
        table.add_row(*map(printable, cells))
    return table


def _completeness(checks: JobChecks) -> PlainTable:
    table = plain_table(("must-support element",), ("have it", "of"))
    table.add_column("profile", fold=True)
    for one in checks.completeness:
        cells = one.element, f"{one.having:,}", f"{one.claiming:,}", one.profile
        table.add_row(*map(printable, cells))
    return table
