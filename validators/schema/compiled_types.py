"""Schema: the types of FHIR, compiled from StructureDefinitions when they are first asked for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from ..definitions import Definitions, core, type_url
from .element import ElementSchema, Property, TypeRef, TypeSchema, element_schema
from .head import Head, head_of
from .profile_tree import ProfileNode, profile_tree

__all__ = ["Schema", "UnknownType", "schema_of"]

_INLINE = frozenset({"BackboneElement", "Element"})
_RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"


class UnknownType(LookupError):
    """No StructureDefinition defines a type of this name."""


class Schema:
    """Compiled types by name, made lazily and kept.

    Names are those of FHIR types (``Patient``, ``HumanName``, ``string``) and, for elements that
    define their own children, the path (``Patient.contact``). A contentReference has the type of
    what it refers to.

    Threads may share one: nothing that it hands out may be changed.
    """

    def __init__(self, definitions: Definitions, shared: Schema | None = None) -> None:
        """Begin with nothing compiled (``schema_of`` does with what others compiled).

        shared   has the types of the core, whose definitions go before all others
        """
        self.definitions = definitions
        self._shared = shared
        self._loading = threading.Lock()
        self._types: dict[str, TypeSchema] = {}
        self._heads: dict[str, Head] = {}
        self._about: dict[str, dict[str, list[Property]]] = {}
        self._concrete: set[str] = set()
        self._trees: dict[str, ProfileNode] = {}

    def type(self, name: str) -> TypeSchema:
        """Return the compiled type, compiling it when it is first asked for. Raises UnknownType."""
        found = self._types.get(name)
        if found is None:
            found = self._first_asked(name)
        return found

    def _first_asked(self, name: str) -> TypeSchema:
        own = name.partition(".")[0]
        if self._shared is not None and self._shared.kind(own) is not None:
            return self._types.setdefault(name, self._shared.type(name))
        with self._loading:  # a type and the elements inside it are compiled together
            if own not in self._types:
                self._load(own)
        found = self._types.get(name)
        if found is None:
            raise UnknownType(name)
        return found

    def properties(self, name: str) -> Mapping[str, Property]:
        """Return JSON name -> Property of a type; empty for primitives. Raises UnknownType."""
        return self.type(name).properties

    def about(self, name: str, element: str) -> list[Property]:
        """Return the properties of a type that an element of that name is about, or that are called
        so: several for a choice, none for a name that the type does not have. Raises UnknownType.
        """
        index = self._about.get(name)
        if index is None:
            index = dict[str, list[Property]]()
            for found in self.properties(name).values():
                for key in {found.element.name, found.json_name}:
                    index.setdefault(key, []).append(found)
            self._about[name] = index
        return index.get(element, [])

    def kind(self, name: str) -> str | None:
        """Return ``resource``, ``complex-type``, ``primitive-type`` or ``backbone`` for the name of
        a type, None for a name that is none.
        """
        if "." in name:
            return self._kind_of_path(name)
        head = self.head(type_url(name))
        return head.kind if head is not None and head.is_type else None

    def _kind_of_path(self, path: str) -> str | None:
        try:
            return self.type(path).kind
        except UnknownType:  # ``Patient.``, ``a.b``: data may have anything for a type
            return None

    def profiled(self, url: str) -> str | None:
        """Return the type that a definition of the given url is of (``Patient`` for any profile on
        it), None where nobody knows the url.
        """
        head = self.head(url)
        return head.type if head is not None else None

    def base(self, name: str) -> str:
        """Return the type that a type specialises, empty for none."""
        head = self.head(type_url(name))
        return head.base.rpartition("/")[2] if head is not None else ""

    def is_resource(self, name: str) -> bool:
        """Tell whether a name is that of a resource type that can be instantiated: ``Patient``, but
        not ``DomainResource``.
        """
        if name in self._concrete:
            return True
        if self.kind(name) != "resource" or self._heads[type_url(name)].abstract:
            return False
        self._concrete.add(name)
        return True

    def resources(self) -> list[str]:
        """Return the names of the resource types that can be instantiated."""
        listed = self.definitions.fetch("CodeSystem", _RESOURCE_TYPES)
        named = (concept["code"] for concept in (listed or {}).get("concept", ()))
        return [name for name in named if self.is_resource(name)]

    def head(self, url: str) -> Head | None:
        """Return what is known of the StructureDefinition of a canonical url without compiling it,
        read once; None where nobody knows the url.
        """
        head = self._heads.get(url)
        if head is None:
            head = self._read_head(url)
            if head is not None:  # no other: names from data must not fill memory
                self._heads[url] = head
        return head

    def _read_head(self, url: str) -> Head | None:
        shared = self._shared.head(url) if self._shared is not None else None
        if shared is not None and shared.is_complete:
            return shared
        definition = self.definitions.fetch("StructureDefinition", url)
        return None if definition is None else head_of(definition)

    def profile_tree(self, definition: Mapping[str, Any]) -> ProfileNode:
        """Return the tree of one of the definitions, which has a snapshot: built once and kept, as
        are the checks that are compiled from it, for errors and for everything. Nobody may change
        it.
        """
        identity = head_of(definition).identity
        found = self._trees.get(identity)
        if found is None:
            found = self._trees.setdefault(identity, profile_tree(definition))
        return found

    def _load(self, name: str) -> None:
        definition = self.definitions.fetch("StructureDefinition", type_url(name))
        if definition is None or definition.get("derivation") == "constraint":
            raise UnknownType(name)
        elements = [element_schema(e, definition["url"]) for e in definition["snapshot"]["element"]]
        children: dict[str, list[ElementSchema]] = {}
        for element in elements[1:]:
            children.setdefault(element.path.rpartition(".")[0], []).append(element)
        self._types[name] = self._compile(
            name, definition["kind"], definition, elements[0], children
        )
        for element in elements[1:]:
            if element.path in children:
                self._types[element.path] = self._compile(
                    element.path, "backbone", definition, element, children
                )

    def _compile(
        self,
        name: str,
        kind: str,
        definition: Mapping[str, Any],
        root: ElementSchema,
        children: Mapping[str, list[ElementSchema]],
    ) -> TypeSchema:
        elements = tuple(children.get(root.path, ()))
        properties: dict[str, Property] = {}
        if kind != "primitive-type":
            for element in elements:
                for found in self._expand(element, children):
                    properties[found.json_name] = found
        return TypeSchema(
            name,
            kind,
            bool(definition.get("abstract")) and kind != "backbone",
            definition["url"],
            root,
            elements,
            properties,
        )

    def _expand(
        self, element: ElementSchema, children: Mapping[str, list[ElementSchema]]
    ) -> list[Property]:
        name = element.name.removesuffix("[x]")
        if element.content_reference:
            target = element.content_reference.rpartition("#")[2]
            return [Property(name, name, target, element.is_list, False, element, TypeRef(target))]
        found: list[Property] = []
        for ref in element.types:
            code = element.path if ref.code in _INLINE and element.path in children else ref.code
            json_name = name + ref.code[0].upper() + ref.code[1:] if element.is_choice else name
            found.append(
                Property(
                    sys.intern(json_name),
                    name,
                    code,
                    element.is_list,
                    "." not in code and self.kind(code) == "primitive-type",
                    element,
                    ref,
                )
            )
        return found


def schema_of(definitions: Definitions) -> Schema:
    """Return the types of definitions among which the core's go before others. Those of the core
    are compiled once a process, for all who ask.
    """
    shared = _of_core()
    return shared if definitions is shared.definitions else Schema(definitions, shared)


@cache
def _of_core() -> Schema:
    return Schema(core())
