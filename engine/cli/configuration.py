"""Configuration: bulkfhir.toml in the working folder gives options their defaults, for all commands
or for one.

workers = 4
[validate]
output-format = "jsonl"
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FILE", "defaults_from_file"]

FILE = Path("bulkfhir.toml")

_KINDS: dict[type, str] = {list: "list", dict: "table"}


def defaults_from_file(known: Mapping[str, Mapping[str, bool]]) -> dict[str, dict[str, Any]]:
    """Return command -> option -> default.

    ``known`` says which options each command has, and whether it takes a list of values; a name
    that none has is a mistake of the user, and so is a value of another kind.
    """
    try:
        content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.UsageError(f"{FILE}: {error}") from None
    shared = {key: value for key, value in content.items() if key not in known}
    defaults: dict[str, dict[str, Any]] = {command: {} for command in known}
    for key, value in shared.items():
        takers = [command for command, options in known.items() if _parameter(key) in options]
        if not takers:
            raise click.UsageError(f"{FILE}: no command has an option '{key}'")
        for command in takers:
            several = known[command][_parameter(key)]
            defaults[command][_parameter(key)] = _plain(key, value, several=several)
    for command in known.keys() & content.keys():
        table = content[command]
        if not isinstance(table, dict):
            raise click.UsageError(f"{FILE}: '{command}' is a table of options: [{command}]")
        for key, value in table.items():
            if _parameter(key) not in known[command]:
                raise click.UsageError(f"{FILE}: '{command}' has no option '{key}'")
            several = known[command][_parameter(key)]
            defaults[command][_parameter(key)] = _plain(key, value, several=several)
    return defaults


def _plain(key: str, value: Any, *, several: bool) -> Any:
    """A value as the command line would have it: text, or True and False of a flag."""
    if several:
        if not isinstance(value, list):
            raise click.UsageError(f"{FILE}: '{key}' takes a list: ['...']")
        return [_plain(key, one, several=False) for one in value]
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return str(value)
    raise click.UsageError(f"{FILE}: '{key}' takes one value, no {_KINDS.get(type(value), 'date')}")


def _parameter(key: str) -> str:
    return key.replace("-", "_")
