"""Report page: the report as one HTML file that loads nothing, runs nothing and links nowhere.

All text passes ``_text``; what stands in the page beside it is written here or in report.html.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib import resources
from string import Template
from typing import Any

from bulkfhir.validators.verdicts.undecided import UNDECIDED

from ..across.job_checks import CHECKS
from ..figures.amount import amount
from .printable import printable
from .speed_picture import speed_picture

__all__ = ["report_page"]

_CAUSES = 100
"""Causes that the page shows; the JSON beside it has all that are known."""

_ROWS = 50
"""Rows of any other list."""

_CODES = 10
"""Codes of a code system that are named."""

Json = Mapping[str, Any]


def report_page(document: Json) -> str:
    """Return the page for a report as JSON has it."""
    style, page = (
        resources.files(__package__).joinpath(name).read_text("utf-8")
        for name in ("report.css", "report.html")
    )
    job = document["job"]
    sections = (
        _verdict(document),
        _section("Figures", _figures(document["figures"])),
        _section("Resources a second", _speed(document)),
        _section("Resources by type", _types(document)),
        _section("What was found", _causes(document)),
        _section("What to mend first", _mending(document)),
        _section("Checks over the whole job", _checks(document["checks"])),
        _section("Codes that could not be decided", _undecided(document["undecided"])),
        _section("Not checked", _not_checked(document)),
        _section("Packages used", _list(document["packages"])),
    )
    return Template(page).substitute(
        title=_text(f"Import {job['name'] or job['id']}"),
        subtitle=_text(f"{job['source']} · level {job['level']} · {job['finished']}"),
        folder=_text(job["folder"]),
        style=style,
        style_digest=b64encode(sha256(style.encode()).digest()).decode(),
        sections="\n".join(filter(None, sections)),
        footer=_text(_footer(document)),
    )


def _text(text: object) -> str:
    """Return text as it may stand in HTML, in an element or in a quoted attribute."""
    return escape(printable(str(text)), quote=True)


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{_text(title)}</h2>\n{body}\n</section>" if body else ""


def _verdict(document: Json) -> str:
    figures, status = document["figures"], document["job"]["status"]
    rejected = figures["rejected"] + figures["notJudged"]
    unread = figures["files"] - figures["filesReadToTheEnd"]
    resources = amount(figures["resources"], "resource")
    if rejected:
        said = f"{rejected:,} of {resources} rejected"
    elif not figures["resources"]:
        said = "No resource was read"
    else:  # of what was not read nobody knows
        said = f"{resources} read and accepted" if unread else f"All {resources} accepted"
    if unread:
        said += f", {unread:,} of {amount(figures['files'], 'file')} not read to the end"
    kind = "verdict" if status == "COMPLETED" else "verdict bad"
    return f'<p class="{kind}">{_text(said)} <span>{_text(status)}</span></p>'


def _figures(figures: Json) -> str:
    shown = {
        "Resources": f"{figures['resources']:,}",
        "Accepted": f"{figures['accepted']:,}",
        "Rejected": f"{figures['rejected']:,}",
        "Not judged": f"{figures['notJudged']:,}" if figures["notJudged"] else "",
        "Files": f"{figures['files']:,}",
        "Megabytes": f"{figures['megabytes']:,.1f}",
        "Seconds": f"{figures['seconds']:,.1f}",
        "Accepted a second": f"{figures['acceptedPerSecond']:,.0f}",
    }
    cells = (
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>"
        for name, value in shown.items()
        if value
    )
    earlier = figures["acceptedByEarlierRuns"]
    note = (
        f"The job was gone on with: {amount(earlier, 'resource')} of these were accepted by "
        "earlier runs, whose time is not in the seconds."
    )
    below = f'<p class="faint small">{_text(note)}</p>' if earlier else ""
    return f'<dl class="figures">{"".join(cells)}</dl>{below}'


def _speed(document: Json) -> str:
    return speed_picture(document["throughput"]) or _faint("The job was too short for a curve.")


def _types(document: Json) -> str:
    rows = [
        (
            _text(row["type"] or "(unknown)") + _share(row),
            f"{row['accepted'] + row['rejected'] + row['notJudged']:,}",
            f"{row['accepted']:,}",
            f"{row['rejected'] + row['notJudged']:,}",
            "-" if row["errors"] is None else f"{row['errors']:,}",
        )
        for row in sorted(document["types"], key=lambda row: -row["rejected"] - row["notJudged"])
    ]
    head = ("Type", "Read", "Accepted", "Rejected", "Errors")
    return f'<div class="types">{_table(head, rows, numbers_from=1)}</div>' if rows else ""


def _share(row: Json) -> str:
    """Return a bar: how much of a type was accepted."""
    read = row["accepted"] + row["rejected"] + row["notJudged"]
    width = 100 * row["accepted"] / read if read else 0
    return (
        '<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rejected" width="100" height="4"/>'
        f'<rect class="accepted" width="{width:.2f}" height="4"/></svg>'
    )


def _causes(document: Json) -> str:
    causes = document["causes"]
    if not causes:
        return _faint("Nothing.")
    shown = causes[:_CAUSES]
    body = f'<ol class="causes">{"".join(map(_cause, shown))}</ol>'
    if (drowning := document["drowning"]) is not None:
        lines = amount(drowning["lines"], "line")
        said = f"{lines} alone: {drowning['errors']:,} of {drowning['allErrors']:,} errors."
        body = f"<p>{_text(said)}</p>{body}"
    left = document["causesInAll"] - sum(cause["kinds"] for cause in shown)
    return body + (_faint(f"And {amount(left, 'more kind')} of findings.") if left else "")


def _cause(cause: Json) -> str:
    kind = "fails" if cause["fails"] else "warns" if cause["severity"] == "warning" else ""
    lines = "" if cause["lines"] in (None, cause["issues"]) else f" in {cause['lines']:,} lines"
    kinds = f" ({cause['kinds']:,} kinds that differ in values)" if cause["kinds"] > 1 else ""
    types = ", ".join(
        f"{name or 'unknown type'} {count:,}" for name, count in list(cause["types"].items())[:5]
    )
    more = len(cause["types"]) - 5
    types += f" and {amount(more, 'more type')}" if more > 0 else ""
    first = ", ".join(f"{at['file']}:{at['line']}" for at in cause["first"])
    place = f"<code>{_text(cause['path'])}</code>: " if cause["path"] else ""
    return (
        f'<li class="{kind}"><b>{cause["issues"]:,}</b> &times; {place}{_text(cause["message"])}'
        f'<div class="places">{_text(cause["severity"])} {_text(cause["rule"])}'
        f"{_text(lines)}{_text(kinds)} · {_text(types)} · first at {_text(first)}</div></li>"
    )


def _mending(document: Json) -> str:
    return "".join(
        filter(
            None,
            (
                _steps(document["mend"], document["figures"]["rejected"]),
                _sentences(map(_package_needed, document["unknownProfiles"])),
                _sentences(map(_version, document["otherVersions"])),
                _sentences(map(_later, document["laterCodes"])),
            ),
        )
    )


def _steps(mends: Sequence[Json], rejected: int) -> str:
    if not mends or rejected < 2:
        return ""
    whole = mends[-1]["linesPassing"]
    what = "this cause is" if len(mends) == 1 else f"these {len(mends)} causes are"
    head = f"{whole:,} of the {rejected:,} rejected lines pass when {what} mended:"
    items = (
        f"<li><code>{_text(mend['path'])}</code> {_text(mend['message'])} "
        f'<span class="places">{_text(mend["rule"])}: {mend["linesPassing"] * 100 // rejected} %'
        "</span></li>"
        for mend in mends
    )
    return f"<p>{_text(head)}</p><ol>{''.join(items)}</ol>"


def _package_needed(entry: Json) -> str:
    claimed = f"{amount(entry['profiles'], 'profile')} not known, claimed {entry['claims']:,} times"
    where = f", of package {entry['package']}" if entry["package"] else ""
    urls = f": {', '.join(entry['urls'][:5])}" if entry["urls"] else ""
    return f"{claimed}{where}{urls}"


def _version(entry: Json) -> str:
    members = f" ({', '.join(entry['members'])})" if entry["members"] else ""
    return (
        f"{amount(entry['lines'], 'line')} of {entry['type'] or 'unknown type'}: like "
        f"{' or '.join(entry['versions'])}, not R4{members}"
    )


def _later(entry: Json) -> str:
    codes = ", ".join(entry["codes"][:_CODES]) + (", ..." if len(entry["codes"]) > _CODES else "")
    named = f": {codes}" if codes else ""
    return (
        f"{entry['issues']:,} times a code of {entry['system']} that R4 does not know, and that "
        f"{entry['package']} in the cache has{named}"
    )


def _checks(checks: Json | None) -> str:
    if checks is None:
        return ""
    rows = [(_text(CHECKS.get(name, name)), f"{n:,}") for name, n in checks["findings"].items()]
    groups = [
        f"{one['findings']:,} x {one['check']}: {one['group']}" for one in checks["groups"][:_ROWS]
    ]
    codes = [
        f"{one['count']:,} times {one['system'] or ''}|{one['code'] or ''}: {one['valueSet']}"
        for one in checks["codes"][:_ROWS]
    ]
    return _table(("Check", "Findings"), rows, numbers_from=1) + _list(groups) + _list(codes)


def _undecided(found: Sequence[Json]) -> str:
    rows = [
        (_text(row["of"]), _text(UNDECIDED[row["kind"]].partition(" ")[0]), f"{row['times']:,}")
        for row in found[:_ROWS]
    ]
    more = len(found) - len(rows)
    below = _faint(f"And {more:,} more.") if more > 0 else ""
    return (
        _table(("Value set, code system or check", "What", "Times"), rows, numbers_from=2) + below
    )


def _not_checked(document: Json) -> str:
    files = [
        f"{one['file']}: {one['reason']}"
        for one in (*document["brokenFiles"], *document["skippedFiles"])
    ]
    return _list(document["notChecked"]) + _list(files[:_ROWS])


def _footer(document: Json) -> str:
    kept = (
        "This report quotes values of the data."
        if document["valuesIncluded"]
        else "*** stands for values of the data, none of which this report holds."
    )
    return f"Written by {document['writtenBy']}. {kept} report.json beside it says the same."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int) -> str:
    """Return a table of cells that are HTML already; "" without rows. The columns from a number on
    are numbers.
    """
    if not rows:
        return ""

    def row(name: str, cells: Iterable[str]) -> Iterator[str]:
        for column, cell in enumerate(cells):
            kind = ' class="number"' if column >= numbers_from else ""
            yield f"<{name}{kind}>{cell}</{name}>"

    body = "".join(f"<tr>{''.join(row('td', cells))}</tr>\n" for cells in rows)
    titles = "".join(row("th", map(_text, head)))
    return f"<table><thead><tr>{titles}</tr></thead>\n<tbody>{body}</tbody></table>"


def _list(items: Iterable[str]) -> str:
    body = "".join(f"<li>{_text(item)}</li>" for item in items)
    return f"<ul>{body}</ul>" if body else ""


def _sentences(said: Iterable[str]) -> str:
    return "".join(f"<p>{_text(sentence)}.</p>" for sentence in said)


def _faint(said: str) -> str:
    return f'<p class="faint">{_text(said)}</p>'
