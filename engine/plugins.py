"""Plug-ins: validators, sinks and executors by the name of their entry point; the built-in ones are
entry points too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from .errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from bulkfhir.validators import BlockValidator

__all__ = [
    "EXECUTORS", "SINKS", "VALIDATORS", "check_options", "is_own", "load", "names",
    "new_validator",
]  # fmt: skip

VALIDATORS = "bulkfhir.validators"
SINKS = "bulkfhir.sinks"
EXECUTORS = "bulkfhir.executors"
_OWN: Final = {
    (VALIDATORS, "bulkfhir"): "bulkfhir.validators:Validator",
    (VALIDATORS, "fhir-resources"): "bulkfhir.validators.fhir_resources:FhirResourcesValidator",
    (SINKS, "ndjson"): "bulkfhir.engine.sinks:NdjsonSink",
    (SINKS, "parquet"): "bulkfhir.engine.sinks:ParquetSink",
    (EXECUTORS, "dask"): "bulkfhir.engine.executors.dask_runner:DaskRunner",
    (EXECUTORS, "futures"): "bulkfhir.engine.executors.foreign:open_futures",
    (EXECUTORS, "ray"): "bulkfhir.engine.executors.ray_runner:RayRunner",
    (EXECUTORS, "spark"): "bulkfhir.engine.executors.spark_runner:SparkRunner",
}
"""The entry points of this distribution, as pyproject.toml has them: to read what is installed
takes long, in every worker.
"""


def is_own(group: str, name: str) -> bool:
    """Return whether an entry point is one of this distribution."""
    return (group, name) in _OWN


def names(group: str) -> list[str]:
    """Return the names that are installed in a group."""
    return sorted(entry.name for entry in _installed(group))


def load(group: str, name: str) -> Callable[..., Any]:
    """Return what an entry point stands for.

    ConfigurationError for a name that is not installed, or cannot be imported.
    """
    try:
        if is_own(group, name):
            module, _, attribute = _OWN[group, name].partition(":")
            return getattr(import_module(module), attribute)  # type: ignore[no-any-return]
        for entry in _installed(group):
            if entry.name == name:
                return entry.load()  # type: ignore[no-any-return]
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{name}: this plug-in cannot be imported: {error}") from None
    raise ConfigurationError(
        f"{name}: no such {group.rpartition('.')[2].removesuffix('s')}; installed: "
        f"{', '.join(names(group)) or 'none'}"
    )


def _installed(group: str) -> list[EntryPoint]:
    """Return the entry points of a group, of whatever is installed."""
    from importlib.metadata import entry_points

    return list(entry_points(group=group))


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
    from bulkfhir.validators import OneByOne  # the help of a command asks for no validator

    validator = load(VALIDATORS, name)(level, **options)
    return validator if hasattr(validator, "validate_block") else OneByOne(validator)
