"""Paths of an expression as walks through JSON keys, found from the types.

tree -> Walker.path -> Path (steps with their keys and filters) -> reached, Walker.exists -> op tree
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Self

from ...economy.light_dataclass import dataclass
from ...schema.element import Property
from ..model import TypeModel
from ..parser import type_name
from ..syntax import Call, External, Member, Tree, TypeName, TypeTest, Variable
from .condition import FALSE, TRUE, Has, One, OnResource, Op, Some, Truth, both

__all__ = ["Path", "Step", "Walker", "reached"]


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path: its JSON keys with their types, and the filter on what is found there."""

    members: tuple[tuple[str, str], ...]
    is_list: bool
    filter: Op = TRUE

    @property
    def keys(self) -> tuple[str, ...]:
        """The JSON keys that the name may have, one for each type of a choice."""
        return tuple(key for key, _ in self.members)

    @property
    def types(self) -> frozenset[str]:
        """The types of what may be found under the name."""
        return frozenset(name for _, name in self.members)


@dataclass(frozen=True, slots=True)
class Path:
    """A walk from the element, if it passes the filter, or from ``%resource``; no step means the
    element itself.
    """

    types: frozenset[str]
    steps: tuple[Step, ...] = ()
    on_resource: bool = False
    filter: Op = TRUE

    @property
    def direct(self) -> bool:
        """True where the walk is one name of the element itself, without a filter."""
        return (
            len(self.steps) == 1
            and not self.on_resource
            and self.filter == TRUE
            and self.steps[0].filter == TRUE
        )

    @property
    def singular(self) -> bool:
        """True where the walk finds one thing at the most."""
        return not any(step.is_list for step in self.steps)


def reached(path: Path, leaf: Op) -> Op:
    """Return the op that holds where the walk, but for its last step, reaches an object that meets
    the leaf.
    """
    found = leaf
    for step in reversed(path.steps[:-1]):
        inner = both(step.filter, found)
        found = Some(step.keys, inner) if step.is_list else One(step.keys, inner)
    return OnResource(found) if path.on_resource else both(path.filter, found)


@dataclass(frozen=True, slots=True)
class Walker(ABC):
    """Finds the walks of expressions on elements of some types.

    types       what the element may be
    resource    the type of ``%resource``, where the types are those of a resource or of its
                elements
    """

    model: TypeModel
    types: frozenset[str]
    resource: str

    @abstractmethod
    def truth(self, tree: Tree) -> Truth | None:
        """Return when an expression is true and when it is false; None for what cannot be said."""

    def path(self, tree: Tree) -> Path | None:
        """Return the walk that an expression is, None where it is more than one."""
        match tree:
            case Variable("this"):
                return Path(self.types)
            case External("resource") if self.model.is_resource(self.resource):
                return Path(frozenset({self.resource}), on_resource=True)
            case Member(None, name) if name[:1].isupper():
                return (
                    Path(self.types)
                    if all(self.model.is_a(one, name) for one in self.types)
                    else None
                )
            case Member(source, name):
                before = Path(self.types) if source is None else self.path(source)
                return None if before is None else self._step(before, name)
            case Call(source, "trace", _) if source is not None:
                return self.path(source)
            case Call(source, "where", (criterion,)):
                return self._filtered(
                    Path(self.types) if source is None else self.path(source), criterion
                )
            case Call(source, "select", (projection,)) if source is not None:
                return self._selected(self.path(source), projection)
            case Call(source, "as" | "ofType", (argument,)) if source is not None:
                return self._narrowed(self.path(source), type_name(argument))
            case TypeTest("as", operand, wanted):
                return self._narrowed(self.path(operand), wanted)
        return None

    def _step(self, before: Path, name: str) -> Path | None:
        members = {p.json_name: p for one in before.types for p in self._members(one, name)}
        # what lies below a primitive is in its companion, under another key
        if not members or any(self.model.is_primitive(one) for one in before.types):
            return None
        step = Step(
            tuple((p.json_name, p.type) for p in members.values()),
            any(p.is_list for p in members.values()),
        )
        return replace(before, types=step.types, steps=(*before.steps, step))

    def _members(self, type_name: str, name: str) -> tuple[Property, ...]:
        found = self.model.reachable(type_name, name)
        return (
            self.model.reachable("DomainResource", name)
            if not found and type_name == "Resource"
            else found
        )

    def inner(self, path: Path | None) -> Self | None:
        """Return the lowering of an expression that is evaluated on each thing a path finds; None
        where a path finds primitives or types without properties.
        """
        if path is None or any(
            self.model.is_primitive(name) or not self.model.properties(name) for name in path.types
        ):
            return None
        return replace(self, types=path.types)

    def _filtered(self, path: Path | None, criterion: Tree) -> Path | None:
        inner = self.inner(path)
        truth = None if inner is None else inner.truth(criterion)
        if path is None or truth is None:
            return None
        if not path.steps:
            return None if path.on_resource else replace(path, filter=both(path.filter, truth.true))
        last = path.steps[-1]
        return replace(
            path, steps=(*path.steps[:-1], replace(last, filter=both(last.filter, truth.true)))
        )

    def _selected(self, path: Path | None, projection: Tree) -> Path | None:
        inner = self.inner(path)
        found = None if inner is None else inner.path(projection)
        if path is None or found is None or found.on_resource or found.filter != TRUE:
            return None
        return replace(path, types=found.types, steps=path.steps + found.steps)

    def _narrowed(self, path: Path | None, wanted: TypeName | None) -> Path | None:
        # ``as`` of several items is an error, and an inline resource's type is not in its key
        if (
            path is None
            or wanted is None
            or not path.steps
            or not path.singular
            or "Resource" in path.types
        ):
            return None
        last = path.steps[-1]
        members = tuple(
            (key, name) for key, name in last.members if self.model.instance_of(name, wanted.name)
        )
        return (
            replace(
                path,
                types=frozenset(name for _, name in members),
                steps=(*path.steps[:-1], replace(last, members=members)),
            )
            if members
            else None
        )

    def companions(self, key: str, name: str) -> tuple[str, ...]:
        """Return the JSON keys in which an element may stand: its own, and for a primitive that of
        its companion (``_x``).
        """
        return (key, "_" + key) if self.model.is_primitive(name) else (key,)

    def exists(self, path: Path) -> Op:
        """Return the op that holds where a path finds something."""
        if not path.steps:
            return path.filter
        last = path.steps[-1]
        if not last.members:
            return FALSE
        if last.filter == TRUE:
            keys = [one for key, name in last.members for one in self.companions(key, name)]
            return reached(path, Has(tuple(keys)))
        leaf = Some(last.keys, last.filter) if last.is_list else One(last.keys, last.filter)
        return reached(path, leaf)
