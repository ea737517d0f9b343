"""Compilation: all that rules, profiles and tables ask for while they are compiled to checks.

The explainer is one. Whoever compiles a part of it is handed this and never the explainer itself,
so that imports lead down only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from ..definitions import Definitions
    from ..fhirpath import EvaluationScope, Hooks, Invariant, TypeModel
    from ..schema import Constraint, Property, Schema
    from ..schema.profile_tree import ProfileNode
    from ..terminology import Terminology
    from .check import Check
    from .surroundings import Scope

__all__ = ["Compilation"]


class Compilation(Protocol):
    """One set of definitions on its way to checks.

    definitions      the StructureDefinitions, ValueSets and CodeSystems that are known
    schema           the types, compiled
    terminology      the value sets and code systems, compiled
    model            the types as FHIRPath sees them
    hooks            what FHIRPath asks of the validator: memberOf, conformsTo, htmlChecks
    warnings         whether checks also say what fails no resource
    best_practice    whether invariants marked as best practice are checked
    unknown_profile  the severity of a profile in meta.profile that is not known; None: profiles in
                     meta.profile are not looked at
    asked_profiles   canonical urls of profiles that every resource of their type follows
    """

    definitions: Definitions
    schema: Schema
    terminology: Terminology
    model: TypeModel
    hooks: Hooks
    warnings: bool
    best_practice: bool
    unknown_profile: Literal["error", "warning", "ignore"] | None
    asked_profiles: Sequence[str]

    def profile_check(self, url: str) -> Check | None:
        """Return the check for what a profile says beyond its base type; None if it is unknown."""
        ...

    def profile_tree(self, url: str) -> ProfileNode | None:
        """Return the tree of a StructureDefinition's elements; None where it is not known."""
        ...

    def conforms(self, value: dict[str, Any], name: str, url: str, scope: Scope) -> bool:
        """Tell whether a value of the named type follows a known profile and its own type."""
        ...

    def invariant(self, constraint: Constraint, name: str) -> Invariant | None:
        """Return a constraint compiled for values of the named type, its erratum applied.

        None where there is nothing to evaluate.
        """
        ...

    def fhirpath_scope(self, scope: Scope) -> EvaluationScope:
        """Return the surroundings of a value as FHIRPath sees them."""
        ...

    def narrowing_checks(self, prop: Property) -> list[Check]:
        """Return what every rule says of a property as a profile narrows it."""
        ...

    def empty_checks(self, prop: Property) -> list[Check]:
        """Return what every rule says of a primitive element that has no value, only children."""
        ...
