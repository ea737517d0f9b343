"""`bulkfhir import`: one import job, HealthLake's output layout, a summary on standard output."""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from . import exits, options
from .option_types import Location
from .printable import printable

if TYPE_CHECKING:
    from ..job import JobResult
    from ..log_lines import LogFormat

__all__ = ["command"]


def _pairs(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    pairs = {}
    for value in values:
        name, mark, text = value.partition("=")
        if not (name and mark):
            raise click.BadParameter(f"{value}: an option of a sink is given as NAME=VALUE")
        pairs[name] = text
    return tuple(sorted(pairs.items()))


@click.command("import")
@options.sources
@options.rejected_again
@click.option(
    "-o",
    "--output",
    type=Location(),
    required=True,
    metavar="FOLDER",
    help="Where the job's folder is made: a path or s3://bucket/prefix.",
)
@options.validating
@click.option(
    "--sink",
    metavar="NAME",
    help="Where accepted resources go: ndjson, parquet or another installed sink.  "
    "[default: nowhere]",
)
@click.option(
    "--sink-option",
    "sink_options",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_pairs,
    help="Option of the sink: compression=gz or zst for ndjson, zstd, snappy or none for parquet. "
    "Repeatable.",
)
@click.option(
    "--rejected",
    type=click.Choice(("ndjson",)),
    help="Keep rejected lines in rejected/<Type>/ of the job's folder.  [default: nowhere]",
)
@click.option(
    "--job-id", metavar="ID", help="Name of the job, part of its folder's name.  [default: random]"
)
@click.option(
    "--datastore-id",
    metavar="ID",
    default="0" * 32,
    help="HealthLake's data store id, part of the folder's name.  [default: 32 zeros]",
)
@click.option("--resume", is_flag=True, help="Go on with the interrupted job that --job-id names.")
@click.option(
    "--take-over",
    is_flag=True,
    help="Go on with a job on S3 that another process held and left a moment ago.",
)
@options.limits("none")
@click.option(
    "--kms-key-id",
    "encryption_key_id",
    metavar="ID",
    help="Key that output on S3 is encrypted with.",
)
@options.work_folder
@click.option(
    "--output-format",
    type=click.Choice(("human", "grouped", "json")),
    default="human",
    show_default=True,
    help="Form of the summary on standard output.",
)
@options.checking
@options.showing
@options.summing
@options.workers
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
    exit_zero: bool,
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
    **running: Any,
) -> int:
    """Validate NDJSON and write HealthLake's output layout.

    SOURCE is a file, folder, glob, s3:// prefix or - for standard input. The job's folder holds
    Manifest.json, SUCCESS/ and FAILURE/.
    """
    from ..jobs.recording import recorded_import
    from .live import progress_shown

    sources = options.sources_of(sources, running)
    choices, showing = options.chosen(running, fail_on), options.shown(running)
    if running["resume"] and not running["job_id"]:
        raise click.UsageError("--resume goes on with the job that --job-id names")
    running["job_id"] = running["job_id"] or secrets.token_hex(16)
    try:
        with progress_shown(quiet=quiet, verbose=verbose, log_format=log_format) as on_progress:
            result = recorded_import(sources, output, choices, on_progress=on_progress, **running)
    except KeyboardInterrupt:
        click.echo(
            f"bulkfhir: the job has stopped; --resume --job-id {running['job_id']} goes on with it",
            err=True,
        )
        raise
    failed = result.summary.found(fail_on) or showing.fails(result.summary, fail_on)
    result = replace(result, summary=showing.summary(result.summary))
    if output_format == "json":
        click.echo(json.dumps(_document(result), indent=2))
    elif statistics or not quiet:
        _show(result, statistics=statistics, grouped=output_format == "grouped")
    else:
        for broken in result.summary.broken_files:
            click.echo(f"bulkfhir: {printable(f'{broken.name}: {broken.message}')}", err=True)
    code = _exit_code(result, exit_zero=exit_zero)
    return exits.REJECTED if failed and code == exits.ACCEPTED else code


def _show(result: JobResult, *, statistics: bool, grouped: bool) -> None:
    from .cause_lines import cause_lines
    from .summary_json import summary_json
    from .tables import show_summary

    if result.manifest:
        document = summary_json(result.summary)
        if grouped:
            for line in cause_lines(document, most=None):
                click.echo(printable(line))
        show_summary(
            result.summary,
            sys.stdout,
            statistics=statistics,
            elapsed=result.elapsed,
            causes=None if grouped else document,
        )
    click.echo(f"job {result.job_id}: {result.status}, {result.job_folder}")


def _document(result: JobResult) -> dict[str, Any]:
    from .summary_json import summary_json

    return {
        "jobId": result.job_id,
        "datastoreId": result.datastore_id,
        "jobStatus": str(result.status),
        "message": result.message,
        "jobFolder": result.job_folder,
        "elapsedSeconds": round(result.elapsed, 3),
        "manifest": result.manifest.to_json() if result.manifest else None,
        "jobProgressReport": result.progress.to_json(),
        "summary": summary_json(result.summary),
    }


def _exit_code(result: JobResult, *, exit_zero: bool) -> int:
    from ..job_status import JobStatus

    if result.status is JobStatus.FAILED:
        click.echo(f"bulkfhir: the job failed: {result.message}", err=True)
        return exits.FAILED
    if result.status is JobStatus.CANCEL_COMPLETED:
        click.echo(
            f"bulkfhir: the job was cancelled; --resume --job-id {result.job_id} goes on with it",
            err=True,
        )
        return exits.INTERRUPTED
    if result.status is JobStatus.COMPLETED or (
        exit_zero and result.status is JobStatus.COMPLETED_WITH_ERRORS
    ):
        return exits.ACCEPTED
    return exits.REJECTED
