"""BundleEntries: the resources of a Bundle by full url, and by type and id (FHIR R4, section
2.36.4.1).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from ..lazy_pattern import lazy_pattern

__all__ = ["BundleEntries"]

_TYPE_AND_ID = lazy_pattern(
    r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$"
)


class BundleEntries:
    """The entries that have a resource, found by an index that is made for the first reference."""

    def __init__(self, bundle: Mapping[str, Any]) -> None:
        self._bundle = bundle
        self._places: dict[Hashable, int] = {}
        self._resources: list[Mapping[str, Any]] = []
        self._indexed = False

    def _index(self) -> None:
        self._indexed = True
        for entry in self._bundle.get("entry") or ():
            found = entry.get("resource") if isinstance(entry, dict) else None
            if not isinstance(found, dict):
                continue
            place = len(self._resources)
            self._resources.append(found)
            url, name, resource_id = (
                entry.get("fullUrl"),
                found.get("resourceType"),
                found.get("id"),
            )
            if isinstance(url, str):
                self._places.setdefault(url, place)
            if isinstance(name, str) and isinstance(resource_id, str):
                self._places.setdefault((name, resource_id), place)

    def find(self, reference: str) -> Mapping[str, Any] | None:
        """Return the first resource whose full url a reference is, with or without a version, or
        whose type and id a relative one names; None where there is none.
        """
        if not self._indexed:
            self._index()
        keys: list[Hashable] = [reference, reference.partition("/_history/")[0]]
        if ":" not in reference and (match := _TYPE_AND_ID.search(reference)):
            keys.append(match.groups())
        places = [place for key in keys if (place := self._places.get(key)) is not None]
        return self._resources[min(places)] if places else None
