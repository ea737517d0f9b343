"""bulkfhir jobs: what the job store knows of imports, of this command line and of the endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits
from .moments import moment
from .options import as_json, retrying, state_file

if TYPE_CHECKING:
    from ..arrays import ArrayState
    from ..jobs import ImportJob, JobStore

__all__ = ["command"]


@click.group()
@state_file
@click.pass_context
def command(context: click.Context, *, state: Path | None) -> None:
    """Import jobs: list, describe and cancel them, and forget finished ones."""
    context.obj = state


def _with_jobs(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--state``, which the group has too, and the jobs that the file holds."""

    def opened(*arguments: Any, state: Path | None, **named: Any) -> Any:
        given = state or click.get_current_context().obj
        return run(_jobs(given), *arguments, **named)

    return state_file(update_wrapper(opened, run))


def _jobs(state: Path | None) -> JobStore:
    from ..jobs import Database, JobStore, StateError, default_path

    if state is not None and not state.exists():
        raise click.UsageError(f"{state}: there is no file of jobs here")
    try:
        jobs = JobStore(Database(state or default_path()))
    except StateError as error:
        raise click.ClickException(str(error)) from None
    jobs.close_abandoned()
    return jobs


@command.command("list")
@click.option(
    "--status", metavar="STATE", help="Only jobs in this state: QUEUED, IN_PROGRESS, COMPLETED, ..."
)
@click.option("--datastore", metavar="ID", help="Only jobs of this data store.")
@click.option(
    "--since",
    callback=moment,
    metavar="WHEN",
    help="Only jobs submitted since: 2026-11-01, 2026-11-01T08:30, or 90m, 12h, 7d ago.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="At most so many, the newest first.",
)
@retrying
@as_json
@_with_jobs
def list_jobs(
    jobs: JobStore,
    *,
    status: str | None,
    datastore: str | None,
    since: float | None,
    limit: int,
    as_json: bool,
) -> None:
    """List jobs, the newest first."""
    from ..jobs import JobStatus

    if status is not None and status not in set(JobStatus):
        raise click.BadParameter(
            f"{status}: states are {', '.join(JobStatus)}", param_hint="--status"
        )
    if jobs.arrays_under_way(1):
        from ..jobs.array_rows import look_again

        look_again(jobs)
    page = jobs.page(status=status, datastore_id=datastore, submitted_after=since, limit=limit)
    found = page.jobs
    if as_json:
        click.echo(
            json.dumps({"ImportJobPropertiesList": [job.properties() for job in found]}, indent=2)
        )
        return
    if not found:
        click.echo(f"no jobs in {jobs.database.path}", err=True)
    for line in _table(found):
        click.echo(line)
    if page.before:
        click.echo(f"there are older ones; --limit {limit * 10} shows more", err=True)


@command.command(short_help="Show a job: properties, progress, errors by rule.")
@click.argument("job_id", metavar="JOB")
@retrying
@as_json
@_with_jobs
def describe(jobs: JobStore, job_id: str, *, as_json: bool) -> None:
    """Show JOB: its properties and progress as the API names them, and its errors by rule.

    Of an array job, which may be named by the URI of its job.json too: its shards and shares, and
    whether it is merged.
    """
    if "/" in job_id:
        array: ArrayState | None
        properties, array = _planned(job_id)
        findings: tuple[Mapping[str, Any], ...] = ()
    else:
        job, array = _looked_at(jobs, _find(jobs, job_id))
        properties, findings = job.properties(), job.findings
    if as_json:
        document = {"ImportJobProperties": properties, "Findings": list(findings)}
        if array is not None:
            document["Array"] = array.to_json()
        click.echo(json.dumps(document, indent=2))
        return
    for line in (*_described(properties, findings), *(_shares(array) if array else ())):
        click.echo(line)


def _looked_at(jobs: JobStore, job: ImportJob) -> tuple[ImportJob, ArrayState | None]:
    """Return a job, and where it stands if it is an array job."""
    if job.origin != "array":
        return job, None
    from ..jobs.array_rows import array_of

    return array_of(jobs, job)


def _planned(uri: str) -> tuple[dict[str, Any], ArrayState]:
    """Return the properties of the array job of a ``job.json``, and where it stands."""
    from ..arrays import state_of
    from ..jobs.array_rows import array_row, progress_of

    state = state_of(uri)
    row = replace(array_row(state.job), status=state.status, progress=progress_of(state))
    properties = row.properties()
    del properties["SubmitTime"]  # which its plan does not hold
    return properties, state


@command.command(short_help="Ask for the end of a job.")
@click.argument("job_id", metavar="JOB")
@_with_jobs
def cancel(jobs: JobStore, job_id: str) -> None:
    """Ask for the end of JOB: one that waits is cancelled at once, one that runs drains first."""
    from ..jobs import ElsewhereError, FinishedJobError

    _find(jobs, job_id)
    try:
        click.echo(f"{job_id} {jobs.cancel(job_id).status}")
    except (ElsewhereError, FinishedJobError) as error:
        raise click.ClickException(str(error)) from None


@command.command()
@click.argument("job_ids", metavar="[JOB]...", nargs=-1)
@click.option(
    "--older-than",
    callback=moment,
    metavar="WHEN",
    help="Finished jobs submitted before: 2026-11-01, or 12h, 30d ago.",
)
@_with_jobs
def rm(jobs: JobStore, job_ids: tuple[str, ...], *, older_than: float | None) -> int:
    """Forget finished jobs, by name or by age, and array jobs by name. Their output stays where it
    is.
    """
    from ..jobs import RunningJobError

    if not job_ids and older_than is None:
        raise click.UsageError("name a JOB, or give --older-than")
    for job_id in job_ids:
        _find(jobs, job_id)
        try:
            jobs.remove(job_id)
        except RunningJobError as error:
            raise click.ClickException(f"{error}: cancel it first") from None
        click.echo(f"{job_id} removed")
    if older_than is not None:
        for job_id in jobs.remove_older(older_than):
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


def _described(properties: dict[str, Any], findings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
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
    for finding in findings:
        yield f"{finding['count']:>9,}  {finding['severity']}  {finding['rule']}"
        for cause in finding.get("causes", ()):
            yield f"{'':>11}{cause['issues']:,} x {cause['path']}: {cause['message']}"
        for example in finding["examples"]:
            issues = "; ".join(
                f"{issue['location']}: {issue['diagnostics']}"
                for issue in example.get("issues", ())
            )
            yield f"{'':>11}{example['file']}:{example['line']}  {issues}".rstrip()


def _shares(array: ArrayState) -> Iterator[str]:
    """Yield what is known of an array job beside its properties."""
    yield f"{'Plan':<42}{array.job.uri}"
    yield f"{'Shards':<42}{array.done:,} of {array.job.shards:,} are done"
    if array.missing:
        yield f"{'ShardsMissing':<42}{array.missing_named}"
    whole = [share for share in array.shares if share.done == share.shards]
    if array.shares:
        yield f"{'Shares':<42}{len(whole):,} of {len(array.shares):,} that were begun are done"
    for share in array.shares:
        if share.done < share.shards:
            yield (
                f"{'':>9}  {share.mark.share}: {share.done:,} of {share.shards:,} shards, begun "
                f"{_time(share.mark.began)} on {share.mark.host}, process {share.mark.process}"
            )
    if array.not_begun:
        yield f"{'SharesNotBegun':<42}{array.not_begun}"
    if array.merged:
        yield f"{'SharesMerged':<42}{', '.join(map(str, array.merged))}"
    yield f"{'Merged':<42}{'yes' if array.published else 'no'}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")
