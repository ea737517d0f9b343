"""Terminology: value sets and code systems by canonical url, made when first asked for, and the
checks that a binding compiles to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from ..definitions.package_versions import version_order
from ..economy.memory import Memory
from .bindings import CodeBinding, CodingBinding, ConceptBinding
from .code_systems import CodeSystem
from .membership import TerminologyRules
from .registries import COUNTRIES, CURRENCIES, LISTED, SUPPORTED, registered
from .value_sets import ValueSet

__all__ = ["Strength", "Terminology"]

Strength = str
"""required | extensible | preferred | example"""

_UNKNOWN_KEPT: Final = 4096  # urls of what is not held: data may name any number of them
_T = TypeVar("_T")
_HELD_BY_HL7: Final = ("http://hl7.org", "http://terminology.hl7.org")


class _Definitions(Protocol):
    def fetch(self, kind: str, url: str) -> dict[str, Any] | None:
        """Return the definition of a kind and a url, with or without a version; None where it is
        not known.
        """
        ...

    def versions(self, kind: str, url: str) -> frozenset[str]:
        """Return the versions at hand of what has a kind and a canonical url."""
        ...


class Terminology:
    """All that the definitions hold of terminology. One per worker; everything is read when first
    needed and kept.

    The reference takes HL7's own value sets and code systems whatever version is asked for; those
    of others only at the very version.

    rules        by whose rules codes are read where the reference and R4 differ
    definitions  where all is read
    """

    def __init__(self, definitions: _Definitions, *, rules: TerminologyRules = "reference") -> None:
        self.rules = rules
        self.definitions = definitions
        self._value_sets: dict[str, ValueSet] = {}
        self._code_systems: dict[str, CodeSystem] = {}
        self._other_value_sets = Memory(_UNKNOWN_KEPT)
        self._other_code_systems = Memory(_UNKNOWN_KEPT)

    def value_set(self, url: str) -> ValueSet | None:
        """Return the value set of ``url`` or ``url|version``; None where it is not known."""
        return _kept(self._value_sets, self._other_value_sets, url, self._read_value_set)

    def code_system(self, url: str) -> CodeSystem | None:
        """Return the code system of ``url`` or ``url|version``; None where it is not known."""
        return _kept(self._code_systems, self._other_code_systems, url, self._read_code_system)

    def lookup(self, system: str, code: str | None) -> bool | None:
        """Tell whether a code exists in its system; None where the system is unknown or cannot
        tell.
        """
        if system in SUPPORTED:
            known = registered(system, code)
            if known is not None:
                return known
        held = self.code_system(system)
        return None if held is None else held.lookup(code)

    def version_with(self, system: str, code: str) -> str | None:
        """Return the newest version of a code system that is at hand and has a code, whichever
        version counts; None where none has. HL7's releases of terminology know codes that R4's
        frozen copy of them does not.
        """
        url = system.partition("|")[0]
        versions = self.definitions.versions("CodeSystem", url)
        if len(versions) < 2:  # it is the one that counts
            return None
        for version in sorted(versions - {""}, key=version_order, reverse=True):
            held = self.code_system(f"{url}|{version}")
            if held is not None and held.lookup(code):
                return version
        return None

    def code_binding(
        self, url: str | None, strength: Strength, max_url: str | None = None
    ) -> CodeBinding | None:
        """Return the check of a code, string, uri, url or canonical; None where no value can be
        found fault with.
        """
        return CodeBinding.compile(self, url, strength, max_url)

    def coding_binding(
        self, url: str | None = None, strength: Strength = "example", max_url: str | None = None
    ) -> CodingBinding:
        """Return the check of a Coding or a Quantity, bound or not (of the type Quantity itself:
        Age, Duration and their like are not checked).
        """
        return CodingBinding(self, url, strength, max_url)

    def concept_binding(
        self, url: str | None = None, strength: Strength = "example", max_url: str | None = None
    ) -> ConceptBinding:
        """Return the check of a CodeableConcept, bound or not."""
        return ConceptBinding(self, url, strength, max_url)

    def _read_value_set(self, url: str) -> ValueSet | None:
        resource = self.definitions.fetch("ValueSet", url)
        return None if resource is None else ValueSet(resource, self)

    def _read_code_system(self, url: str) -> CodeSystem | None:
        resource: Mapping[str, Any] | None = self.definitions.fetch("CodeSystem", url)
        if resource is not None:
            return CodeSystem(resource, lambda: self.definitions.fetch("CodeSystem", url))
        return CodeSystem.listed(url, LISTED[url]) if url in (CURRENCIES, COUNTRIES) else None


def _kept(
    store: dict[str, _T], memory: Memory, url: str, read: Callable[[str], _T | None]
) -> _T | None:
    """Return what a url stands for. Made and kept is what definitions hold, each version once; of
    the urls that they do not hold, which data may name without end, so many are remembered.
    """
    if url in store:
        return store[url]
    others: dict[str, _T | None] = memory.table()
    if url in others:
        return others[url]
    made = read(url)
    if made is not None:
        store[url] = made
        return made
    bare, bar, _ = url.partition("|")
    held = bar and bare.startswith(_HELD_BY_HL7)
    return memory.keep(others, url, _kept(store, memory, bare, read) if held else None)
