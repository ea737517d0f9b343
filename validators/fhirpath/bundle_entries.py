"""BundleEntries: the resources of a Bundle by full url, and by type and id (FHIR R4, section
2.36.4.1).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cached_property
from operator import itemgetter
from typing import Any

from ..economy.lazy_pattern import lazy_pattern

__all__ = ["BundleEntries"]

_TYPE_AND_ID = lazy_pattern(
    r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$"
)


class BundleEntries:
    """The entries that have a resource, found by an index that is made for the first reference."""

    def __init__(self, bundle: Mapping[str, Any]) -> None:
        self._bundle = bundle

    @cached_property
    def _index(self) -> Mapping[Hashable, tuple[int, Mapping[str, Any]]]:
        """Full url, or type and id -> the place of the first such entry, and its resource."""
        index: dict[Hashable, tuple[int, Mapping[str, Any]]] = {}
        for place, entry in enumerate(self._bundle.get("entry") or ()):
            found = entry.get("resource") if isinstance(entry, dict) else None
            if not isinstance(found, dict):
                continue
            url, named = entry.get("fullUrl"), (found.get("resourceType"), found.get("id"))
            if isinstance(url, str):
                index.setdefault(url, (place, found))
            if all(isinstance(part, str) for part in named):
                index.setdefault(named, (place, found))
        return index

    def find(self, reference: str) -> Mapping[str, Any] | None:
        """Return the first resource whose full url a reference is, with or without a version, or
        whose type and id a relative one names; None where there is none.
        """
        keys: list[Hashable] = [reference, reference.partition("/_history/")[0]]
        if ":" not in reference and (match := _TYPE_AND_ID.search(reference)):
            keys.append(match.groups())
        found = [self._index[key] for key in keys if key in self._index]
        return min(found, key=itemgetter(0))[1] if found else None
