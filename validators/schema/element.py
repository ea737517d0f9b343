"""ElementSchema: one ElementDefinition, frozen, with everything looked up that can be looked up
ahead of time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass

__all__ = [
    "Binding",
    "Constraint",
    "Discriminator",
    "ElementSchema",
    "Property",
    "Slicing",
    "TypeRef",
    "TypeSchema",
    "element_schema",
]

_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_BEST_PRACTICE = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice"
_MAX_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
_ADDITIONAL = frozenset(
    {
        "http://hl7.org/fhir/tools/StructureDefinition/additional-binding",
        "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.binding.additional",
    }
)
_PURPOSES = {
    "maximum": "required",
    "required": "required",
    "extensible": "extensible",
    "preferred": "preferred",
}
_VALUES = ("fixed", "pattern", "minValue", "maxValue")
_VALUE = lazy_pattern(f"({'|'.join(_VALUES)})([A-Z].*)")
_SYSTEM_TYPE = "http://hl7.org/fhirpath/System."


@dataclass(frozen=True, slots=True)
class TypeRef:
    """One entry of ElementDefinition.type: a type, the profiles it must follow, the profiles a
    reference may point at and where that may be.

    aggregation   contained | bundled | referenced; none where it does not matter
    """

    code: str
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    aggregation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """ElementDefinition.binding: strength and canonical url of the value set; max_value_set where
    an extensible one has it.

    additional   further bindings that hold as well, each with the strength that its purpose means
    """

    strength: str
    value_set: str
    max_value_set: str | None = None
    additional: tuple[Binding, ...] = ()


@dataclass(frozen=True, slots=True)
class Constraint:
    """ElementDefinition.constraint: an invariant in FHIRPath, with the StructureDefinition that
    states it.
    """

    key: str
    severity: str
    human: str
    expression: str
    source: str | None
    best_practice: bool = False


@dataclass(frozen=True, slots=True)
class Discriminator:
    """A way to tell a slice from its siblings: value | exists | pattern | type | profile, at a
    FHIRPath.
    """

    type: str
    path: str


@dataclass(frozen=True, slots=True)
class Slicing:
    """ElementDefinition.slicing; rules is open | closed | openAtEnd."""

    discriminators: tuple[Discriminator, ...]
    ordered: bool
    rules: str


@dataclass(frozen=True, slots=True)
class ElementSchema:
    """One element as a StructureDefinition's snapshot states it.

    path            ``Observation.component.value[x]``
    id              the same with slice names: ``Observation.component:systolic.value[x]``
    min, max        cardinality here; max None is ``*``
    is_list         by the *base* cardinality: whether JSON has an array
    fixed, pattern  the value of fixed[x] or pattern[x], with its type's name (``("Quantity",
                    {...})``)
    bounds          minValue and maxValue as (type name, value)
    """

    id: str
    path: str
    min: int
    max: int | None
    is_list: bool
    types: tuple[TypeRef, ...] = ()
    content_reference: str | None = None
    slice_name: str | None = None
    slicing: Slicing | None = None
    binding: Binding | None = None
    constraints: tuple[Constraint, ...] = ()
    fixed: tuple[str, Any] | None = None
    pattern: tuple[str, Any] | None = None
    min_value: tuple[str, Any] | None = None
    max_value: tuple[str, Any] | None = None
    max_length: int | None = None
    is_modifier: bool = False
    representations: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last step of the path: ``value[x]``."""
        return self.path.rpartition(".")[2]

    @property
    def is_choice(self) -> bool:
        """True for a choice of types, as ``value[x]``."""
        return self.path.endswith("[x]")


@dataclass(frozen=True, slots=True)
class Property:
    """One name that a JSON object of a type may have.

    json_name     ``valueQuantity``, ``birthDate``; its companion is ``_birthDate``
    name          as FHIRPath calls it: ``value``, ``birthDate``
    type          ``Quantity``, ``date``, ``Resource``, or the path of a backbone element:
                  ``Patient.contact``
    is_primitive  whether JSON has a string, number or boolean, with a companion under ``_`` +
                  json_name
    """

    json_name: str
    name: str
    type: str
    is_list: bool
    is_primitive: bool
    element: ElementSchema
    type_ref: TypeRef

    @property
    def step(self) -> str:
        """The name that a location has for it: ``value.ofType(Quantity)``."""
        return f"{self.name}.ofType({self.type})" if self.element.is_choice else self.name


@dataclass(frozen=True, slots=True)
class TypeSchema:
    """A type with its elements: a resource, a datatype, or a backbone element (named by its path).

    kind         resource | complex-type | primitive-type | backbone
    root         the first ElementDefinition: its constraints hold for every value of the type
    properties   JSON name -> Property, choice types expanded
    """

    name: str
    kind: str
    abstract: bool
    url: str
    root: ElementSchema
    elements: tuple[ElementSchema, ...]
    properties: Mapping[str, Property] = field(default_factory=dict)


def _type_ref(definition: Mapping[str, Any]) -> TypeRef:
    code = definition.get("code", "")
    # ids and values of primitives are of FHIRPath's types, with FHIR's in an extension
    if code.startswith(_SYSTEM_TYPE):
        code = next(
            (
                e.get("valueUrl") or e.get("valueUri") or "string"
                for e in definition.get("extension", ())
                if e["url"] == _FHIR_TYPE
            ),
            "string",
        )
    return TypeRef(
        code,
        tuple(definition.get("profile", ())),
        tuple(definition.get("targetProfile", ())),
        tuple(definition.get("aggregation", ())),
    )


def _values(definition: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """``fixed``, ``pattern``, ``minValue``, ``maxValue`` -> (type name, value), those that are
    there.
    """
    found: dict[str, tuple[str, Any]] = {}
    for key, value in definition.items():
        if key.startswith(_VALUES) and (match := _VALUE.fullmatch(key)):
            found.setdefault(match[1], (match[2], value))
    return found


def _binding(definition: Mapping[str, Any]) -> Binding | None:
    binding = definition.get("binding")
    if not binding:
        return None
    maximum = next(
        (
            e.get("valueCanonical")
            or e.get("valueUri")
            or e.get("valueReference", {}).get("reference")
            for e in binding.get("extension", ())
            if e["url"] == _MAX_VALUE_SET
        ),
        None,
    )
    additional = tuple(
        found
        for e in binding.get("extension", ())
        if e["url"] in _ADDITIONAL and (found := _additional(e)) is not None
    )
    return Binding(
        binding.get("strength", "example"), binding.get("valueSet", ""), maximum, additional
    )


def _additional(extension: Mapping[str, Any]) -> Binding | None:
    """A binding beside the main one; None where it only informs, or holds in some contexts only."""
    parts = {part["url"]: part for part in extension.get("extension", ())}
    strength = _PURPOSES.get(parts.get("purpose", {}).get("valueCode"))
    value_set = parts.get("valueSet", {}).get("valueCanonical")
    return Binding(strength, value_set) if strength and value_set and "usage" not in parts else None


def _constraint(definition: Mapping[str, Any], source: str) -> Constraint:
    best_practice = any(
        e.get("url") == _BEST_PRACTICE and e.get("valueBoolean")
        for e in definition.get("extension", ())
    )
    return Constraint(
        definition["key"],
        definition.get("severity", "error"),
        definition.get("human", ""),
        definition.get("expression", ""),
        definition.get("source", source),
        best_practice,
    )


def _slicing(definition: Mapping[str, Any]) -> Slicing | None:
    slicing = definition.get("slicing")
    if slicing is None:
        return None
    return Slicing(
        tuple(Discriminator(d["type"], d["path"]) for d in slicing.get("discriminator", ())),
        bool(slicing.get("ordered")),
        slicing.get("rules", "open"),
    )


def _maximum(text: str) -> int | None:
    return None if text == "*" else int(text)


def element_schema(definition: Mapping[str, Any], source: str) -> ElementSchema:
    """Compile one ElementDefinition of a snapshot to its frozen form.

    source    canonical url of the StructureDefinition, for constraints that name none
    """
    maximum = definition.get("max", "*")
    values = _values(definition)
    return ElementSchema(
        id=definition.get("id", definition["path"]),
        path=definition["path"],
        min=definition.get("min", 0),
        max=_maximum(maximum),
        # by the base: what may repeat there is an array, even where a profile allows only one
        is_list=definition.get("base", {}).get("max", maximum) not in ("0", "1"),
        types=tuple(_type_ref(t) for t in definition.get("type", ())),
        content_reference=definition.get("contentReference"),
        slice_name=definition.get("sliceName"),
        slicing=_slicing(definition),
        binding=_binding(definition),
        constraints=tuple(_constraint(c, source) for c in definition.get("constraint", ())),
        fixed=values.get("fixed"),
        pattern=values.get("pattern"),
        min_value=values.get("minValue"),
        max_value=values.get("maxValue"),
        max_length=definition.get("maxLength"),
        is_modifier=bool(definition.get("isModifier")),
        representations=tuple(definition.get("representation", ())),
    )
