"""Schema: StructureDefinitions compiled to frozen records.

StructureDefinition.snapshot -> ElementSchema -> TypeSchema with its Properties -> rules
"""

from .compiled_types import Schema, UnknownType, schema_of
from .element import (
    Binding,
    Constraint,
    Discriminator,
    ElementSchema,
    Property,
    Slicing,
    TypeRef,
    TypeSchema,
    element_schema,
)
from .head import Head

__all__ = [
    "Binding",
    "Constraint",
    "Discriminator",
    "ElementSchema",
    "Head",
    "Property",
    "Schema",
    "Slicing",
    "TypeRef",
    "TypeSchema",
    "UnknownType",
    "element_schema",
    "schema_of",
]
