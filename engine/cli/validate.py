"""`bulkfhir validate`: every issue of the sources, on standard output."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from . import exits, options
from .output_file import opened_output, refuse_an_input
from .reports import FORMATS, LineIssue, Report, Shown, open_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..counting.summary import Summary
    from ..process.log_lines import LogFormat
    from ..validation import Finding
    from .showing import Showing

__all__ = ["command"]


@click.command("validate")
@options.sources
@options.rejected_again
@options.validating
@click.option(
    "--output-format",
    type=click.Choice(FORMATS),
    default="human",
    show_default=True,
    help="Form of the result on standard output.",
)
@click.option(
    "--max-errors",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Issues shown to a person; 0 for all.",
)
@options.output_file
@click.option(
    "--color",
    type=click.Choice(("auto", "always", "never")),
    default="auto",
    show_default=True,
    help="Colour severities; auto: on a terminal, by NO_COLOR and by FORCE_COLOR.",
)
@options.checking
@options.showing
@options.summing
@options.workers
@options.executing
@options.retrying
@options.selecting
@options.speaking
def command(
    sources: tuple[str, ...],
    *,
    output_format: str,
    output_file: Path | None,
    max_errors: int,
    color: str,
    fail_on: tuple[str, ...],
    statistics: bool,
    exit_zero: bool,
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
    **running: Any,
) -> int:
    """Validate NDJSON and show every issue.

    SOURCE is a file, folder, glob, s3:// prefix or - for standard input. An id is not required
    here; an import requires one. What was found before Ctrl-C is shown.
    """
    from ..job_report.printable import printable
    from ..validation import open_validation
    from .live import progress_shown
    from .summary_json import summary_json
    from .tables import show_summary

    sources = options.sources_of(sources, running)
    choices = options.chosen(running, fail_on)
    showing = options.shown(running, choices)
    begun = time.monotonic()
    for_person = output_format in ("human", "grouped")
    with opened_output(output_file) as out, ExitStack() as live:
        on_progress = live.enter_context(
            progress_shown(
                quiet=quiet,
                verbose=verbose,
                log_format=log_format,
                bar=for_person or not out.isatty(),
            )
        )
        shown = Shown(
            max_errors,
            choices.warnings,
            files=quiet and not statistics,
            coloured=_is_coloured(color, out),
        )
        above_bar = sys.stdout if out.isatty() else out
        report = open_report(output_format, above_bar, shown)

        def finish(summary: Summary) -> None:
            summary = showing.summary(summary)
            document = summary_json(summary)
            _finish(report, summary, document)
            live.close()
            out.flush()
            if statistics or not quiet:
                show_summary(
                    summary,
                    out if for_person else sys.stderr,
                    statistics=statistics,
                    elapsed=time.monotonic() - begun,
                    causes=None if output_format == "grouped" else document,
                )

        with open_validation(sources, choices, on_progress=on_progress, **running) as validation:
            refuse_an_input(output_file, validation.listing.inputs)
            try:
                for finding in validation:
                    _add(report, finding, showing)
            except KeyboardInterrupt:
                finish(validation.so_far())  # of what was read to its end
                if said := on_progress.so_far():
                    click.echo(f"bulkfhir: {printable(said)}", err=True)
                raise
            finish(validation.summary)
    summary = validation.summary
    clean = summary.totals.imported == summary.totals.scanned and not summary.broken_files
    accepted = (clean or exit_zero) and not (
        summary.found(fail_on) or showing.fails(summary, fail_on)
    )
    return exits.ACCEPTED if accepted else exits.REJECTED


def _is_coloured(color: str, out: TextIO) -> bool:
    """Return whether severities are coloured (https://no-color.org, https://force-color.org)."""
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or out.isatty()


def _add(report: Report, finding: Finding, showing: Showing) -> None:
    verdict = finding.verdict
    for issue in verdict.issues:
        found = LineIssue(
            finding.file,
            finding.line,
            finding.offset,
            verdict.resource_type,
            verdict.resource_id,
            issue,
            beside=not issue.fails and verdict.failed,
        )
        if showing.shows(found):
            report.add(found)


def _finish(report: Report, summary: Summary, document: Mapping[str, object]) -> None:
    from ..judging.import_rules import unreadable

    for broken in summary.broken_files:
        issue = unreadable(broken.message, broken.status)
        report.add(LineIssue.of_file(broken.name, issue))
    report.finish(document)
