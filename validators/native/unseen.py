"""Unseen: the surroundings of a value of which nothing else is known, as FHIRPath sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from .. import fhirpath
from .questions import Nowhere, beyond

__all__ = ["scopes", "unplaced", "unseeing"]


class _UnseenResource(dict[str, Any]):
    """A resource that an evaluation may carry along, but not look into."""

    get = __getitem__ = __contains__ = __iter__ = __len__ = __eq__ = beyond
    keys = values = items = beyond
    __hash__ = None


class _Unseen(fhirpath.EvaluationScope):
    """The scope of a value of which nothing else is known, as FHIRPath sees it."""

    __slots__ = ()
    bundle = property(beyond)

    def __init__(self, hooks: fhirpath.Hooks) -> None:
        self.resource = self.root = _UnseenResource()
        self.hooks, self.variables, self.profile, self.steps = hooks, {}, None, None
        self.memory = None


def scopes(hooks: fhirpath.Hooks, place: type[Nowhere] = Nowhere) -> Callable[[], Nowhere]:
    """Return what makes a scope for each value that is asked about."""
    return partial(unplaced, unseeing(hooks), place)


def unseeing(hooks: fhirpath.Hooks) -> fhirpath.Hooks:
    """Return the hooks of an evaluation that may not look beyond its value."""
    return replace(hooks, conforms_to=beyond, in_slice=beyond)


def unplaced(hooks: fhirpath.Hooks, place: type[Nowhere] = Nowhere) -> Nowhere:
    """Return a new scope of a value of which nothing else is known.

    hooks   as ``unseeing`` gives them
    """
    scope = place()
    scope.memo["fhirpath"] = _Unseen(hooks)
    return scope
