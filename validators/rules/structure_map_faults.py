"""Faults of a StructureMap (FHIR R4, section 5.9): the sentences of the one rule that
``structure_map`` finds broken. Whatever they name stands in the map.
"""

from __future__ import annotations

from ..verdicts.declaration import Declaration

NAME = Declaration(
    "structure-map",
    "error",
    "invalid",
    "The name {name} is not valid",
    "a map has names that are names, variables that are known and paths that exist",
    section="5.9",
    reference=(
        "SM_SOURCE_CONTEXT_UNKNOWN",
        "SM_TARGET_CONTEXT_UNKNOWN",
        "SM_TARGET_PATH_INVALID",
        "SM_*",
    ),
    quotes=("name",),
)
NAME_USED = NAME.also("The name {name} is already used in this group", quotes=("name",))
GROUP = NAME.also("The group {name} could not be resolved", quotes=("name",))
GROUP_PARAMETERS = NAME.also(
    "The group {name} takes {wanted} parameters, {count} are given", quotes=("name",)
)
VARIABLE = NAME.also(
    "The variable {name} for the parameter {parameter} is not known at this point",
    quotes=("name", "parameter"),
)
TYPE_UNKNOWN = NAME.also(
    "The type {type} is not known, so the paths cannot be validated", quotes=("type",)
)
TYPE_UNMADE = NAME.also(
    "The type {type} is not known, so it is not possible to create it", quotes=("type",)
)
TYPE_WRONG = NAME.also(
    "The type {type} is not valid for {path}: it may be {expected}", quotes=("type", "path")
)
SOURCE_CONTEXT = NAME.also(
    "The source context {context} is not known at this point", quotes=("context",)
)
SOURCE_PATH = NAME.also(
    "The source path {context}.{element} refers to the path {type}.{element} which is unknown",
    quotes=("context", "element"),
)
TARGET_CONTEXT = NAME.also(
    "The target context '{context}' is not known at this point", quotes=("context",)
)
TARGET_PATH = NAME.also(
    "The target path {context}.{element} refers to the path {type}.{element} which is unknown",
    quotes=("context", "element"),
)
NO_TRANSFORM = NAME.also("When there is no transform, parameters can't be provided")
TRANSFORM_PARAMETERS = NAME.also(
    "The transform {transform} does not take {count} parameters", quotes=("transform",)
)
