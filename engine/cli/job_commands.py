"""bulkfhir jobs: what the job store knows of imports, of this command line and of the endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import exits

if TYPE_CHECKING:
    from ..jobs import ImportJob, JobStore

__all__ = ["command"]


@click.group()
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="SQLite file of jobs.  [default: $XDG_STATE_HOME/bulkfhir/jobs.db]",
)
@click.pass_context
def command(context: click.Context, *, state: Path | None) -> None:
    """Import jobs: list, describe and cancel them, and forget finished ones."""
    from ..jobs import Database, JobStore, StateError, default_path

    try:
        context.obj = JobStore(Database(state or default_path()))
    except StateError as error:
        raise click.ClickException(str(error)) from None
    context.obj.close_abandoned()


@command.command("list")
@click.option(
    "--status", metavar="STATE", help="Only jobs in this state: QUEUED, IN_PROGRESS, COMPLETED, ..."
)
@click.option("--datastore", metavar="ID", help="Only jobs of this data store.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="At most so many, the newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def list_jobs(
    jobs: JobStore, *, status: str | None, datastore: str | None, limit: int, as_json: bool
) -> None:
    """List jobs, the newest first."""
    from ..jobs import JobStatus

    if status is not None and status not in set(JobStatus):
        raise click.BadParameter(
            f"{status}: states are {', '.join(JobStatus)}", param_hint="--status"
        )
    found = jobs.page(status=status, datastore_id=datastore, limit=limit).jobs
    if as_json:
        click.echo(
            json.dumps({"ImportJobPropertiesList": [job.properties() for job in found]}, indent=2)
        )
        return
    if not found:
        click.echo(f"no jobs in {jobs.database.path}", err=True)
    for line in _table(found):
        click.echo(line)


@command.command(short_help="Show a job: properties, progress, errors by rule.")
@click.argument("job_id", metavar="JOB")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def describe(jobs: JobStore, job_id: str, *, as_json: bool) -> None:
    """Show JOB: its properties and progress as the API names them, and its errors by rule."""
    job = _find(jobs, job_id)
    if as_json:
        click.echo(
            json.dumps(
                {"ImportJobProperties": job.properties(), "Findings": list(job.findings)}, indent=2
            )
        )
        return
    for line in _described(job):
        click.echo(line)


@command.command(short_help="Ask for the end of a job.")
@click.argument("job_id", metavar="JOB")
@click.pass_obj
def cancel(jobs: JobStore, job_id: str) -> None:
    """Ask for the end of JOB: one that waits is cancelled at once, one that runs drains first."""
    from ..jobs import FinishedJobError

    _find(jobs, job_id)
    try:
        click.echo(f"{job_id} {jobs.cancel(job_id).status}")
    except FinishedJobError as error:
        raise click.ClickException(str(error)) from None


@command.command()
@click.argument("job_ids", metavar="JOB...", nargs=-1, required=True)
@click.pass_obj
def rm(jobs: JobStore, job_ids: tuple[str, ...]) -> int:
    """Forget finished jobs. Their output stays where it is."""
    from ..jobs import RunningJobError

    for job_id in job_ids:
        _find(jobs, job_id)
        try:
            jobs.remove(job_id)
        except RunningJobError as error:
            raise click.ClickException(f"{error}: cancel it first") from None
        click.echo(f"{job_id} removed")
    return exits.ACCEPTED


def _find(jobs: JobStore, job_id: str) -> ImportJob:
    from ..jobs import UnknownJobError

    try:
        return jobs.job(job_id)
    except UnknownJobError:
        raise click.ClickException(f"there is no job {job_id} in {jobs.database.path}") from None


def _table(jobs: tuple[ImportJob, ...]) -> Iterator[str]:
    rows = [("JOB", "STATUS", "SUBMITTED", "IMPORTED", "ERRORS", "NAME")] if jobs else []
    for job in jobs:
        imported, errors = (
            job.progress.get(f"TotalNumberOfResources{figure}", 0)
            for figure in ("Imported", "WithCustomerError")
        )
        rows.append(
            (
                job.id,
                str(job.status),
                _time(job.submit_time),
                f"{imported:,}",
                f"{errors:,}",
                job.name or "",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)] if rows else []
    for row in rows:
        cells = [
            cell.rjust(width) if column in (3, 4) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _described(job: ImportJob) -> Iterator[str]:
    properties = job.properties()
    output = properties.pop("JobOutputDataConfig")["S3Configuration"]["S3Uri"]
    progress = properties.pop("JobProgressReport", {})
    flat = properties | {
        "InputDataConfig": properties["InputDataConfig"]["S3Uri"],
        "JobOutputDataConfig": output,
    }
    for name in ("SubmitTime", "EndTime"):
        if name in flat:
            flat[name] = _time(flat[name])
    for name, value in (flat | progress).items():
        yield f"{name:<42}{value}"
    for finding in job.findings:
        yield f"{finding['count']:>9,}  {finding['severity']}  {finding['rule']}"
        for example in finding["examples"]:
            issues = "; ".join(
                f"{issue['location']}: {issue['diagnostics']}"
                for issue in example.get("issues", ())
            )
            yield f"{'':>11}{example['file']}:{example['line']}  {issues}".rstrip()


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")
