"""`bulkfhir fhirpath EXPR FILE`: what a FHIRPath expression finds in every resource of a file."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

__all__ = ["command"]

_HEAD: Final = 64
"""First bytes, which tell how a file is compressed."""


@click.command("fhirpath", short_help="Evaluate a FHIRPath expression on every resource of a file.")
@click.argument("expression", metavar="EXPR")
@click.argument(
    "file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse names and operations that the type of the first resource never has.",
)
def command(expression: str, file: str, strict: bool) -> None:
    """Evaluate EXPR on every resource of FILE and print one JSON array a resource.

    FILE is NDJSON, or a single resource over several lines, plain or compressed; - is standard
    input. Dates, times and quantities are printed as text.
    """
    from bulkfhir.validators import fhirpath

    compiled = None
    for resource in _resources(file):
        if compiled is None:
            compiled = fhirpath.compile(
                expression, str(resource.get("resourceType", "Resource")), strict=strict
            )
        try:
            found = compiled.evaluate(resource)
        except fhirpath.EvaluationError as error:
            raise fhirpath.EvaluationError(
                f"{resource.get('resourceType')}/{resource.get('id')}: {error}"
            ) from error
        click.echo(json.dumps([_json(value) for value in found], ensure_ascii=False))


def _resources(file: str) -> Iterator[dict[str, Any]]:
    """The resources of a file: one a line, or one in all of it."""
    try:
        text = _content(file).decode("utf-8-sig")
        lines = (
            [text]
            if text.lstrip().startswith("{") and _is_whole(text)
            else [line for line in text.splitlines() if line.strip()]
        )
        for line in lines:
            resource = json.loads(line)
            if not isinstance(resource, dict):
                raise click.UsageError(f"{file} holds something that is no resource")
            yield resource
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{file} is no UTF-8 text: {error.reason}") from None
    except json.JSONDecodeError as error:
        raise click.UsageError(f"{file} is no JSON: {error}") from error


def _content(file: str) -> bytes:
    """Return the bytes of a file, decompressed by what it holds, as an import reads it."""
    from ..reading.compression import BrokenArchive, compression_of, decompress
    from ..reading.forms import compression_inside

    stored = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    compression = compression_inside(stored[:_HEAD], compression_of(file))
    if compression is None:
        return stored
    try:
        return b"".join(decompress(io.BytesIO(stored), compression))
    except BrokenArchive as error:
        raise click.UsageError(f"{file}: {error}") from None


def _is_whole(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def _json(value: Any) -> Any:
    """A result as JSON: numbers as numbers, FHIRPath's dates, times and quantities as text."""
    from decimal import Decimal

    from bulkfhir.validators.fhirpath import Quantity, Temporal

    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Temporal):
        return value.text
    return value.text() if isinstance(value, Quantity) else value
