"""`bulkfhir plan`, `run-shards` and `merge`: a job by the processes of an array scheduler."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..job_terms.job_choices import Choices
from . import exits, options
from .job_results import exit_code, show_result
from .landing import landing, result_format
from .option_types import Location
from .showing import Showing

if TYPE_CHECKING:
    from ..arrays import ArrayJob, Share
    from ..counting.summary import Summary
    from ..process.log_lines import LogFormat

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
    No line is read. bulkfhir jobs shows how far the job is.
    """
    from ..arrays import plan_array
    from ..jobs.array_rows import record_plan
    from .live import show_records

    sources = options.sources_of(sources, running)
    choices = options.chosen(running, fail_on)
    show_records(quiet=quiet, verbose=verbose, log_format=log_format)
    uri = plan_array(sources, output, choices, fail_on=fail_on, **running)
    record_plan(uri)
    click.echo(uri)
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
@options.no_report
@options.report_values
@options.failing
@options.showing
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
    no_report: bool,
    report_values: bool,
    fail_on: tuple[str, ...],
    statistics: bool,
    exit_zero: bool,
    workers: int | None,
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
    **running: Any,
) -> int:
    """Publish a planned job whose shares are done.

    With --share only the logs of a share of the files are published, by as many processes as there
    are shares. Without it the rest is, and Manifest.json and the report are written; the exit code
    is the job's. While shards are missing it ends with 3, names them, and publishes nothing. May
    run twice.
    """
    from ..arrays import ArrayJob, end_array, merge_array, merge_share
    from .live import progress_shown, show_records

    if mine := _named(share):
        _refuse_of_share()
        show_records(quiet=quiet, verbose=verbose, log_format=log_format)
        files = merge_share(plan, mine, workers=workers)
        if not quiet:
            click.echo(f"share {mine}: the logs of {files} files are published")
        return exits.ACCEPTED
    choices = ArrayJob.read(plan).settings.choices
    fails = _Failing.of(fail_on, choices, running)
    without = None if choices.values else "the plan, which was made with --no-values"
    report = options.report_wish(without, no_report=no_report, values=report_values)
    with progress_shown(quiet=quiet, verbose=verbose, log_format=log_format) as on_progress:
        job, result = merge_array(
            plan, workers=workers, take_over=take_over, report=report, on_progress=on_progress
        )
    if result is None:
        return _ended(job, output_format, excused=exit_zero and not (fail_on or job.fail_on))
    failed = fails.found(result.summary, job.fail_on)
    result = replace(result, summary=fails.showing.summary(result.summary))
    show_result(result, output_format, statistics=statistics, quiet=quiet)
    code = exit_code(result, exit_zero=exit_zero)
    if code == exits.ACCEPTED and failed:
        code = exits.REJECTED
    if result.manifest is not None:
        end_array(job, str(result.status), code)
    return code


_ONLY_AT_LAST = (
    "fail_on",
    "select",
    "ignore",
    "severity",
    "baseline",
    "no_report",
    "report_values",
    "statistics",
    "exit_zero",
    "take_over",
    "output_format",
)
"""Options that say something of the whole job, which a share of a merge does not see."""


def _refuse_of_share() -> None:
    """Raise UsageError for options that make no sense where a share is merged."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in _ONLY_AT_LAST and source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[-1]} is about the whole job: give it to the last merge, which "
                "has no --share"
            )


@dataclass(frozen=True, slots=True)
class _Failing:
    """The choices of a merge, beside those of its plan: what it shows, and what makes it end with
    1.
    """

    showing: Showing
    names: tuple[str, ...]

    @classmethod
    def of(cls, fail_on: tuple[str, ...], choices: Choices, running: dict[str, Any]) -> _Failing:
        """Read the options. Raise UsageError for what the plan did not have counted."""
        options.refuse_unseen(
            fail_on, checks=choices.checks, baseline=running["baseline"] is not None
        )
        for name in {"warning", "information"}.intersection(fail_on):
            if not choices.warnings:
                raise click.UsageError(
                    f"--fail-on {name}: the job was planned without --warnings, so that none were "
                    "counted"
                )
        return cls(options.shown(running, choices), fail_on)

    def found(self, summary: Summary, planned: tuple[str, ...]) -> bool:
        """Return whether a job makes the merge end with 1."""
        names = (*planned, *self.names)
        return summary.found(names) or self.showing.fails(summary, names)


def _named(share: str | None) -> Share | None:
    from ..arrays import Share

    return None if share is None else Share.of(share)


def _ended(job: ArrayJob, output_format: str, *, excused: bool) -> int:
    """Say how a job ended that an earlier merge has published; return its exit code, which is 0
    where rejected lines are excused.
    """
    from ..arrays import end_of
    from ..job_terms.job_status import JobStatus

    end = end_of(job)
    if output_format == "json":
        document = {"jobId": job.job_id, "jobStatus": end.status, "jobFolder": job.folder}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(f"job {job.job_id}: {end.status}, {job.folder}/")
    excused = excused and end.status == JobStatus.COMPLETED_WITH_ERRORS
    return exits.ACCEPTED if excused else end.exit_code
