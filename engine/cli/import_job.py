"""`bulkfhir import`: one import job, HealthLake's output layout, a summary on standard output."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ..job_report.printable import printable
from . import exits, options
from .job_results import exit_code, show_result
from .landing import landing, result_format

if TYPE_CHECKING:
    from ..process.log_lines import LogFormat

__all__ = ["command"]


@click.command("import")
@options.sources
@options.rejected_again
@landing
@options.validating
@click.option("--resume", is_flag=True, help="Go on with the interrupted job that --job-id names.")
@click.option(
    "--take-over",
    is_flag=True,
    help="Go on with a job on S3 that another process held and left a moment ago.",
)
@result_format
@options.no_report
@options.report_values
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
    output: str,
    output_format: str,
    fail_on: tuple[str, ...],
    statistics: bool,
    no_report: bool,
    report_values: bool,
    exit_zero: bool,
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
    **running: Any,
) -> int:
    """Validate NDJSON and write HealthLake's output layout.

    SOURCE is a file, folder, glob, s3:// prefix or - for standard input. The job's folder holds
    Manifest.json, SUCCESS/ and FAILURE/, and report.html, which quotes no value of the data.
    """
    from ..jobs.recording import recorded_import
    from .live import progress_shown

    sources = options.sources_of(sources, running)
    choices = options.chosen(running, fail_on)
    showing = options.shown(running, choices)
    if running["resume"] and not running["job_id"]:
        raise click.UsageError("--resume goes on with the job that --job-id names")
    without = None if choices.values else "--no-values"
    running["report"] = options.report_wish(without, no_report=no_report, values=report_values)
    running["job_id"] = running["job_id"] or secrets.token_hex(16)
    listener = None
    try:
        with progress_shown(quiet=quiet, verbose=verbose, log_format=log_format) as listener:
            result = recorded_import(sources, output, choices, on_progress=listener, **running)
    except KeyboardInterrupt:
        if listener is not None and (found := listener.so_far()) is not None:
            click.echo(f"bulkfhir: {printable(found)}", err=True)
        click.echo(
            f"bulkfhir: the job has stopped; --resume --job-id {running['job_id']} goes on with it",
            err=True,
        )
        raise
    failed = result.summary.found(fail_on) or showing.fails(result.summary, fail_on)
    result = replace(result, summary=showing.summary(result.summary))
    show_result(result, output_format, statistics=statistics, quiet=quiet)
    code = exit_code(result, exit_zero=exit_zero)
    return exits.REJECTED if failed and code == exits.ACCEPTED else code
