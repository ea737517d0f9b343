"""bulkfhir serve: the HealthLake endpoint and the job page."""

from __future__ import annotations

import ipaddress
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

from ..job_terms.job_choices import ReportWish
from . import exits
from .options import (
    chosen,
    limits,
    log_format,
    profiles,
    report_values,
    retrying,
    state_file,
    work_folder,
    workers,
)

if TYPE_CHECKING:
    from ..process.log_lines import LogFormat

__all__ = ["command"]

_DATASTORE = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_SHORTEST_TOKEN = 16


def _datastores(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    for value in values:
        if not _DATASTORE.fullmatch(value):
            raise click.BadParameter(
                f"{value}: up to 32 letters, digits, '-', '_' and '.'; 32 lowercase hexadecimal "
                "digits where it is to be tagged"
            )
    return values


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _page_token(file: Path) -> str:
    """The token of a file: its first line, which no try of a stranger hits."""
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--page-token-file {file}: {error}") from None
    if len(token) < _SHORTEST_TOKEN or "\n" in token:
        raise click.UsageError(
            f"--page-token-file {file}: a token is one line of {_SHORTEST_TOKEN} characters or more"
        )
    return token


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port; 0 takes a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--s3-root",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that stands for S3: s3://bucket/key is FOLDER/bucket/key.",
)
@state_file
@click.option(
    "--datastore",
    "datastores",
    multiple=True,
    metavar="ID",
    callback=_datastores,
    help="Data store that exists from the start. Repeatable.",
)
@click.option(
    "--datastore-delay",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="How long CREATING and DELETING last.  [default: 0]",
)
@workers
@retrying
@click.option(
    "--concurrent",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Imports that run at once over all data stores.",
)
@profiles
@limits("healthlake")
@work_folder
@click.option(
    "--report",
    is_flag=True,
    help="Write report.html and report.json into the folder of every job.",
)
@report_values
@click.option(
    "--exports",
    is_flag=True,
    help="Answer export jobs too: every import keeps its accepted lines in the job's folder.",
)
@click.option(
    "--events",
    metavar="FILE|URL",
    help="Tell what happens to jobs and data stores, in EventBridge's form: appended to FILE, one "
    "event a line, or posted to URL.",
)
@click.option(
    "--throttle",
    type=click.Choice(("none", "service")),
    default="none",
    show_default=True,
    help="Refuse requests beyond the service's rates.",
)
@click.option(
    "--require-auth", is_flag=True, help="Refuse requests that no key of --credentials signed."
)
@click.option(
    "--credentials",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Keys, in the AWS shared-credentials format.",
)
@click.option(
    "--page-token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the token that the job page asks for, with --require-auth.  "
    "[default: a random one, printed]",
)
@click.option(
    "--without-auth",
    is_flag=True,
    help="Let everybody in who can reach a --host beyond this machine.",
)
@click.option(
    "--region",
    envvar=("BULKFHIR_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
    default="us-east-1",
    help="In ARNs.  [default: $AWS_REGION]",
)
@click.option("--account", default="123456789012", show_default=True, help="In ARNs.")
@log_format
@click.option("-q", "--quiet", is_flag=True, help="Log warnings and errors only.")
def command(
    *,
    port: int,
    host: str,
    s3_root: Path | None,
    state: Path | None,
    datastores: tuple[str, ...],
    datastore_delay: float,
    workers: int | None,
    concurrent: int,
    throttle: str,
    require_auth: bool,
    credentials: Path | None,
    page_token_file: Path | None,
    without_auth: bool,
    report: bool,
    report_values: bool,
    events: str | None,
    exports: bool,
    region: str,
    account: str,
    log_format: LogFormat,
    quiet: bool,
    **given: Any,
) -> int:
    """Serve AWS HealthLake's import API (AWS JSON 1.0) and a job page in the browser.

    One line with the address goes to standard output when the server is ready. Point a client at it
    with AWS_ENDPOINT_URL_HEALTHLAKE.
    """
    if require_auth and credentials is None:
        raise click.UsageError("--require-auth needs --credentials FILE")
    if credentials is not None and not require_auth:
        raise click.UsageError("--credentials is of use with --require-auth only")
    if page_token_file is not None and not require_auth:
        raise click.UsageError("--page-token-file is of use with --require-auth only")
    if report_values and not report:
        raise click.UsageError("--include-values is of use with --report only")
    local = _is_loopback(host)
    if not (local or require_auth or without_auth):
        raise click.UsageError(
            f"--host {host} lets everybody in who can reach it: add --require-auth and "
            "--credentials FILE, or say so by --without-auth"
        )
    try:
        from ..server.listen import listen
        from ..server.service import ServiceSettings
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("bulkfhir"):
            raise
        raise click.ClickException(
            f"the endpoint needs {error.name}: pip install 'bulkfhir[server]'"
        ) from None
    from ..jobs import RunnerBusyError, RunOptions, StateError, default_path
    from ..judging.chosen_packages import check_packages
    from ..process.log_lines import show_logs

    level = "WARNING" if quiet else "INFO"
    show_logs(log_format, level)
    choices = chosen(given)
    check_packages(choices.packages, choices.default_versions)
    given_token = None if page_token_file is None else _page_token(page_token_file)
    page_token = given_token or secrets.token_urlsafe(32)
    wish = ReportWish(values=report_values) if report else None
    run = RunOptions(workers, choices, log_format, level, wish)
    settings = ServiceSettings(
        state=state or default_path(),
        run=run,
        s3_root=s3_root,
        datastores=datastores,
        datastore_delay=datastore_delay,
        concurrent=concurrent,
        throttle=throttle,  # type: ignore[arg-type]  # click has checked the choice
        keys=credentials,
        page_token=page_token,
        local=local,
        region=region,
        account=account,
        events=events,
        exports=exports,
    )

    def ready(address: str) -> None:
        click.echo(f"bulkfhir serves at {address}")
        if require_auth and given_token is None:
            click.echo(f"its job page asks for this token: {page_token}")

    try:
        listen(settings, host, port, ready)
    except (StateError, RunnerBusyError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
    return exits.ACCEPTED
