"""`bulkfhir submit SOURCE... s3://bucket/prefix`: check, send what was accepted, import it."""

from __future__ import annotations

import secrets
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ..job_report.printable import printable
from . import exits, options
from .option_types import Location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..handoff.health_lake import HealthLake
    from ..handoff.submission import Parcel, Submission
    from ..job_terms.job_choices import Choices
    from ..process.log_lines import LogFormat

__all__ = ["command"]

_MESSAGES = 10
"""Messages of HealthLake's that are shown."""


@click.command("submit", short_help="Check, upload what is accepted, and import it to HealthLake.")
@options.sources
@click.argument("destination", metavar="s3://BUCKET/PREFIX")
@click.option("--datastore-id", metavar="ID", required=True, help="HealthLake's data store.")
@click.option(
    "--role", metavar="ARN", required=True, help="Role by which HealthLake reads and writes S3."
)
@click.option(
    "--kms-key-id",
    "encryption_key_id",
    metavar="ID",
    required=True,
    help="Key that what is sent, and HealthLake's output, are encrypted with.",
)
@click.option(
    "--answer",
    metavar="s3://BUCKET/PREFIX",
    help="Where HealthLake's output goes.  [default: answer/ below the destination]",
)
@click.option(
    "-o",
    "--output",
    type=Location(),
    metavar="FOLDER",
    help="Folder here of the check, and of HealthLake's answer.  [default: submission-ID]",
)
@click.option("--originals", is_flag=True, help="Send the files as they are, rejected lines too.")
@click.option("-y", "--yes", is_flag=True, help="Send without asking.")
@click.option(
    "--allow-unencrypted",
    is_flag=True,
    help="Send to a bucket without default encryption too.",
)
@click.option(
    "--poll-seconds",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="How often HealthLake is asked how far it is.",
)
@click.option(
    "--job-id", metavar="ID", help="Name of the submission, and of its check.  [default: random]"
)
@click.option("--resume", is_flag=True, help="Go on with the submission that --job-id names.")
@options.validating
@options.workers
@options.retrying
@options.selecting
@options.speaking
def command(
    sources: tuple[str, ...],
    destination: str,
    *,
    answer: str | None,
    output: str | None,
    yes: bool,
    poll_seconds: float,
    allow_unencrypted: bool,
    quiet: bool,
    **running: Any,
) -> int:
    """Check SOURCE, send the accepted lines to S3, import them into HealthLake, and fetch what it
    says. Nothing is deleted anywhere.

    Before anything is sent it is shown, and asked for. A submission that was stopped goes on with
    --resume --job-id; one that HealthLake has begun is not begun twice.

    Exit codes: 0 all was accepted, here and there, 1 some was rejected, 2 wrong usage, or
    HealthLake refuses, 3 the import failed.
    """
    from ..handoff.health_lake import HealthLake
    from ..handoff.sending import bucket_folder, refuse_unencrypted
    from ..handoff.submission import Submission
    from ..storage import normal

    if running["resume"] and not running["job_id"]:
        raise click.UsageError("--resume goes on with the submission that --job-id names")
    if not sources:
        raise click.UsageError("Missing argument 'SOURCE...'.")
    name = running["job_id"] = running["job_id"] or secrets.token_hex(16)
    sent_to = bucket_folder(destination)
    answered_to = bucket_folder(answer) if answer else f"{sent_to}/answer"
    if not allow_unencrypted:
        for place in (sent_to, answered_to):
            refuse_unencrypted(place)
    service = HealthLake()
    service.refuse_absent(running["datastore_id"])
    folder = normal(output or f"submission-{name}").rstrip("/")
    record = f"{folder}/submission-{name}.json"
    known = Submission.load(record) if running["resume"] else None
    try:
        submission = known or _checked(
            sources, sent_to, answered_to, folder, quiet=quiet, **running
        )
        if known is None:
            submission.save(record)
        if submission.health_lake_id is None:
            if not submission.parcels:
                click.echo("nothing was accepted, so nothing is sent")
                return exits.REJECTED
            submission = _begun(submission, service, record, yes=yes, quiet=quiet)
        properties = service.follow(submission, poll_seconds, _Progress(quiet=quiet))
        return _answered(submission, properties, service.fetch(properties, folder))
    except KeyboardInterrupt:
        click.echo(
            f"bulkfhir: stopped; the same with --resume --job-id {name} -o {folder} goes on",
            err=True,
        )
        raise


def _checked(
    sources: tuple[str, ...],
    destination: str,
    answer: str,
    folder: str,
    *,
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
    originals: bool,
    role: str,
    **running: Any,
) -> Submission:
    """Run the check, and return what is to be sent."""
    from ..comparing.rejections import JobLogs
    from ..errors import StorageError
    from ..handoff.sending import accepted_parcels, original_parcels
    from ..handoff.submission import Submission
    from ..job_terms.job_folder import MANIFEST, job_folder_name
    from ..jobs.recording import recorded_import
    from ..storage import storage_for
    from .live import progress_shown

    choices: Choices = replace(options.chosen(running), limits="healthlake")
    key, choices = choices.encryption_key_id or "", replace(choices, encryption_key_id=None)
    selection = {"include_all": running["include_all"]}
    selection |= {"include": choices.include, "exclude": choices.exclude}
    job_folder = f"{folder}/{job_folder_name(running['datastore_id'], running['job_id'])}"
    # Files that HealthLake does not read are refused before an hour of checking.
    parcels = tuple(original_parcels(sources, **selection)) if originals else None
    if not (running["resume"] and storage_for(folder).stat(f"{job_folder}/{MANIFEST}")):
        checking = choices if originals else replace(choices, sink="ndjson")
        with progress_shown(quiet=quiet, verbose=verbose, log_format=log_format) as on_progress:
            result = recorded_import(sources, folder, checking, on_progress=on_progress, **running)
        if result.manifest is None:
            raise StorageError("the check", f"{result.status}: {result.message or 'cancelled'}")
    figures = JobLogs(job_folder).figures()
    accepted = figures["numberOfResourcesImportedSuccessfully"]
    return Submission(
        id=running["job_id"],
        destination=destination,
        answer=answer,
        datastore_id=running["datastore_id"],
        role=role,
        encryption_key_id=key,
        level=choices.level,
        originals=originals,
        parcels=tuple(accepted_parcels(job_folder)) if parcels is None else parcels,
        accepted=accepted,
        rejected=figures["numberOfResourcesScanned"] - accepted,
    )


def _begun(
    submission: Submission, service: HealthLake, record: str, *, yes: bool, quiet: bool
) -> Submission:
    """Send, begin the import, and return the submission with its id."""
    from ..handoff.sending import send

    def sent(parcel: Parcel, now: bool) -> None:
        if not quiet:
            what = f"{'sent' if now else 'there already:'} {parcel.relative}, {parcel.size:,} bytes"
            click.echo(printable(what), err=True)

    _ask(submission, yes=yes)
    send(submission, sent)
    submission = replace(submission, health_lake_id=service.start(submission))
    submission.save(record)
    click.echo(f"HealthLake has begun job {submission.health_lake_id}")
    return submission


def _ask(submission: Submission, *, yes: bool) -> None:
    what = "the files as they are" if submission.originals else "the accepted lines"
    click.echo(
        f"to send: {what}, {len(submission.parcels):,} files, {submission.size / 1e6:,.1f} MB "
        f"({submission.accepted:,} resources accepted here, {submission.rejected:,} rejected)\n"
        f"  to          {submission.sent_to}\n"
        f"  data store  {submission.datastore_id}, level {submission.level}\n"
        f"  role        {submission.role}\n"
        f"  key         {submission.encryption_key_id}\n"
        f"  answer to   {submission.answer}/"
    )
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here; --yes sends without asking")
    click.confirm("Send it, and begin the import?", abort=True, err=True)


class _Progress:
    """Says on standard error how far HealthLake is, each time that is something new."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._last = quiet, ""

    def __call__(self, answer: Mapping[str, Any]) -> None:
        report = answer.get("JobProgressReport") or {}
        line = (
            f"HealthLake: {answer['JobStatus']}, "
            f"{report.get('TotalNumberOfResourcesImported', 0):,} imported, "
            f"{report.get('TotalNumberOfResourcesWithCustomerError', 0):,} with errors"
        )
        if line != self._last and not self._quiet:
            click.echo(line, err=True)
        self._last = line


def _answered(submission: Submission, properties: Mapping[str, Any], folder: str) -> int:
    from ..comparing.rejections import JobLogs

    status = properties["JobStatus"]
    click.echo(f"job {submission.health_lake_id}: {status}, {folder}")
    if status not in ("COMPLETED", "COMPLETED_WITH_ERRORS"):
        click.echo(f"bulkfhir: the import failed: {properties.get('Message', status)}", err=True)
        return exits.FAILED
    refused = _messages(JobLogs(folder))
    return exits.REJECTED if refused or submission.rejected else exits.ACCEPTED


def _messages(logs: Any) -> int:
    """Show what HealthLake rejected, by message; return how many lines that are."""
    from ..comparing.comparison import counted

    side = counted(logs)
    for group in side.most_frequent()[:_MESSAGES]:
        click.echo(printable(f"{group.lines:>9,}  {group.message}\n{'':>11}first at {group.first}"))
    return side.lines
