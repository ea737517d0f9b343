"""`bulkfhir tables`: what killed jobs left in the folders of tables."""

from __future__ import annotations

import click

from . import exits, options
from .option_types import Location

__all__ = ["command"]


@click.group()
def command() -> None:
    """Iceberg and Delta tables: what lies in their folders and belongs to no version of them."""


@command.command(short_help="Name files that no version of a table needs; --remove deletes them.")
@click.argument("location", metavar="FOLDER", type=Location())
@click.option(
    "--table",
    "form",
    required=True,
    metavar="FORMAT",
    help="Format of the tables: iceberg or delta.",
)
@click.option(
    "--table-opt",
    "table_options",
    multiple=True,
    metavar="NAME=VALUE",
    callback=options.pairs,
    help="Option of the tables, as of import: namespace=NAME, sqlite=FILE. Repeatable.",
)
@options.retrying
@click.option("--remove", is_flag=True, help="Delete them. No job may be writing to the tables.")
def orphans(
    location: str, *, form: str, table_options: tuple[tuple[str, str], ...], remove: bool
) -> int:
    """Name every file below FOLDER, the location of tables, that no version of a table needs, with
    its bytes: a job that was killed while it committed leaves such files, which nobody reads.
    """
    from ..job_report.printable import printable
    from ..stored_tables import TableWish, find_orphans, remove_orphans

    found = find_orphans(TableWish.of(form, {"location": location, **dict(table_options)}))
    for orphan in found:
        click.echo(f"{orphan.size:>14,}  {printable(orphan.uri)}")
    if remove:
        remove_orphans(found)
        click.echo(f"{len(found):,} files removed", err=True)
    return exits.ACCEPTED
