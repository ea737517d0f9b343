"""Keywords: the kind of each value that ``import_job`` and ``validate_files`` are given, looked at
before any of them is used.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from functools import wraps
from typing import Any, Final, ParamSpec, SupportsIndex, TypeVar

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..counting.progress import CancelEvent
from ..errors import ConfigurationError

__all__ = ["checked_keywords"]

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Kind:
    """The kind of value that a keyword takes.

    what     in words
    types    of a value
    several  any number of such values; one that is given alone is one
    """

    what: str
    types: tuple[Any, ...]
    several: bool = False

    def value(self, name: str, given: Any) -> Any:
        """Return the value that is used. Raise ConfigurationError for what is of another kind."""
        if not self.several:
            return self._one(name, given)
        alone = isinstance(given, self.types) or not isinstance(given, Iterable)
        return tuple(self._one(name, item) for item in ((given,) if alone else given))

    def _one(self, name: str, item: Any) -> Any:
        if not isinstance(item, self.types):
            raise ConfigurationError(f"{name}: {self.what} is needed, and not {repr(item)[:80]}")
        return os.fspath(item) if isinstance(item, os.PathLike) else item


_NONE = type(None)
_FLAG: Final = _Kind("True or False", (bool, int, _NONE))
_TEXT: Final = _Kind("a text", (str,))
_TEXT_OR_NONE: Final = _Kind("a text or None", (str, _NONE))
_TEXTS: Final = _Kind("a sequence of texts", (str,), several=True)
_NUMBER: Final = _Kind("a whole number", (SupportsIndex,))
_NUMBER_OR_NONE: Final = _Kind("a whole number or None", (SupportsIndex, _NONE))
_OPTIONS: Final = _Kind("a mapping of names to values, or None,", (Mapping, _NONE))
_PLACE: Final = _Kind("a path or a URI", (str, os.PathLike))
_PLACE_OR_NONE: Final = _Kind("a path, a URI or None", (str, os.PathLike, _NONE))
_PLACES: Final = _Kind("a path or a URI, or a sequence of such,", (str, os.PathLike), several=True)

_KINDS: Final = {
    "source": _PLACES,
    "output": _PLACE,
    "work_folder": _PLACE_OR_NONE,
    "targets": _PLACES,
    "packages": _Kind(
        "a package by name or path, or a sequence of such,", (str, os.PathLike), several=True
    ),
    "executor": _Kind("a name, an executor or what makes one", (str, Executor, Callable)),
    "on_progress": _Kind("a function or None", (Callable, _NONE)),
    "cancel": _Kind("an event or None", (CancelEvent, _NONE)),
    "max_issues": _NUMBER,
} | {
    name: kind
    for kind, names in (
        (_TEXT, "level datastore_id unknown_profile terminology judge limits"),
        (_TEXT_OR_NONE, "job_id sink table rejected encryption_key_id"),
        (_TEXTS, "profiles default_versions validators include exclude"),
        (_NUMBER_OR_NONE, "workers shard_bytes task_bytes"),
        (_OPTIONS, "sink_options table_options executor_options"),
        (_FLAG, "warnings include_all checks resume take_over values report report_values"),
    )
    for name in names.split()
}


def checked_keywords(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Have a function called with values of the kinds that its keywords take, one text where
    several may be as a tuple of one; else ConfigurationError names the keyword.
    """

    @wraps(function)
    def checked(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        bound = inspect.signature(function).bind(*given, **named)
        for name, value in bound.arguments.items():
            bound.arguments[name] = _KINDS[name].value(name, value)
        return function(*bound.args, **bound.kwargs)

    return checked
