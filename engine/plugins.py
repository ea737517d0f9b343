"""Plug-ins: validators, sinks and executors by the name of their entry point; the built-in ones are
entry points too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points
from typing import Any

from bulkfhir.validators import BlockValidator, OneByOne

from .errors import ConfigurationError

__all__ = ["EXECUTORS", "SINKS", "VALIDATORS", "check_options", "load", "names", "new_validator"]

VALIDATORS = "bulkfhir.validators"
SINKS = "bulkfhir.sinks"
EXECUTORS = "bulkfhir.executors"


def names(group: str) -> list[str]:
    """Return the names that are installed in a group."""
    return sorted(entry.name for entry in entry_points(group=group))


def load(group: str, name: str) -> Callable[..., Any]:
    """Return what an entry point stands for.

    ConfigurationError for a name that is not installed, or cannot be imported.
    """
    entry = _own(group, name) or next(iter(entry_points(group=group, name=name)), None)
    if entry is None:
        raise ConfigurationError(
            f"{name}: no such {group.rpartition('.')[2].removesuffix('s')}; installed: "
            f"{', '.join(names(group)) or 'none'}"
        )
    try:
        factory: Callable[..., Any] = entry.load()
    except ImportError as error:
        raise ConfigurationError(f"{name}: this plug-in cannot be imported: {error}") from None
    return factory


def _own(group: str, name: str) -> EntryPoint | None:
    """One of this distribution's own, which are looked at first: to look through everything that is
    installed takes long, in every worker.
    """
    try:
        declared = distribution("bulkfhir").entry_points
    except PackageNotFoundError:
        return None
    return next(iter(declared.select(group=group, name=name)), None)


def check_options(group: str, name: str, given: Iterable[str]) -> None:
    """Raise ConfigurationError for an option that a plug-in does not take.

    A plug-in takes the options that its factory has keyword-only parameters for, or all of them
    where it has ``**options``.
    """
    parameters = inspect.signature(load(group, name)).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    known = [item.name for item in parameters if item.kind is item.KEYWORD_ONLY]
    for option in given:
        if option not in known:
            kind = group.rpartition(".")[2].removesuffix("s")
            raise ConfigurationError(
                f"{option}: the {kind} {name} has no such option; it has "
                f"{', '.join(known) or 'none'}"
            )


def new_validator(name: str, level: str, options: Mapping[str, Any]) -> BlockValidator:
    """Return a validator by name.

    Its factory is called as ``factory(level, **options)``; one that judges single resources gets
    the adapter.
    """
    validator = load(VALIDATORS, name)(level, **options)
    return validator if hasattr(validator, "validate_block") else OneByOne(validator)
