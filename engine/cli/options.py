"""Options that several commands share: one place for their names, meanings and help."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..job_terms.job_choices import (
    LEVELS,
    LIMITS,
    TERMINOLOGIES,
    UNKNOWN_PROFILES,
    Choices,
    ReportWish,
)
from .baseline import Baseline
from .option_types import Location
from .showing import FAIL_ON, SEVERITIES, Showing
from .shown_terms import shown_terms

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "asked_profiles",
    "checking",
    "chosen",
    "executing",
    "failing",
    "limits",
    "pairs",
    "no_report",
    "profiles",
    "refuse_unseen",
    "rejected_again",
    "report_values",
    "report_wish",
    "retrying",
    "shown",
    "showing",
    "selecting",
    "sources",
    "sources_of",
    "speaking",
    "state_file",
    "summing",
    "validating",
    "work_folder",
    "workers",
    "with_options",
]

Command = TypeVar("Command", bound="Callable[..., Any]")


sources = click.argument("sources", nargs=-1, metavar="SOURCE...", type=Location())
"""File, folder, glob, s3:// prefix, or - for standard input."""

rejected_again = click.option(
    "--only-rejected-of",
    metavar="JOB",
    help="Read what a job rejected and kept by --rejected: its id, or its folder.",
)


def sources_of(sources: tuple[str, ...], parameters: dict[str, Any]) -> tuple[str, ...]:
    """Return what is to be read; take the job whose rejected lines that is out of the parameters.

    Raises UsageError where nothing is named, or both are.
    """
    job = parameters.pop("only_rejected_of")
    if (job is None) == (not sources):
        raise click.UsageError(
            "Missing argument 'SOURCE...'."
            if job is None
            else "--only-rejected-of names what is read; no SOURCE goes with it"
        )
    if job is None:
        return sources
    from ..jobs.rejected_of import rejected_of
    from ..writing.rejected_lines import OUTCOMES

    parameters["exclude"] = (*parameters["exclude"], f"*{OUTCOMES}")
    return (rejected_of(job),)


_OPTIONS_OF = {"sink_options": "a sink", "table_options": "a table"}


workers = click.option(
    "--workers", type=click.IntRange(min=1), help="Processes that validate.  [default: one a core]"
)


def pairs(
    _context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return the options of a plug-in, NAME=VALUE each, by name."""
    found = {}
    for value in values:
        name, mark, text = value.partition("=")
        if not (name and mark):
            what = _OPTIONS_OF.get(option.name or "", "an executor")
            raise click.BadParameter(f"{value}: an option of {what} is given as NAME=VALUE")
        found[name] = text
    return tuple(sorted(found.items()))


def executing(command: Command) -> Command:
    """Add the options that say which workers do the tasks."""
    return with_options(
        command,
        click.option(
            "--executor",
            metavar="NAME",
            default="local",
            show_default=True,
            help="Whose workers: local, dask, ray, spark, futures or another installed engine.",
        ),
        click.option(
            "--executor-opt",
            "executor_options",
            multiple=True,
            metavar="NAME=VALUE",
            callback=lambda *given: dict(pairs(*given)),
            help="Option of the executor: address=tcp://host:8786 for dask. Repeatable.",
        ),
        click.option(
            "--task-bytes",
            type=click.IntRange(min=1),
            help="Input that a worker does as one task, at the most.  [default: 1 GiB on a "
            "cluster]",
        ),
    )


def _keep_retry_seconds(
    _ctx: click.Context, _option: click.Parameter, seconds: float | None
) -> None:
    """Put the seconds where the storage of this process and of every worker finds them."""
    if seconds is not None:
        os.environ["BULKFHIR_RETRY_SECONDS"] = str(seconds)


retrying = click.option(
    "--retry-seconds",
    type=click.FloatRange(min=0),
    expose_value=False,
    callback=_keep_retry_seconds,
    help="How long S3 is asked again while it does not answer.  [default: 300]",
)


state_file = click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="SQLite file of jobs.  [default: $XDG_STATE_HOME/bulkfhir/jobs.db]",
)


no_report = click.option(
    "--no-report",
    is_flag=True,
    help="Do not write report.html and report.json into the job's folder.",
)

report_values = click.option(
    "--include-values",
    "report_values",
    is_flag=True,
    help="Let report.html and report.json quote values of the data.",
)


def report_wish(without_values: str | None, *, no_report: bool, values: bool) -> ReportWish | None:
    """Return what a job's report is to hold; None where none is wanted. Raises UsageError where
    values are asked for and excluded.

    without_values   what excludes values from all that the job writes; None where nothing does
    """
    other = "--no-report" if no_report else without_values
    if values and other is not None:
        raise click.UsageError(f"--include-values contradicts {other}")
    return None if no_report else ReportWish(values=values)


work_folder = click.option(
    "--work-folder",
    type=Location(),
    metavar="FOLDER",
    help="Where a job's parts lie while it runs.  [default: in the job's folder]",
)


def limits(default: str) -> Callable[[Command], Command]:
    """Return the option of HealthLake's limits, with a command's own default."""
    return click.option(
        "--limits",
        type=click.Choice(LIMITS),
        default=default,
        show_default=True,
        help="Refuse a job over HealthLake's limits.",
    )


def profiles(command: Command) -> Command:
    """Add the options that say which profiles are known, and what one is that is not."""
    return with_options(
        command,
        click.option(
            "--unknown-profile",
            type=click.Choice(UNKNOWN_PROFILES),
            default="error",
            show_default=True,
            help="What an unknown profile is at strict.",
        ),
        click.option(
            "--terminology",
            type=click.Choice(TERMINOLOGIES),
            default="reference",
            show_default=True,
            help="Value sets as HL7's validator reads them, or by R4's text where that differs.",
        ),
        click.option(
            "--package",
            "packages",
            type=Location(),
            multiple=True,
            metavar="PACKAGE",
            help="FHIR package of profiles: name#version, .tgz or folder. Repeatable.",
        ),
        click.option(
            "--default-version",
            "default_versions",
            multiple=True,
            metavar="NAME#VERSION",
            help="Version that a bare profile url means. Repeatable.",
        ),
    )


asked_profiles = click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="URL",
    help="Profile that every resource of its type follows, whatever it names. Repeatable.",
)


def validating(command: Command) -> Command:
    """Add the options that say what decides over a line."""
    return with_options(
        command,
        click.option(
            "--level",
            type=click.Choice(LEVELS, case_sensitive=False),
            default="strict",
            show_default=True,
            help="How much is checked, as HealthLake names it.",
        ),
        profiles,
        asked_profiles,
        click.option(
            "--validator",
            "validators",
            multiple=True,
            metavar="NAME",
            help="A further validator, as a second opinion. Repeatable.",
        ),
        click.option(
            "--judge",
            default="bulkfhir",
            show_default=True,
            metavar="NAME",
            help="The validator whose errors fail a line.",
        ),
        click.option(
            "--warnings",
            is_flag=True,
            help="Report warnings and information of accepted lines too.",
        ),
        click.option(
            "--max-issues",
            type=click.IntRange(min=0),
            default=1_000,
            show_default=True,
            help="Issues shown of one line, errors first; 0 for all.",
        ),
        click.option(
            "--no-values",
            is_flag=True,
            help="Mask the values of elements that messages quote.",
        ),
    )


def summing(command: Command) -> Command:
    """Add the options that say what is told at the end."""
    return with_options(
        command,
        click.option(
            "--statistics",
            is_flag=True,
            help="Count every rule, with the first places, and what could not be decided.",
        ),
        click.option(
            "--exit-zero", is_flag=True, help="Exit with 0 even where lines were rejected."
        ),
    )


def selecting(command: Command) -> Command:
    """Add the options that say which files of the sources are read."""
    return with_options(
        command,
        click.option(
            "--include",
            multiple=True,
            metavar="PATTERN",
            help="Read only files that match: '*.json', '2024/**'. Repeatable.",
        ),
        click.option(
            "--exclude",
            multiple=True,
            metavar="PATTERN",
            help="Do not read files that match: 'draft-*', 'tmp/'. Repeatable.",
        ),
        click.option(
            "--include-all",
            is_flag=True,
            help="Also read what an export keeps beside its data: logs, error/, deleted/.",
        ),
    )


def checking(command: Command) -> Command:
    """Add the options of the checks over a whole job."""
    return with_options(
        command,
        click.option(
            "--checks",
            is_flag=True,
            help="Look at references, duplicates and undecided codes over the whole job.",
        ),
        click.option(
            "--target",
            "targets",
            multiple=True,
            metavar="FOLDER",
            help="NDJSON or Parquet whose resources count as present for --checks. Repeatable.",
        ),
        failing,
    )


def _names_to_fail_on(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> tuple[str, ...]:
    from ..across.job_checks import CHECKS

    known = (*CHECKS, *FAIL_ON)
    names = tuple(name for part in (value or "").split(",") if (name := part.strip()))
    if value is not None and not names:
        raise click.BadParameter(f"no check is named; one of {', '.join(known)}")
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name}: no such check; one of {', '.join(known)}")
    return names


failing = click.option(
    "--fail-on",
    metavar="NAME[,NAME]",
    callback=_names_to_fail_on,
    help="Exit with 1 where these checks find something; new: what --baseline has not; error, "
    "warning or information: findings of that severity or above.",
)


def showing(command: Command) -> Command:
    """Add the options that say which findings are shown; see ``Showing``."""
    return with_options(
        command,
        click.option(
            "--select",
            multiple=True,
            metavar="RULE|PLACE",
            help="Show only findings of this rule or below this place. Repeatable.",
        ),
        click.option(
            "--ignore",
            multiple=True,
            metavar="RULE|PLACE",
            help="Do not show findings of this rule or below this place. Repeatable.",
        ),
        click.option(
            "--severity",
            type=click.Choice(SEVERITIES),
            default=SEVERITIES[-1],
            show_default=True,
            help="Least severity that is shown.",
        ),
        click.option(
            "--baseline",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Show only what an earlier result, of --output-format json, has not.",
        ),
    )


def shown(parameters: dict[str, Any], choices: Choices) -> Showing:
    """Take out of a command's parameters what is to be shown, and return it.

    Raises UsageError for a baseline that is none, and for what is neither a rule nor a place.
    """
    baseline = parameters.pop("baseline")
    return Showing(
        shown_terms("--select", parameters.pop("select"), choices),
        shown_terms("--ignore", parameters.pop("ignore"), choices),
        parameters.pop("severity"),
        None if baseline is None else Baseline.read(baseline),
    )


def speaking(command: Command) -> Command:
    """Add the options that say what goes to standard error while a command runs."""
    return with_options(
        command,
        click.option(
            "-q", "--quiet", is_flag=True, help="Say nothing but the result and what went wrong."
        ),
        click.option("-v", "--verbose", count=True, help="Say more; twice for everything."),
        click.option(
            "--log-format",
            type=click.Choice(("text", "json")),
            default="text",
            show_default=True,
            help="Form of log lines on standard error.",
        ),
    )


def with_options(command: Command, *options: Callable[[Command], Command]) -> Command:
    """Add options to a command, which --help then shows in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def chosen(parameters: dict[str, Any], fail_on: tuple[str, ...] = ()) -> Choices:
    """Take the choices out of a command's parameters, where both are called alike, and return
    them; the parameters that are left say how to run.

    fail_on   checks over the whole job, which are made only where that is chosen; or a severity:
              warnings are counted for it
    """
    refuse_unseen(
        fail_on,
        checks=bool(parameters.get("checks")),
        baseline=parameters.get("baseline") is not None,
    )
    if not {"warning", "information"}.isdisjoint(fail_on):
        parameters["warnings"] = True
    values = not parameters.pop("no_values", False)
    names = [item.name for item in fields(Choices) if item.name in parameters]
    return Choices(values=values, **{name: parameters.pop(name) for name in names})


def refuse_unseen(fail_on: tuple[str, ...], *, checks: bool, baseline: bool) -> None:
    """Raise UsageError for what a command is to fail on, and cannot see: without checks over the
    whole job, or without a baseline.
    """
    named = [name for name in fail_on if name not in FAIL_ON]
    if named and not checks:
        raise click.UsageError(f"--fail-on {named[0]}: checks are made where --checks asks")
    if "new" in fail_on and not baseline:
        raise click.UsageError("--fail-on new: what is new is told by --baseline")
