"""Job results: how a job ended, for a person, as JSON, and as an exit code."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from ..job_report.printable import printable
from . import exits

if TYPE_CHECKING:
    from ..job.job_run import JobResult

__all__ = ["exit_code", "show_result"]


def show_result(result: JobResult, output_format: str, *, statistics: bool, quiet: bool) -> None:
    """Print a job's result as JSON or for a person; where it is to be quiet, only which files could
    not be read, on standard error.
    """
    if output_format == "json":
        click.echo(json.dumps(_document(result), indent=2))
    elif statistics or not quiet:
        _show_tables(result, statistics=statistics, grouped=output_format == "grouped")
    else:
        for broken in result.summary.broken_files:
            click.echo(f"bulkfhir: {printable(f'{broken.name}: {broken.message}')}", err=True)


def _show_tables(result: JobResult, *, statistics: bool, grouped: bool) -> None:
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


def exit_code(result: JobResult, *, exit_zero: bool) -> int:
    """Return the exit code of a job, and say on standard error why it has not come to its end."""
    from ..job_terms.job_status import JobStatus

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
