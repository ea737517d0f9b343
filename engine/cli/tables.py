"""Tables: what a person is told when all lines are read, by resource type and by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from bulkfhir.validators.verdicts.undecided import UNDECIDED, undecided_by_kind

from ..figures.amount import amount
from ..job_report.printable import printable
from .cause_lines import cause_lines
from .check_tables import check_notes, check_tables
from .plain_tables import PlainConsole, PlainTable, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..counting.summary import Example, Summary

__all__ = ["show_summary"]

COMMON_RULES = 10
"""Rules shown without --statistics."""

COMMON_CAUSES = 5
"""Groups of findings shown without --statistics."""


def show_summary(
    summary: Summary,
    out: TextIO,
    *,
    statistics: bool,
    elapsed: float,
    causes: Mapping[str, Any] | None,
) -> None:
    """Write the tables, and the findings by what was found.

    statistics  whether to add every rule with its first places, what was undecided or skipped, and
                why lines fell back
    elapsed     seconds
    causes      the summary as JSON has it; None where findings are shown elsewhere
    """
    console = PlainConsole(out)
    totals = summary.totals
    checks = check_tables(summary, statistics=statistics)
    for table in (_types(summary), _rules(summary, statistics=statistics), *checks):
        if table.row_count:
            console.print(table)
            console.print()
    if causes is not None and summary.causes.groups:
        most = None if statistics else COMMON_CAUSES
        for line in cause_lines(causes, most):
            console.print(printable(line))
        console.print()
    for line in (*check_notes(summary), *_notes(summary, statistics=statistics)):
        console.print(printable(line))
    rejected = totals.customer_errors + totals.server_errors
    console.print(
        f"{amount(totals.scanned, 'resource')} in {amount(summary.files, 'file')}: "
        f"{totals.imported:,} accepted, {rejected:,} rejected; {elapsed:.1f} s",
    )


def _types(summary: Summary) -> PlainTable:
    table = plain_table(("resource type",), ("read", "accepted", "rejected"))
    crashed = any(row.crashed for row in summary.types)
    if crashed:
        table.add_column("not judged", justify="right")
    for row in summary.types:
        cells = [
            printable(row.type) or "(unknown)",
            f"{row.scanned:,}",
            f"{row.accepted:,}",
            f"{row.rejected:,}",
        ]
        table.add_row(*cells, *([f"{row.crashed:,}"] if crashed else []))
    return table


def _rules(summary: Summary, *, statistics: bool) -> PlainTable:
    table = plain_table(("rule",), ("issues",))
    table.add_column("severity")
    table.add_column("first at", fold=True)
    shown = summary.rules if statistics else summary.rules[:COMMON_RULES]
    for row in shown:
        places = [_place(example) for example in row.examples[: None if statistics else 1]]
        table.add_row(
            printable(row.rule), f"{row.count:,}", row.severity, printable("\n".join(places))
        )
    if len(shown) < len(summary.rules):
        rest = summary.rules[len(shown) :]
        table.add_row(
            f"{len(rest)} more rules", f"{sum(row.count for row in rest):,}", "", "(--statistics)"
        )
    return table


def _place(example: Example) -> str:
    return f"{example.file}:{example.line}"


def _notes(summary: Summary, *, statistics: bool) -> Iterable[str]:
    for broken in summary.broken_files:
        yield f"{broken.name}: {broken.message}"
    for name, outcomes in summary.opinions.items():
        yield f"{name}, second opinion: " + ", ".join(
            f"{outcome} {count:,}" for outcome, count in sorted(outcomes.items())
        )
    if summary.replaced:
        places = "; ".join(
            f"{_place(found.first)} … {_place(found.last)}" for found in summary.repeated
        )
        yield (
            f"{amount(summary.replaced, 'accepted line')} replaced by a later line of the same "
            f"type and id, which wins: {places}"
        )
    for kind, counts in undecided_by_kind(summary.undecided).items():
        yield from _counted(UNDECIDED[kind], counts, statistics=statistics)
    if statistics:
        yield from _counted(
            "lines that the fast path handed on", summary.fallbacks, statistics=True
        )
    if summary.skipped and statistics:
        yield from (f"skipped {skipped.name}: {skipped.reason}" for skipped in summary.skipped)
    elif summary.skipped:
        yield (
            f"skipped {amount(len(summary.skipped), 'file')} beside the data (--statistics "
            "lists them)"
        )


def _counted(what: str, counts: Mapping[str, int], *, statistics: bool) -> Iterable[str]:
    if not counts:
        return
    more = "" if statistics else " (--statistics lists them)"
    yield f"{sum(counts.values()):,} {what}, for {amount(len(counts), 'reason')}{more}"
    if statistics:
        yield from (
            f"  {count:,} {name}"
            for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        )
