"""Tree -> op tree: the constraints that only ask for presence, counts and literals, as data that
needs no FHIRPath to run (see ``condition``).

A constraint holds when it is *true*, so one condition suffices, "this expression is true"; under
``not`` the other one, "this is false", is needed. Both are two-valued: an empty result is neither.
Lowering makes both for every part of an expression, from the types of its paths, and gives up
(None) for what it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...economy.light_dataclass import dataclass
from ...patterns import PatternError, pattern
from ..model import TypeModel
from ..parser import type_name
from ..syntax import Binary, Call, External, Literal, Member, Tree, TypeName, TypeTest
from .condition import (
    TRUE,
    Const,
    Contained,
    Count,
    Dates,
    Distinct,
    Each,
    Is,
    Match,
    NotBlank,
    NumberIs,
    Op,
    Part,
    Prefix,
    Shares,
    Truth,
    both,
    differing,
    either,
    negated,
)
from .literals import NO_TEXT, NUMERIC, TEMPORAL, constant, constants, fits, is_count, untraced
from .paths import Path, Walker, reached

__all__ = ["lower"]

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_TEXT_TESTS: dict[str, Callable[[tuple[str, ...], str], Op]] = {
    "startsWith": Prefix,
    "contains": Part,
    "matches": Match,
}


def lower(
    tree: Tree, type_name: str, model: TypeModel, *, bare_resources: bool = True
) -> Op | None:
    """Return the condition under which a constraint on elements of a type holds; None where the op
    tree cannot say it.

    bare_resources   an inline resource may be nothing but its type, and so not exist; without them,
                     its name tells
    """
    if model.is_primitive(type_name) or not model.properties(type_name):
        return None
    truth = _Lowering(
        model, frozenset({type_name}), type_name.partition(".")[0], bare_resources
    ).truth(tree)
    return None if truth is None else truth.true


@dataclass(frozen=True, slots=True)
class _Lowering(Walker):
    """Truths of expressions, by their form."""

    bare_resources: bool

    def truth(self, tree: Tree) -> Truth | None:
        match tree:
            case Literal(bool() as value):
                return Truth(Const(value), Const(not value))
            case Binary("and" | "or" | "xor" | "implies" as operator, left, right):
                return self._logic(operator, left, right)
            case Binary("=" | "!=" as operator, left, right):
                found = self._equality(left, right)
                return found if found is None or operator == "=" else Truth(found.false, found.true)
            case Binary("<" | "<=" | ">" | ">=" as operator, left, right):
                return self._comparison(operator, left, right)
            case Binary("in", left, right):
                return self._membership(left, right)
            case TypeTest("is", operand, wanted):
                return self._type_test(operand, wanted)
            case Call(source, name, arguments):
                return self._call(source, name, arguments)
            case Member():
                return self._boolean(tree)
            case _:
                return None

    def _logic(self, operator: str, left: Tree, right: Tree) -> Truth | None:
        one, other = self.truth(left), self.truth(right)
        if one is None or other is None:
            return None
        if operator == "and":
            return Truth(both(one.true, other.true), either(one.false, other.false))
        if operator == "or":
            return Truth(either(one.true, other.true), both(one.false, other.false))
        if operator == "implies":
            return Truth(either(one.false, other.true), both(one.true, other.false))
        return differing(one, other)

    def _equality(self, left: Tree, right: Tree) -> Truth | None:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, right = right, left
        if is_count(left):
            return self._count(left, "=", right)
        path = self.path(left)
        if path is not None:
            values = constant(right)
            return None if values is None else self._literal(path, (values,))
        one, other = self.truth(left), self.truth(right)
        if one is None or other is None:
            return None
        different = differing(one, other)
        return Truth(different.false, different.true)

    def _literal(self, path: Path, values: tuple[Any, ...]) -> Truth | None:
        if (
            not path.singular
            or not path.steps
            or path.steps[-1].filter != TRUE
            or not fits(path.steps[-1].types, values)
        ):
            return None
        # what is not there is neither equal nor unequal, but empty: false needs it to exist
        found = reached(path, Is(path.steps[-1].keys, values))
        return Truth(found, both(self.exists(path), negated(found)))

    def _membership(self, left: Tree, right: Tree) -> Truth | None:
        match untraced(left), untraced(right):
            case (
                Call(source, "substring", (Literal(1),)),
                Member(Member(External("rootResource"), "contained"), "id"),
            ) if source is not None:
                return self._contained(self.path(source))
        path, values = self.path(left), constants(right)
        if path is None or not values or not path.steps:
            return None
        last = path.steps[-1]
        if not last.is_list:
            return self._literal(path, values)
        before = replace(path, steps=path.steps[:-1])
        if (
            not before.singular
            or len(last.keys) != 1
            or last.filter != TRUE
            or not fits(last.types, values)
        ):
            return None
        found = reached(path, Each(last.keys[0], values))
        return Truth(found, both(self.exists(path), negated(found)))

    def _contained(self, path: Path | None) -> Truth | None:
        if (
            path is None
            or not path.singular
            or not path.steps
            or path.steps[-1].types & NO_TEXT
            or path.steps[-1].filter != TRUE
        ):
            return None
        keys = path.steps[-1].keys
        found = reached(path, Contained(keys))
        # of a text of one character ``substring(1)`` is empty, and so is the whole
        return Truth(found, both(reached(path, Match(keys, "^..")), negated(found)))

    def _comparison(self, sign: str, left: Tree, right: Tree) -> Truth | None:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, right, sign = right, left, _MIRRORED[sign]
        if is_count(left):
            return self._count(left, sign, right)
        one, other = self.path(left), self.path(right)
        if one is None or not one.singular or not one.steps:
            return None
        keys = one.steps[-1].keys
        if isinstance(right, Literal):
            value = constant(right)
            if (
                isinstance(value, (bool, str))
                or value is None
                or not one.steps[-1].types <= NUMERIC
            ):
                return None
            return Truth(
                reached(one, NumberIs(keys, sign, value)),
                reached(one, NumberIs(keys, _OPPOSITE[sign], value)),
            )
        if other is None or not other.singular or not (one.direct and other.direct):
            return None
        if not (one.steps[0].types | other.steps[0].types) <= TEMPORAL:
            return None
        return Truth(
            Dates(keys, sign, other.steps[0].keys),
            Dates(keys, _OPPOSITE[sign], other.steps[0].keys),
        )

    def _count(self, tree: Tree, sign: str, right: Tree) -> Truth | None:
        groups = self._counted(tree)
        number = constant(right) if isinstance(right, Literal) else None
        if groups is None or isinstance(number, bool) or not isinstance(number, int):
            return None
        return Truth(Count(groups, sign, number), Count(groups, _OPPOSITE[sign], number))

    def _counted(self, tree: Tree) -> tuple[tuple[str, ...], ...] | None:
        match tree:
            case Binary("+", left, right):
                one, other = self._counted(left), self._counted(right)
                return None if one is None or other is None else one + other
            case Call(source, "count", ()) if source is not None:
                path = self.path(source)
                # Count looks at members of the element itself, no deeper
                if path is None or not path.direct:
                    return None
                return tuple(self.companions(key, name) for key, name in path.steps[0].members)
        return None

    def _type_test(self, operand: Tree, wanted: TypeName) -> Truth | None:
        path = self.path(operand)
        if (
            path is None
            or not path.singular
            or not path.steps
            or wanted.namespace == "System"
            or path.steps[-1].filter != TRUE
        ):
            return None
        last = path.steps[-1]
        if "Resource" in last.types:
            return None
        matching = tuple(
            (key, name)
            for key, name in last.members
            # whatever the case: see ``type_tests.is_operator``
            if name.lower() == wanted.name.lower() or self.model.is_a(name, wanted.name)
        )
        others = tuple(member for member in last.members if member not in matching)
        before = path.steps[:-1]
        return Truth(
            self.exists(replace(path, steps=(*before, replace(last, members=matching)))),
            self.exists(replace(path, steps=(*before, replace(last, members=others)))),
        )

    def _boolean(self, tree: Tree) -> Truth | None:
        path = self.path(tree)
        if path is None or not path.steps or path.steps[-1].types != {"boolean"}:
            return None
        keys = path.steps[-1].keys
        return (
            Truth(reached(path, Is(keys, (True,))), reached(path, Is(keys, (False,))))
            if path.singular
            else None
        )

    def _call(self, source: Tree | None, name: str, arguments: tuple[Tree, ...]) -> Truth | None:
        if name in ("exists", "empty"):
            found = self._presence(source, arguments)
            if found is None:
                return None
            return (
                Truth(found, negated(found)) if name == "exists" else Truth(negated(found), found)
            )
        if source is None:
            return None
        if name == "not" and not arguments:
            inner = self.truth(source)
            return None if inner is None else Truth(inner.false, inner.true)
        if name == "is":
            wanted = type_name(arguments[0])
            return None if wanted is None else self._type_test(source, wanted)
        path = self.path(source)
        if path is None:
            return None
        if name == "all" and len(arguments) == 1:
            return self._all(path, arguments[0])
        if name == "hasValue":
            return self._has_value(path)
        if name == "isDistinct":
            return self._distinct(path)
        return self._text_test(path, name, arguments)

    def _presence(self, source: Tree | None, arguments: tuple[Tree, ...]) -> Op | None:
        match source:
            case None:
                return None
            case Binary("|", left, right) if not arguments:
                one, other = self._presence(left, ()), self._presence(right, ())
                return None if one is None or other is None else either(one, other)
            case Call(first, "intersect", (second,)) if not arguments and first is not None:
                return self._shares(self.path(first), self.path(second))
        path = self.path(Call(source, "where", arguments) if arguments else source)
        if path is not None and "Resource" in path.types and self.bare_resources:
            # a resource of nothing but its type does not exist, which is not to be seen from the
            # name alone
            return None
        return None if path is None else self.exists(path)

    def _shares(self, path: Path | None, other: Path | None) -> Op | None:
        if (
            path is None
            or other is None
            or not other.on_resource
            or len(path.steps) != 1
            or not other.steps
            or path.types != other.types
        ):
            return None
        last, *before = path.steps[0], *other.steps
        if any(self.model.is_primitive(name) for name in path.types) or any(
            len(step.keys) != 1 or step.filter != TRUE for step in (last, *before)
        ):
            return None
        if not last.is_list or not before[-1].is_list or any(step.is_list for step in before[:-1]):
            return None
        return Shares(last.keys[0], tuple(step.keys[0] for step in before))

    def _all(self, path: Path, criterion: Tree) -> Truth | None:
        inner = self.inner(path)
        truth = None if inner is None or not path.steps else inner.truth(criterion)
        if truth is None:
            return None
        last = path.steps[-1]
        counterexample = self.exists(
            replace(
                path,
                steps=(
                    *path.steps[:-1],
                    replace(last, filter=both(last.filter, negated(truth.true))),
                ),
            )
        )
        return Truth(negated(counterexample), counterexample)

    def _has_value(self, path: Path) -> Truth | None:
        if (
            not path.singular
            or not path.steps
            or not all(self.model.is_primitive(name) for name in path.steps[-1].types)
        ):
            return None
        found = reached(path, NotBlank(path.steps[-1].keys))
        return Truth(found, negated(found))

    def _distinct(self, path: Path) -> Truth | None:
        if len(path.steps) < 2 or path.on_resource or path.filter != TRUE:
            return None
        last = path.steps[-1]
        if (
            last.is_list
            or len(last.keys) != 1
            or last.types & NO_TEXT
            or not all(self.model.is_primitive(name) for name in last.types)
        ):
            return None
        found = Distinct(tuple((step.keys, step.filter) for step in path.steps[:-1]), last.keys[0])
        return Truth(found, negated(found))

    def _text_test(self, path: Path, name: str, arguments: tuple[Tree, ...]) -> Truth | None:
        match arguments:
            case (Literal(str() as text),) if name in _TEXT_TESTS and path.singular and path.steps:
                last = path.steps[-1]
                if (
                    last.filter != TRUE
                    or last.types & NO_TEXT
                    or not all(self.model.is_primitive(one) for one in last.types)
                ):
                    return None
                if name == "matches" and not _is_pattern(text):
                    return None
                found = reached(path, _TEXT_TESTS[name](last.keys, text))
                return Truth(found, both(self.exists(path), negated(found)))
        return None


def _is_pattern(text: str) -> bool:
    """Tell whether a text is a regular expression that something matches: no text matches an empty
    one, as in HL7's validator.
    """
    try:
        return pattern(text, dot_all=True).text != ""
    except PatternError:
        return False
