"""`bulkfhir preflight s3://in s3://out`: what HealthLake needs of an import, before it begins."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ..job_report.printable import printable
from ..job_terms.job_choices import LEVELS
from . import exits, options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..handoff.requirement import Requirement

__all__ = ["command"]

_MARKS = {"met": "ok", "unmet": "MEND", "unknown": "?"}


@click.command("preflight", short_help="Look at what HealthLake needs, before an import begins.")
@click.argument("source", metavar="s3://INPUT")
@click.argument("output", metavar="s3://OUTPUT")
@click.option("--role", metavar="ARN", required=True, help="Role that HealthLake is to take.")
@click.option(
    "--kms-key-id",
    "encryption_key_id",
    metavar="ID",
    required=True,
    help="Key that HealthLake's output is to be encrypted with.",
)
@click.option("--datastore-id", metavar="ID", help="Data store, which must be ACTIVE.")
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="strict",
    show_default=True,
    help="Level of the import; profiles matter at strict alone.",
)
@options.retrying
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(
    source: str,
    output: str,
    *,
    role: str,
    encryption_key_id: str,
    datastore_id: str | None,
    level: str,
    as_json: bool,
) -> int:
    """Look at all that HealthLake needs of an import, with the rights of whoever calls: buckets,
    key, role, names and sizes of the files, profiles in a sample of the lines.

    Nothing is changed anywhere.

    Exit codes: 0 all is as it must be, 1 something must be mended, 2 nothing must be mended that
    could be looked at, but something could not be asked.
    """
    from ..handoff.readiness import Readiness

    wanted = Readiness(
        source=source,
        output=output,
        role=role,
        encryption_key_id=encryption_key_id,
        level=level,
        datastore_id=datastore_id,
    )
    found = list(wanted.requirements())
    if as_json:
        click.echo(json.dumps({"requirements": [asdict(one) for one in found]}, indent=2))
    else:
        _show(found)
    states = {one.state for one in found}
    if "unmet" in states:
        return exits.REJECTED
    return exits.USAGE if "unknown" in states else exits.ACCEPTED


def _show(found: Sequence[Requirement]) -> None:
    width = max(len(one.subject) for one in found)
    for one in found:
        click.echo(printable(f"{_MARKS[one.state]:<5} {one.subject:<{width}}  {one.what}"))
        if one.mend:
            click.echo(printable(f"{'':<5} {'':<{width}}    {one.mend}"))
    counts = [sum(one.state == state for one in found) for state in ("met", "unmet", "unknown")]
    click.echo("{} as they must be, {} to mend, {} that could not be asked".format(*counts))
