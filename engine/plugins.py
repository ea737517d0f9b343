"""Plug-ins: validators and sinks by the name of their entry point; the built-in ones have no privilege."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bulkfhir.validators import BlockValidator, OneByOne

from .errors import ConfigurationError

__all__ = ["SINKS", "VALIDATORS", "load", "names", "new_validator"]

VALIDATORS = "bulkfhir.validators"
SINKS = "bulkfhir.sinks"


@cache
def _installed(group: str) -> tuple[EntryPoint, ...]:
    """Kept: to look through everything that is installed takes long, and a forkserver has done it for its workers."""
    return tuple(entry_points(group=group))


def names(group: str) -> list[str]:
    """The names that are installed in a group."""
    return sorted(entry.name for entry in _installed(group))


def load(group: str, name: str) -> Callable[..., Any]:
    """What an entry point stands for. ConfigurationError for a name that is not installed, or cannot be imported."""
    for entry in (entry for entry in _installed(group) if entry.name == name):
        try:
            factory: Callable[..., Any] = entry.load()
        except ImportError as error:
            raise ConfigurationError(f"{name}: this plug-in cannot be imported: {error}") from None
        return factory
    raise ConfigurationError(f"{name}: no such {group.rpartition('.')[2].removesuffix('s')}; installed: {', '.join(names(group)) or 'none'}")


def new_validator(name: str, level: str, options: Mapping[str, Any]) -> BlockValidator:
    """A validator by name. Its factory is called as ``factory(level, **options)``; one that judges single resources gets the adapter."""
    validator = load(VALIDATORS, name)(level, **options)
    return validator if hasattr(validator, "validate_block") else OneByOne(validator)
