"""`bulkfhir compare OURS THEIRS`: what only one of two jobs over the same input rejects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ..figures.amount import amount
from ..job_report.printable import printable
from . import exits, options

if TYPE_CHECKING:
    from ..comparing.comparison import Comparison, OneSided

__all__ = ["command"]

_COMMON = 10
"""Messages, and files, shown without --statistics."""


@click.command("compare", short_help="Show what only one of two jobs over the same input rejects.")
@click.argument("ours", metavar="OURS")
@click.argument("theirs", metavar="THEIRS")
@click.option("--statistics", is_flag=True, help="Every message and every file that differs.")
@options.retrying
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(ours: str, theirs: str, *, statistics: bool, as_json: bool) -> int:
    """Compare two import jobs over the same input, line by line: what only OURS rejects, what only
    THEIRS does, by message, each with the first place.

    OURS and THEIRS are folders of jobs, with Manifest.json, SUCCESS and FAILURE in them, on disk or
    s3://: of bulkfhir, or of HealthLake itself. An output folder with one job in it will do.

    Exit codes: 0 both reject the same lines, 1 they do not, 2 a folder is none of a job.
    """
    from ..comparing.comparison import compared
    from ..comparing.rejections import JobLogs

    our_logs, their_logs = JobLogs(ours), JobLogs(theirs)
    found = compared(our_logs, their_logs)
    if as_json:
        places = {"ours": our_logs.folder, "theirs": their_logs.folder}
        click.echo(json.dumps(places | _document(found), indent=2))
    else:
        for line in _lines(found, None if statistics else _COMMON):
            click.echo(printable(line))
    return exits.ACCEPTED if found.same else exits.REJECTED


def _document(found: Comparison) -> dict[str, Any]:
    return {
        "same": found.same,
        "files": found.files,
        "rejectedByBoth": found.both,
        "onlyOurs": _side(found.ours),
        "onlyTheirs": _side(found.theirs),
        "differingFiles": [
            {
                "file": one.name,
                "rejectedByBoth": one.both,
                "onlyOurs": one.only_ours,
                "onlyTheirs": one.only_theirs,
            }
            for one in found.differing
        ],
        "manifest": {
            name: {"ours": ours, "theirs": theirs} for name, ours, theirs in found.figures
        },
    }


def _side(side: OneSided) -> dict[str, Any]:
    return {
        "lines": side.lines,
        "files": side.files,
        "messages": [asdict(group) for group in side.most_frequent()],
        "findingsNotGrouped": side.others,
    }


def _lines(found: Comparison, most: int | None) -> Iterator[str]:
    yield from _differing(found, most)
    yield from _messages("only ours rejects", found.ours, most)
    yield from _messages("only theirs rejects", found.theirs, most)
    for title, side in (("theirs", found.ours), ("ours", found.theirs)):
        if side.files:
            yield f"{amount(len(side.files), 'file')} not in {title}: {_some(side.files, most)}"
    for name, ours, theirs in found.figures:
        yield f"Manifest {name}: ours {ours:,}, theirs {theirs:,}"
    yield (
        f"{amount(found.files, 'file')}: {found.both:,} lines rejected by both, "
        f"{found.ours.lines:,} only by ours, {found.theirs.lines:,} only by theirs"
    )


def _differing(found: Comparison, most: int | None) -> Iterator[str]:
    if not found.differing:
        return
    shown = found.differing[:most]
    width = max(4, *(len(printable(one.name)) for one in shown))
    yield f"{'file':{width}}  {'both':>9}  {'only ours':>9}  {'only theirs':>11}"
    for one in shown:
        yield (
            f"{printable(one.name):{width}}  {one.both:>9,}  {one.only_ours:>9,}  "
            f"{one.only_theirs:>11,}"
        )
    if len(shown) < len(found.differing):
        yield f"{len(found.differing) - len(shown):,} more files (--statistics)"
    yield ""


def _messages(title: str, side: OneSided, most: int | None) -> Iterator[str]:
    if not side.lines:
        return
    yield f"{title}: {amount(side.lines, 'line')}"
    groups = side.most_frequent()
    for group in groups[:most]:
        yield f"{group.lines:>9,}  {group.message or '(nothing is said of it)'}"
        yield f"{'':>11}first at {group.first}"
    if (more := groups[most:] if most is not None else []) or side.others:
        findings = sum(group.lines for group in more) + side.others
        yield f"{findings:>9,}  with other messages{' (--statistics)' if more else ''}"
    yield ""


def _some(names: list[str], most: int | None) -> str:
    shown = ", ".join(names[:most])
    return shown if most is None or len(names) <= most else f"{shown}, … (--statistics)"
