"""Vocabulary: the urls, codes, names and rules that R4 and the packages of a job hold, so that text
of the data can be told from text that everybody may read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Final, NamedTuple

from bulkfhir.validators.definitions import Definitions, core, type_url

__all__ = ["Vocabulary"]

_KINDS: Final = ("StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter")


class _Elements(NamedTuple):
    """What StructureDefinitions name: types and elements, keys of invariants, bound value sets."""

    names: set[str]
    keys: set[str]
    bound: set[str]


class Vocabulary:
    """What the core, or the core and packages, hold. Everything is read when it is first asked
    for.
    """

    def __init__(self, layers: Sequence[Definitions]) -> None:
        self._layers = layers
        self._types: dict[str, _Elements] = {}

    def versions(self, url: str) -> frozenset[str]:
        """Return the versions of what has a canonical url; none where nothing has it."""
        held = (layer.versions(kind, url) for layer in self._layers for kind in _KINDS)
        return frozenset().union(*held)

    def has_name(self, name: str) -> bool:
        """Tell whether a type or an element is called so."""
        return self._is_core_type(name) or any(name in held.names for held in self._near())

    def has_rule(self, rule: str) -> bool:
        """Tell whether a rule of ours, or an invariant, is called so."""
        from ..judging.every_rule import rule_named

        return rule_named(rule) is not None or any(rule in held.keys for held in self._near())

    def lists_code(self, system: str | None, code: str) -> bool:
        """Tell whether a code system, or a value set, lists a code in so many letters; with None
        for the system, whether any does.
        """
        if system is None:
            return any(code in codes for codes in self._codes.values())
        return code in self._codes.get(system, ())

    def has_binding(self, url: str) -> bool:
        """Tell whether an element is bound to what has a url, whoever has that."""
        return any(url in held.bound for held in self._elements)

    def _is_core_type(self, name: str) -> bool:
        """Tell it of R4 by one definition: many jobs ask for nothing but the types of their lines
        and elements of these.
        """
        if name in self._types:
            return True
        definition = core().fetch("StructureDefinition", type_url(name))
        if definition is None or definition.get("type") != name:
            return False
        self._types[name] = _elements([definition])
        return True

    def _near(self) -> Iterator[_Elements]:
        """Yield what the types that were asked for hold, then all that there is."""
        yield from self._types.values()
        yield from self._elements

    @cached_property
    def _elements(self) -> Sequence[_Elements]:
        return [
            _core_elements() if layer is core() else _elements(layer.all("StructureDefinition"))
            for layer in self._layers
        ]

    @cached_property
    def _codes(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for system in self._all("CodeSystem"):
            found.setdefault(system["url"], set()).update(_codes(system.get("concept")))
        for value_set in self._all("ValueSet"):
            compose = value_set.get("compose", {})
            for part in (*compose.get("include", ()), *compose.get("exclude", ())):
                listed = found.setdefault(part.get("system", ""), set())
                listed.update(_codes(part.get("concept")))
            for one in _flat(value_set.get("expansion", {}).get("contains")):
                found.setdefault(one.get("system", ""), set()).add(str(one.get("code")))
        return found

    def _all(self, kind: str) -> Iterator[Mapping[str, Any]]:
        return (definition for layer in self._layers for definition in layer.all(kind))


@cache
def _core_elements() -> _Elements:
    return _elements(core().all("StructureDefinition"))


def _elements(definitions: Iterable[Mapping[str, Any]]) -> _Elements:
    names, keys, bound = set[str](), set[str](), set[str]()
    for definition in definitions:
        names.add(str(definition.get("type")))
        for view in ("snapshot", "differential"):
            for element in definition.get(view, {}).get("element", ()):
                names.add(element.get("path", "").rpartition(".")[2].removesuffix("[x]"))
                keys.update(str(one.get("key")) for one in element.get("constraint", ()))
                bound.add(str(element.get("binding", {}).get("valueSet")))
    return _Elements(names, keys, bound)


def _codes(concepts: Any) -> Iterator[str]:
    return (str(concept["code"]) for concept in _flat(concepts) if "code" in concept)


def _flat(concepts: Any) -> Iterator[Mapping[str, Any]]:
    """Yield concepts, or contents of an expansion, at any depth."""
    waiting = list(concepts or ())
    while waiting:
        concept = waiting.pop()
        yield concept
        waiting += concept.get("concept") or concept.get("contains") or ()
