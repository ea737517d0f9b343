"""`bulkfhir schema TYPE`: the compiled schema of a type, as the rules see it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import click

__all__ = ["command"]


@click.command("schema", short_help="Print the compiled schema of a FHIR type as JSON.")
@click.argument("type_name", metavar="TYPE")
def command(type_name: str) -> None:
    """Print the compiled schema of TYPE as JSON.

    TYPE is a resource type (Patient), a data type (HumanName) or the path of an element with children (Patient.contact). Members that say nothing
    (null, false, empty) are left out.
    """
    from bulkfhir.validators.definitions import core
    from bulkfhir.validators.schema import Schema, UnknownType

    from ..errors import ConfigurationError

    try:
        found = Schema(core()).type(type_name)
    except UnknownType:
        raise ConfigurationError(f"{type_name}: no such type in FHIR R4") from None
    click.echo(json.dumps(described(found), indent=2, ensure_ascii=False))


def described(value: Any) -> Any:
    """A frozen record as JSON values, without the members that say nothing."""
    if dataclasses.is_dataclass(value):
        members = {item.name: described(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return {name: member for name, member in members.items() if member not in (None, False, [], {})}
    if isinstance(value, Mapping):
        return {name: described(member) for name, member in value.items()}
    if isinstance(value, tuple | list):
        return [described(member) for member in value]
    return value
