"""A decoded line: its values by the way to them, each with the scope that it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from ..checks.conformance import Conformance
from ..checks.resolution import scope_of
from ..checks.surroundings import Scope
from ..verdicts.undecided import LineUndecided

__all__ = ["DecodedLine", "Step"]

Step: TypeAlias = str | int


class DecodedLine:
    """The resource of a line, in which some checks are run where they belong.

    follows     answers which of its values follow which profiles
    undecided   what these leave undecided
    """

    def __init__(self, resource: dict[str, Any], follows: Conformance) -> None:
        self.resource = resource
        self.follows = follows
        self.undecided = LineUndecided()
        scope = Scope(resource, self.undecided, follows=follows)
        self._scopes: dict[int, Scope] = {id(resource): scope}

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
