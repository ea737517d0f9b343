"""Remarks: what HealthLake's FAILURE lines say of a failing resource beside its errors: that it has
no narrative (dom-6), and which extensions nobody knows.

They fail nothing and are no issues of ours. A walk of its own looks for them, over failing lines
alone, and ends after so many objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from .definitions import Definitions, core, type_url
from .economy.memory import Memory
from .schema import Schema
from .values.uri import is_absolute_uri
from .verdicts.issue import Remark

__all__ = ["Remarks"]

_MOST: Final = 100
"""Remarks of a line: a bulk export has the same extension in all of its elements."""
_OBJECTS: Final = 10_000
"""Objects of a line that are looked at: more than any resource has but a large Bundle."""
_KEPT: Final = 4096  # urls come from data
_NOT_ALONE: Final = (b"xtension", b"Bundle", b"Parameters", b"\\u")
"""Without these a line has neither ``extension`` nor ``modifierExtension``, nor a type that other
types' resources stand in, however its letters are written.
"""
_INLINE = frozenset({"Resource", "DomainResource"})


class _Found(NamedTuple):
    """An object of a line: its type (that of its element, for a resource), and where it stands."""

    value: Mapping[str, Any]
    kind: str
    place: str

    @property
    def is_contained(self) -> bool:
        return self.place.rpartition(".")[2].startswith("contained[")


class Remarks:
    """A finder of remarks, by one set of definitions."""

    def __init__(self, schema: Schema, definitions: Definitions) -> None:
        self._schema = schema
        self._definitions = definitions
        self._memory = Memory(_KEPT)
        self._unknown: dict[str, bool] = self._memory.table()
        self._no_narrative = _best_practice()

    def of(self, resource: Mapping[str, Any], line: bytes) -> list[Remark]:
        """Return the remarks on a resource, given decoded and as it came, in document order; of one
        that has more than are said, the first of them.
        """
        objects = 1 if _is_alone(line) else _OBJECTS
        return list(islice(self._walk(resource, objects), _MOST))

    def _walk(self, resource: Mapping[str, Any], objects: int) -> Iterator[Remark]:
        """Yield the remarks on a resource and all that is in it, as far as so many objects are
        looked at.

        What is not as it should be is passed over: that is said elsewhere.
        """
        waiting = [_Found(resource, "Resource", str(resource.get("resourceType")))]
        for _ in range(objects):
            if not waiting:
                return
            found = waiting.pop()
            kind = found.kind
            if kind in _INLINE:
                kind = str(found.value.get("resourceType"))
                if self._schema.kind(kind) not in ("resource", "complex-type"):
                    continue
                yield from self._narrative(found, kind)
            elif self._schema.kind(kind) in (None, "primitive-type"):
                continue
            elif kind == "Extension":
                yield from self._extension(found)
            if objects > 1:
                waiting += reversed(list(self._members(found, kind)))

    def _narrative(self, found: _Found, kind: str) -> Iterator[Remark]:
        # A contained resource should have none of its own: the container's speaks for it.
        if "text" in self._schema.properties(kind) and not found.is_contained:
            text = found.value.get("text")
            if not isinstance(text, dict) or "div" not in text:
                yield Remark("warning", self._no_narrative, found.place)

    def _extension(self, found: _Found) -> Iterator[Remark]:
        url = found.value.get("url")
        if isinstance(url, str) and is_absolute_uri(url) and self._is_unknown(url):
            yield Remark("information", "Unknown extension ", found.place, url[:256])

    def _members(self, found: _Found, kind: str) -> Iterator[_Found]:
        properties = self._schema.properties(kind)
        for name, value in found.value.items():
            prop = properties.get(name.removeprefix("_"))
            if prop is None or not isinstance(value, (dict, list)):
                continue
            place = f"{found.place}.{prop.step}"
            inner = "Element" if name.startswith("_") else prop.type
            if isinstance(value, dict):
                yield _Found(value, inner, place)
                continue
            for index, one in enumerate(value):
                if isinstance(one, dict):
                    yield _Found(one, inner, f"{place}[{index}]")

    def _is_unknown(self, url: str) -> bool:
        """Tell whether nobody has the definition of an extension."""
        known = self._unknown.get(url)
        if known is None:
            found = self._definitions.fetch("StructureDefinition", url)
            known = self._memory.keep(self._unknown, url, found is None)
        return known


def _is_alone(line: bytes) -> bool:
    """Return whether nothing is to be said of what is in a line, since it certainly holds no
    extension, and no resource but its own and contained ones.
    """
    return not any(word in line for word in _NOT_ALONE)


def _best_practice() -> str:
    """Return dom-6 as the service says it: its text and its expression."""
    found = core().fetch("StructureDefinition", type_url("DomainResource"))
    assert found is not None, "the core has it"
    stated = (one for one in found["snapshot"]["element"][0]["constraint"] if one["key"] == "dom-6")
    return "{human} [{expression}]".format_map(next(stated))
