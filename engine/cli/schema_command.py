"""`bulkfhir schema TYPE`: the compiled schema of a type, as the rules see it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bulkfhir.validators.terminology import Terminology

__all__ = ["command"]


@click.command("schema", short_help="Print the compiled schema of a FHIR type as JSON.")
@click.argument("type_name", metavar="TYPE")
def command(type_name: str) -> None:
    """Print the compiled schema of TYPE as JSON.

    TYPE is a resource type (Patient), a data type (HumanName) or the path of an element with
    children (Patient.contact). A required binding has its codes, or "undecided" where its value set
    cannot be listed offline. Members that say nothing (null, false, empty) are left out.
    """
    from bulkfhir.validators.definitions import core
    from bulkfhir.validators.schema import UnknownType, schema_of
    from bulkfhir.validators.terminology import Terminology

    from ..errors import ConfigurationError

    definitions = core()
    try:
        found = schema_of(definitions).type(type_name)
    except UnknownType:
        raise ConfigurationError(f"{type_name}: no such type in FHIR R4") from None
    click.echo(
        json.dumps(_described(found, Terminology(definitions)), indent=2, ensure_ascii=False)
    )


def _described(value: Any, terminology: Terminology) -> Any:
    """A frozen record as JSON values, without the members that say nothing."""
    if dataclasses.is_dataclass(value):
        members = {
            item.name: _described(getattr(value, item.name), terminology)
            for item in dataclasses.fields(value)
        }
        if members.get("strength") == "required":
            members["codes"] = _codes(members["value_set"], terminology)
        return {
            name: member for name, member in members.items() if member not in (None, False, [], {})
        }
    if isinstance(value, Mapping):
        return {name: _described(member, terminology) for name, member in value.items()}
    if isinstance(value, tuple | list):
        return [_described(member, terminology) for member in value]
    return value


def _codes(url: str, terminology: Terminology) -> list[str] | str:
    """The codes that a required binding takes; "undecided" where there is no list of them."""
    value_set = terminology.value_set(url)
    codes = None if value_set is None else value_set.listing()
    return "undecided" if codes is None else sorted(codes)
