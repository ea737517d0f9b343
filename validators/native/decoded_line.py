"""A decoded line: its values by the way to them, each with the scope that it stands in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ..checks.resolution import scope_of
from ..checks.surroundings import Scope
from ..issue import Issue
from ..undecided import LineUndecided

__all__ = ["DecodedLine"]

Step = str | int


class DecodedLine:
    """The resource of a line, in which some checks are run where they belong.

    undecided   what these leave undecided
    """

    def __init__(self, resource: dict[str, Any]) -> None:
        self.resource = resource
        self.undecided = LineUndecided()
        self._scopes: dict[int, Scope] = {id(resource): Scope(resource, self.undecided)}

    def at(self, steps: Sequence[Step]) -> tuple[Any, Scope]:
        """Return the value that the steps lead to, and the scope of the resource around it; of a
        resource its own.
        """
        value: Any = self.resource
        scope = self._scopes[id(value)]
        for step in steps:
            value = value[step]
            if type(value) is dict and "resourceType" in value:
                scope = self._scopes.get(id(value)) or self._scope(value, scope)
        return value, scope

    def _scope(self, value: Any, around: Scope) -> Scope:
        found = self._scopes[id(value)] = scope_of(value, around)
        return found

    def found(self, steps: Sequence[Step]) -> list[Issue] | None:
        """Return what is wrong with a resource that a reference asked about before the walk has
        come to it, which the walk tells again; None where nothing did.
        """
        value, scope = self.at(steps)
        return scope.follows.found(value, value["resourceType"])

    def claim(self, steps: Sequence[Step], profiles: Sequence[str]) -> None:
        """Note that a resource is being asked about the profiles that it claims."""
        value, scope = self.at(steps)
        for identity in profiles:
            scope.follows.claim(value, identity)

    def settle(
        self, steps: Sequence[Step], profiles: Sequence[str], failed: Collection[str] = ()
    ) -> None:
        """Note that a resource follows the profiles that it claims, but for those that failed."""
        value, scope = self.at(steps)
        for identity in profiles:
            scope.follows.settle(value, identity, identity not in failed)
