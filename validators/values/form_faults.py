"""Faults of the JSON form of a resource (FHIR R4, section 2.6.2)."""

from __future__ import annotations

from ..verdicts.declaration import Declaration

JSON_FORM = Declaration(
    "json-form",
    "error",
    "structure",
    "This property must be {expected}, not {found}",
    "an array, an object or a primitive stands where its definition says so",
    section="2.6.2",
    reference=("JSON",),
    parsing=True,
)
EMPTY_ARRAY = Declaration(
    "empty-array",
    "error",
    "structure",
    "Array cannot be empty - the property should not be present if it has no values",
    "an array has an item",
    section="2.6.2",
    reference=("JSON",),
    parsing=True,
)
NULL = Declaration(
    "null",
    "error",
    "structure",
    "null may stand only where the companion array has an id or extensions",
    "null stands in an array of primitives alone, where the other array has something",
    section="2.6.2.2",
    reference=("JSON",),
    parsing=True,
)
NULL_TWICE = NULL.also("null may stand only where the other array has something")
ELEMENT_EMPTY = Declaration(
    "ele-1",
    "error",
    "invariant",
    "Constraint failed: ele-1: 'All FHIR elements must have a @value or children'",
    "an element has a value or children",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_Primitive_ValueExt",),
)
UNKNOWN_ELEMENT = Declaration(
    "unknown-element",
    "error",
    "structure",
    "Unrecognised property '{name}': {owner} has no such element{hint}",
    "a property is one that the type has",
    section="2.6.2",
    reference=("JSON", "ILLEGAL_PROPERTY"),
    names=("name",),
    parsing=True,
    service="Unrecognised property '@{name}'",
)
RESOURCE_TYPE = Declaration(
    "resource-type",
    "fatal",
    "invalid",
    "Unable to find resourceType property",
    "a resource names its type, which is one of R4",
    section="2.6.2",
    reference=("JSON",),
    parsing=True,
    unplaced=True,
)
RESOURCE_TYPE_NO_STRING = RESOURCE_TYPE.also("resourceType must be a string")
RESOURCE_TYPE_UNKNOWN = RESOURCE_TYPE.also(
    "Unknown resource type '{name}'{hint}",
    quotes=("name",),
    service="Unknown resource type '{name}'",
)
RESOURCE_TYPE_INSIDE = RESOURCE_TYPE.also(
    "This does not appear to be a FHIR resource (unknown name '{name}')", quotes=("name",)
)
RESOURCE_TYPE_NO_NAME = RESOURCE_TYPE.also(
    "1 validation error detected: Value '{name}' at 'resourceType' failed to satisfy constraint: "
    "Member must satisfy regular expression pattern: [A-Za-z]{{1,256}}",
    quotes=("name",),
)
CHOICE = Declaration(
    "choice",
    "error",
    "structure",
    "{element} is a choice: only one type may be given, found {first} and {second}",
    "an element with a choice of types has one of them",
    section="2.6.2.3",
    reference=("JSON",),
)
