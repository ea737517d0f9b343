"""Where a value stands while it is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..verdicts.undecided import LineUndecided
from .conformance import Conformance

__all__ = ["Scope"]


class Scope:
    """The place where a value stands: the resource around it, and the resources around that one.

    resource   the nearest resource: a line's own, a contained one, or that of a Bundle entry or
               parameter
    parent     the scope of the resource that this one stands in, None for a line's own
    place      how it stands there: ``contained``, ``entry`` (any inline resource that is not
               contained), or ``line``
    holder     the object whose property the resource is: the Bundle.entry or Parameters.parameter;
               the container of a contained one
    undecided  what could not be decided offline (see ``undecided.py``) -> how often; one counter
               for all scopes of a line
    follows    the record of which values of the line follow which profiles, where one is made
               beforehand
    enclosed   whether a Bundle or Parameters is around it, where references may lead to other
               entries
    """

    __slots__ = (
        "_follows",
        "enclosed",
        "holder",
        "memo",
        "parent",
        "place",
        "resource",
        "undecided",
    )

    def __init__(
        self,
        resource: dict[str, Any],
        undecided: LineUndecided,
        parent: Scope | None = None,
        place: str = "line",
        holder: Mapping[str, Any] | None = None,
        follows: Conformance | None = None,
    ) -> None:
        self.resource = resource
        self.parent = parent
        self.place = place
        self.enclosed: bool = place == "entry" or (parent is not None and parent.enclosed)
        self.holder = holder
        self.undecided = undecided
        self._follows = follows
        self.memo: dict[
            Any, Any
        ] = {}  # what a rule has worked out once for this resource, by a key of its own

    @property
    def follows(self) -> Conformance:
        """The record of which values of the line follow which profiles, one for all scopes of a
        line; made when it is first asked for, since most lines ask nothing.
        """
        found = self._follows
        if found is None:
            above = self.parent
            found = Conformance(self.undecided) if above is None else above.follows
            self._follows = found
        return found

    def aside(self) -> Scope:
        """Return the same place for a question beside the walk: what it cannot decide is not
        counted, and what rules have met so far is not known there.
        """
        return Scope(
            self.resource, LineUndecided(), self.parent, self.place, self.holder, self.follows
        )

    @property
    def root(self) -> dict[str, Any]:
        """FHIRPath's %rootResource: the container of a contained resource, otherwise the resource
        itself.
        """
        scope = self
        while scope.place == "contained" and scope.parent is not None:
            scope = scope.parent
        return scope.resource

    def outward(self) -> Iterator[Scope]:
        """Yield this scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent
