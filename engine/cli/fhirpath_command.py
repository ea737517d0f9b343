"""`bulkfhir fhirpath EXPR FILE`: what a FHIRPath expression finds in every resource of a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

__all__ = ["command"]


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

    FILE is NDJSON, or a single resource over several lines; - is standard input. Dates, times and
    quantities are printed as text.
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
    text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    try:
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
    except json.JSONDecodeError as error:
        raise click.UsageError(f"{file} is no JSON: {error}") from error


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
