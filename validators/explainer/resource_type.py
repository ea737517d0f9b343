"""Resource types: what is said of a line whose resourceType is none."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from ..definitions import CORE, core
from ..near_name import near_name
from ..schema import schema_of
from ..values.form_faults import (
    RESOURCE_TYPE,
    RESOURCE_TYPE_NO_NAME,
    RESOURCE_TYPE_NO_STRING,
    RESOURCE_TYPE_UNKNOWN,
)
from ..verdicts.issue import Issue

__all__ = ["no_resource_type"]


def no_resource_type(name: Any) -> Issue:
    """Return the issue of a line whose resourceType is this, and no type of a resource."""
    if name is None:
        return Issue.of(RESOURCE_TYPE())
    if type(name) is not str:
        return Issue.of(RESOURCE_TYPE_NO_STRING())
    is_name = name.isascii() and name.isalpha()
    fault = RESOURCE_TYPE_UNKNOWN if is_name else RESOURCE_TYPE_NO_NAME
    return Issue.of(fault(name=name[:64], hint=_TypeHint(name[:64])))


class _TypeHint:
    """The resource type that was perhaps meant, looked for when the sentence is rendered."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __str__(self) -> str:
        near = _near_type(self._name)
        return f"; did you mean '{near}'?" if near and schema_of(core()).is_resource(near) else ""


@lru_cache(maxsize=1024)
def _near_type(name: str) -> str | None:
    return near_name(name, _type_names(), alone=True)


@cache
def _type_names() -> tuple[str, ...]:
    """Return the names of FHIR's own types, and of what else lies beside them."""
    return tuple(sorted(url.removeprefix(CORE) for url in core().urls("StructureDefinition")))
