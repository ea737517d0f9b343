"""`bulkfhir plan`, `run-shards` and `merge`: a job by the processes of an array scheduler."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from . import exits, options
from .job_results import exit_code, result_document, show_result
from .landing import landing, result_format
from .option_types import Location

if TYPE_CHECKING:
    from ..arrays import ArrayJob, Share
    from ..log_lines import LogFormat

__all__ = ["merge", "plan", "run_shards"]

_plan = click.option(
    "--plan",
    type=Location(),
    required=True,
    metavar="URI",
    help="The job.json that bulkfhir plan has printed.",
)
_share = click.option("--share", metavar="I/N", help="Which share of how many, I from 0.")


@click.command("plan")
@options.sources
@options.rejected_again
@landing
@options.validating
@options.checking
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes of all shares together, roughly: shards are cut for them.  [default: 256]",
)
@options.retrying
@options.selecting
@options.speaking
def plan(
    sources: tuple[str, ...],
    *,
    output: str,
    fail_on: tuple[str, ...],
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
    **running: Any,
) -> int:
    """Plan an import job for an array scheduler.

    Writes job.json into the job's folder and prints its URI; run-shards and merge begin with that.
    No line is read.
    """
    from ..arrays import plan_array
    from .live import show_records

    sources = options.sources_of(sources, running)
    choices = options.chosen(running, fail_on)
    show_records(quiet=quiet, verbose=verbose, log_format=log_format)
    click.echo(plan_array(sources, output, choices, fail_on=fail_on, **running))
    return exits.ACCEPTED


@click.command("run-shards")
@_plan
@_share
@click.option(
    "--shares",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many shares there are, where the scheduler names only the share.",
)
@options.workers
@options.retrying
@options.speaking
def run_shards(
    *,
    plan: str,
    share: str | None,
    shares: int | None,
    workers: int | None,
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
) -> int:
    """Do one share of a planned job.

    The share is read from the variables of AWS Batch, Slurm or a Kubernetes indexed Job where
    --share does not name it; without either all is done here. Ends with 0 when the share's shards
    are done, whatever was rejected. May run twice.
    """
    from ..arrays import Share, run_share
    from .live import show_records

    mine = _named(share) or Share.of_scheduler(os.environ, shares) or Share()
    show_records(quiet=quiet, verbose=verbose, log_format=log_format)
    done = run_share(plan, mine, workers=workers)
    if done is None:
        click.echo(f"share {mine}: the job is published already")
    elif not quiet:
        click.echo(
            f"share {mine}: {done.shards} shards are done, {done.earlier} of them before; "
            f"{done.lines:,} lines read, {done.rejected:,} rejected"
        )
    return exits.ACCEPTED


@click.command("merge")
@_plan
@_share
@click.option(
    "--take-over",
    is_flag=True,
    help="Go on with a merge on S3 that another process began and left a moment ago.",
)
@result_format
@options.summing
@options.workers
@options.retrying
@options.speaking
def merge(
    *,
    plan: str,
    share: str | None,
    take_over: bool,
    output_format: str,
    statistics: bool,
    exit_zero: bool,
    workers: int | None,
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
) -> int:
    """Publish a planned job whose shares are done.

    With --share only the logs of a share of the files are published, by as many processes as there
    are shares. Without it the rest is, and Manifest.json is written; the exit code is the job's.
    While shards are missing it ends with 3, names them, and publishes nothing. May run twice.
    """
    from ..arrays import end_array, merge_array, merge_share
    from .live import progress_shown, show_records

    if mine := _named(share):
        show_records(quiet=quiet, verbose=verbose, log_format=log_format)
        files = merge_share(plan, mine, workers=workers)
        if not quiet:
            click.echo(f"share {mine}: the logs of {files} files are published")
        return exits.ACCEPTED
    with progress_shown(quiet=quiet, verbose=verbose, log_format=log_format) as on_progress:
        job, result = merge_array(
            plan, workers=workers, take_over=take_over, on_progress=on_progress
        )
    if result is None:
        return _ended(job, output_format)
    if output_format == "json":
        click.echo(json.dumps(result_document(result), indent=2))
    elif statistics or not quiet:
        show_result(result, statistics=statistics, grouped=output_format == "grouped")
    code = exit_code(result, exit_zero=exit_zero)
    if code == exits.ACCEPTED and result.summary.found(job.fail_on):
        code = exits.REJECTED
    if result.manifest is not None:
        end_array(job, str(result.status), code)
    return code


def _named(share: str | None) -> Share | None:
    from ..arrays import Share

    return None if share is None else Share.of(share)


def _ended(job: ArrayJob, output_format: str) -> int:
    """Say how a job ended that an earlier merge has published; return its exit code."""
    from ..arrays import end_of

    end = end_of(job)
    if output_format == "json":
        document = {"jobId": job.job_id, "jobStatus": end.status, "jobFolder": job.folder}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(f"job {job.job_id}: {end.status}, {job.folder}/")
    return end.exit_code
