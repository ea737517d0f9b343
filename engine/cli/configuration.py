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
    from collections.abc import Collection, Mapping

__all__ = ["FILE", "defaults_from_file"]

FILE = Path("bulkfhir.toml")


def defaults_from_file(known: Mapping[str, Collection[str]]) -> dict[str, dict[str, Any]]:
    """Return command -> option -> default.

    ``known`` says which options each command has; a name that none has is a mistake of the user.
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
            defaults[command][_parameter(key)] = value
    for command in known.keys() & content.keys():
        table = content[command]
        if not isinstance(table, dict):
            raise click.UsageError(f"{FILE}: '{command}' is a table of options: [{command}]")
        for key, value in table.items():
            if _parameter(key) not in known[command]:
                raise click.UsageError(f"{FILE}: '{command}' has no option '{key}'")
            defaults[command][_parameter(key)] = value
    return defaults


def _parameter(key: str) -> str:
    return key.replace("-", "_")
