"""FHIR's types as FHIRPath needs them: the children of a type by their FHIRPath name, and what is a
kind of what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from ..definitions import core
from ..schema.compiled_types import Schema, UnknownType, schema_of
from ..schema.element import Property

__all__ = ["SYSTEM_TYPES", "TypeModel", "core_model"]

SYSTEM_TYPES = frozenset(
    {"Boolean", "Integer", "Decimal", "String", "Date", "DateTime", "Time", "Quantity"}
)
"""The types of FHIRPath's own values (N1, section 3), without their namespace ``System``."""

_TYPE_INFO = frozenset({"SimpleTypeInfo", "ClassInfo"})


class TypeModel:
    """A schema's types, as FHIRPath sees them.

    Answers are kept; one model serves any number of expressions.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._properties: dict[str, Mapping[str, Property]] = {}
        self._members: dict[tuple[str, str], tuple[Property, ...]] = {}
        self._reachable: dict[tuple[str, str], tuple[Property, ...]] = {}
        self._places: dict[tuple[str, str], dict[str, int]] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}

    def properties(self, type_name: str) -> Mapping[str, Property]:
        """Return JSON name -> Property; of a primitive, what its companion ``_x`` may hold.

        Empty for a type nobody knows.
        """
        found = self._properties.get(type_name)
        if found is None:
            try:
                found = self._schema.properties(
                    "Element" if self.is_primitive(type_name) else type_name
                )
                if self.is_resource(type_name) and "id" in found:
                    found = {**found, "id": replace(found["id"], type="id")}  # a string in R4
            except UnknownType:
                found = {}
            self._properties[type_name] = found
        return found

    def members(self, type_name: str, name: str) -> tuple[Property, ...]:
        """Return the Properties that a child of a name may be: one, or one for each type of a
        choice; empty where there is no such child.
        """
        key = type_name, name
        found = self._members.get(key)
        if found is None:
            found = self._members[key] = tuple(
                p for p in self.properties(type_name).values() if p.name == name
            )
        return found

    def reachable(self, type_name: str, name: str) -> tuple[Property, ...]:
        """Return what ``members`` does, but find a choice also by its JSON name
        (``valueQuantity``): not FHIRPath, but profiles do it and HL7's validator bears it.
        """
        key = type_name, name
        found = self._reachable.get(key)
        if found is None:
            found = self.members(type_name, name) or tuple(
                p for p in self.properties(type_name).values() if p.json_name == name
            )
            self._reachable[key] = found
        return found

    def places(self, type_name: str, name: str) -> Mapping[str, int]:
        """Return the JSON keys in which a child of a name may stand, a primitive's companion among
        them, each with its place in what ``reachable`` returns.
        """
        key = type_name, name
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = {}
            for place, member in enumerate(self.reachable(type_name, name)):
                found[member.json_name] = place
                if member.is_primitive:
                    found["_" + member.json_name] = place
        return found

    def is_primitive(self, type_name: str) -> bool:
        """Tell whether a name is that of a primitive type (``code``, ``decimal``)."""
        return self._schema.kind(type_name) == "primitive-type"

    def is_resource(self, type_name: str) -> bool:
        """Tell whether a name is that of a resource type, an abstract one too."""
        return self._schema.kind(type_name) == "resource"

    def known(self, type_name: str) -> bool:
        """Tell whether a name is that of a type of FHIR; the path of a backbone element is none."""
        return "." not in type_name and self._schema.kind(type_name) is not None

    def ancestors(self, type_name: str) -> tuple[str, ...]:
        """Return the type and what it specialises, nearest first:
        ``("Age", "Quantity", "Element")``.
        """
        found = self._ancestors.get(type_name)
        if found is None:
            found = self._ancestors[type_name] = tuple(self._chain(type_name))
        return found

    def _chain(self, type_name: str) -> list[str]:
        if "." in type_name:
            return (
                ["BackboneElement", "Element"]
                if self.members(type_name, "modifierExtension")
                else ["Element"]
            )
        chain: list[str] = []
        while type_name:
            chain.append(type_name)
            type_name = self._schema.base(type_name)
        return chain

    def is_a(self, type_name: str, wanted: str) -> bool:
        """Tell whether a type is the wanted one or specialises it: a ``code`` is a ``string``."""
        return wanted in self.ancestors(type_name)

    def instance_of(self, type_name: str, wanted: str) -> bool:
        """Tell whether ``as`` and ``ofType`` select a type: as ``is_a`` does, but a primitive is
        only what it is.
        """
        return type_name == wanted if self.is_primitive(type_name) else self.is_a(type_name, wanted)

    def nameable(self, namespace: str | None, name: str) -> bool:
        """Tell whether a type specifier names a type that exists; namespace None looks in System
        and in FHIR.
        """
        system = namespace in (None, "System") and (name in SYSTEM_TYPES or name in _TYPE_INFO)
        return system or (namespace in (None, "FHIR") and self.known(name))


@cache
def core_model() -> TypeModel:
    """Return the types of FHIR R4, one TypeModel for all who ask."""
    return TypeModel(schema_of(core()))
