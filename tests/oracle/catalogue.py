"""What the definitions allow where: the tree of elements that generator and mutator walk,
independent of the compiled schema they test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bulkfhir.validators.definitions import Definitions, core, type_url

__all__ = ["Catalogue", "Property", "RESOURCE_PREFIX"]

RESOURCE_PREFIX = "http://hl7.org/fhir/StructureDefinition/"

_SYSTEM_TYPES = {"Extension.url": "uri"}
"""The type of an element that the definitions give in FHIRPath's own terms; any other is an id."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Property:
    """One JSON property of a type: its name, its type, where its children are found, and the
    element that defines it.
    """

    name: str
    type: str
    context: str
    element: Json

    @property
    def is_list(self) -> bool:
        base = self.element.get("base", {}).get("max", self.element["max"])
        return bool(base not in ("0", "1"))

    @property
    def required(self) -> bool:
        return int(self.element.get("min", 0)) > 0

    @property
    def is_primitive(self) -> bool:
        return self.type[:1].islower() and self.type != "xhtml"

    @property
    def is_choice(self) -> bool:
        return bool(self.element["path"].endswith("[x]"))

    @property
    def targets(self) -> list[str]:
        """Resource types that a Reference may name; empty where any will do."""
        for kind in self.element["type"]:
            if kind["code"] == self.type:
                names = [str(url).rsplit("/", 1)[-1] for url in kind.get("targetProfile", ())]
                return [name for name in names if name != "Resource"]
        return []

    @property
    def value_set(self) -> str | None:
        url: str | None = self.element.get("binding", {}).get("valueSet")
        return url

    @property
    def binding(self) -> str | None:
        strength: str | None = self.element.get("binding", {}).get("strength")
        return strength


class Catalogue:
    """Properties of every type and backbone element, and the codes of value sets that can be
    listed.
    """

    def __init__(self, definitions: Definitions | None = None) -> None:
        self.definitions: Definitions = definitions or core()
        self._properties: dict[str, dict[str, Property]] = {}
        self._codes: dict[str, list[Json]] = {}

    @cached_property
    def resource_types(self) -> list[str]:
        """The names of all concrete resource types, sorted."""
        return sorted(
            sd["type"]
            for sd in self.definitions.all("StructureDefinition")
            if sd["kind"] == "resource"
            and not sd.get("abstract")
            and sd.get("derivation") != "constraint"
        )

    @cached_property
    def profiles(self) -> list[str]:
        """The urls of all profiles on resources."""
        return [
            sd["url"]
            for sd in self.definitions.all("StructureDefinition")
            if sd.get("derivation") == "constraint" and sd["kind"] == "resource"
        ]

    @cached_property
    def extensions(self) -> dict[str, list[Json]]:
        """The extensions that the definitions know: url to contexts of use."""
        return {
            sd["url"]: sd.get("context", [])
            for sd in self.definitions.all("StructureDefinition")
            if sd["type"] == "Extension"
            and sd.get("derivation") == "constraint"
            and sd["snapshot"]["element"]
        }

    def properties(self, context: str) -> dict[str, Property]:
        """By JSON name, what may stand in a type (``HumanName``) or a backbone element
        (``Patient.contact``).
        """
        if context not in self._properties:
            self._properties[context] = dict(self._read(context))
        return self._properties[context]

    def _read(self, context: str) -> list[tuple[str, Property]]:
        structure = self.definitions.fetch("StructureDefinition", type_url(context.split(".")[0]))
        if structure is None:
            return []
        found = []
        pattern = re.compile(re.escape(context) + r"\.[^.]+$")
        for element in structure["snapshot"]["element"]:
            path = element["path"]
            if not pattern.match(path) or ":" in element.get("id", "") or element.get("max") == "0":
                continue
            name = path.rsplit(".", 1)[-1]
            if "contentReference" in element:
                target = element["contentReference"].rsplit("#", 1)[-1]
                found.append((name, Property(name, "BackboneElement", target, element)))
                continue
            for kind in element.get("type", ()):
                code = kind["code"]
                if code.startswith("http://hl7.org/fhirpath/"):
                    code = _SYSTEM_TYPES.get(path, "id")
                inner = path if code in ("BackboneElement", "Element") else code
                json_name = (
                    name[:-3] + code[:1].upper() + code[1:] if name.endswith("[x]") else name
                )
                found.append((json_name, Property(json_name, code, inner, element)))
        return found

    def codes(self, value_set: str) -> list[Json]:
        """The Codings of a value set, as far as the definitions list them; empty where they do
        not.
        """
        url = value_set.split("|")[0]
        if url not in self._codes:
            self._codes[url] = []
            self._codes[url] = self._expand(url)
        return self._codes[url]

    def _expand(self, url: str) -> list[Json]:
        resource = self.definitions.fetch("ValueSet", url)
        found: list[Json] = []
        for include in (resource or {}).get("compose", {}).get("include", ()):
            if "filter" in include:
                continue
            for other in include.get("valueSet", ()):
                found += self.codes(other)
            if "system" in include:
                found += [
                    {"system": include["system"], "code": code} for code in self._listed(include)
                ]
        excluded = {
            code
            for exclude in (resource or {}).get("compose", {}).get("exclude", ())
            for code in self._listed(exclude)
        }
        return [coding for coding in found if coding["code"] not in excluded]

    def _listed(self, include: Json) -> list[str]:
        if "concept" in include:
            return [concept["code"] for concept in include["concept"]]
        system = self.definitions.fetch("CodeSystem", include.get("system", ""))
        if system is None or system.get("content") != "complete":
            return []
        return _flat(system.get("concept", []))


def _flat(concepts: list[Json]) -> list[str]:
    return [
        code
        for concept in concepts
        for code in (concept["code"], *_flat(concept.get("concept", [])))
    ]
