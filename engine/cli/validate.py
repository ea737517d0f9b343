"""`bulkfhir validate`: every issue of the sources, on standard output."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from . import exits, options
from .reports import FORMATS, LineIssue, Shown, open_report

if TYPE_CHECKING:
    from ..log_lines import LogFormat

__all__ = ["command"]


@click.command("validate")
@options.sources
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
@options.summing
@options.workers
@options.retrying
@options.selecting
@options.speaking
def command(
    sources: tuple[str, ...],
    *,
    output_format: str,
    max_errors: int,
    statistics: bool,
    exit_zero: bool,
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
    **running: Any,
) -> int:
    """Validate NDJSON and show every issue.

    SOURCE is a file, folder, glob, s3:// prefix or - for standard input. An id is not required
    here; an import requires one.
    """
    from ..judging.import_rules import unreadable
    from ..validation import open_validation
    from .live import progress_shown
    from .summary_json import summary_json
    from .tables import show_summary

    choices = options.chosen(running)
    out, begun = sys.stdout, time.monotonic()
    out.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a lone surrogate of a broken resource must not stop the report
    with (
        progress_shown(
            quiet=quiet, verbose=verbose, log_format=log_format, bar=not out.isatty()
        ) as on_progress,
        open_validation(sources, choices, on_progress=on_progress, **running) as validation,
    ):
        shown = Shown(max_errors, choices.warnings, files=quiet and not statistics)
        report = open_report(output_format, out, shown)
        for finding in validation:
            verdict = finding.verdict
            for issue in verdict.issues:
                beside = not issue.fails and verdict.failed
                report.add(
                    LineIssue(
                        finding.file,
                        finding.line,
                        finding.offset,
                        verdict.resource_type,
                        verdict.resource_id,
                        issue,
                        beside,
                    )
                )
    summary = validation.summary
    for broken in summary.broken_files:
        issue = unreadable(broken.message, broken.status)
        report.add(LineIssue.of_file(broken.name, issue))
    report.finish(summary_json(summary))
    out.flush()
    if statistics or not quiet:
        show_summary(
            summary,
            out if output_format in ("human", "grouped") else sys.stderr,
            statistics=statistics,
            elapsed=time.monotonic() - begun,
            causes=output_format != "grouped",
        )
    clean = summary.totals.imported == summary.totals.scanned and not summary.broken_files
    return exits.ACCEPTED if clean or exit_zero else exits.REJECTED
