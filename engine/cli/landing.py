"""Landing: the options that say where a job's output goes and what the job is called, and the form
of its result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from . import options
from .option_types import Location

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["kms_key", "landing", "result_format", "sinking"]

Command = TypeVar("Command", bound="Callable[..., Any]")


kms_key = click.option(
    "--kms-key-id",
    "encryption_key_id",
    metavar="ID",
    help="Key that output on S3 is encrypted with.",
)


def sinking(command: Command) -> Command:
    """Add the options that say where accepted resources go."""
    return options.with_options(
        command,
        click.option(
            "--sink",
            metavar="NAME",
            help="Where accepted resources go: ndjson, parquet or another installed sink.  "
            "[default: nowhere]",
        ),
        click.option(
            "--sink-option",
            "sink_options",
            multiple=True,
            metavar="NAME=VALUE",
            callback=options.pairs,
            help="Option of the sink: compression=gz or zst for ndjson, zstd, snappy or none for "
            "parquet. Repeatable.",
        ),
    )


def landing(command: Command) -> Command:
    """Add the options of a job that writes HealthLake's output layout."""
    return options.with_options(
        command,
        click.option(
            "-o",
            "--output",
            type=Location(),
            required=True,
            metavar="FOLDER",
            help="Where the job's folder is made: a path or s3://bucket/prefix.",
        ),
        sinking,
        click.option(
            "--table",
            metavar="FORMAT",
            help="Commit what --sink parquet stores to tables: iceberg or delta.  [default: none]",
        ),
        click.option(
            "--table-opt",
            "table_options",
            multiple=True,
            metavar="NAME=VALUE",
            callback=options.pairs,
            help="Option of the table: mode=append, location=FOLDER, catalog=NAME. Repeatable.",
        ),
        click.option(
            "--rejected",
            type=click.Choice(("ndjson",)),
            help="Keep rejected lines in rejected/<Type>/ of the job's folder.  [default: nowhere]",
        ),
        click.option(
            "--job-id",
            metavar="ID",
            help="Name of the job, part of its folder's name.  [default: random]",
        ),
        click.option(
            "--datastore-id",
            metavar="ID",
            default="0" * 32,
            help="HealthLake's data store id, part of the folder's name.  [default: 32 zeros]",
        ),
        options.limits("none"),
        kms_key,
        options.work_folder,
    )


result_format = click.option(
    "--output-format",
    type=click.Choice(("human", "grouped", "json")),
    default="human",
    show_default=True,
    help="Form of the summary on standard output.",
)
"""How a job's result is shown on standard output."""
