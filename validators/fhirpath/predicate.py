"""Tree -> op tree: the constraints that only ask for presence, counts and literals, as data that needs no FHIRPath to run.

A constraint holds when it is *true*, so one condition suffices, "this expression is true"; under ``not`` the other one, "this is
false", is needed. Both are two-valued: an empty result is neither. Lowering makes both for every part of an expression, from the
types of its paths, and gives up (None) for what it does not know.

An op tree is nested tuples of strings, numbers and booleans. It is evaluated on one JSON object:

    ("const", bool)
    ("and", op, ...)  ("or", op, ...)  ("not", op)
    ("has", key, ...)                        one of the keys is there; primitives are asked for with their companion ``_key``
    ("value", key, ...)                      one of the keys is there and is no empty string
    ("is", (key, ...), (literal, ...))       the value of one of the keys is one of the literals
    ("each", key, (literal, ...))            the key's array has only such literals
    ("number", (key, ...), sign, literal)    the value of one of the keys is a number that compares so; sign is < <= > >=
    ("prefix", (key, ...), text)  ("part", …)  ("match", …)      the string begins with, contains, matches
    ("dates", (key, ...), sign, (key, ...))  the two dates compare so, as far as their precision decides
    ("count", ((key, ...), ...), sign, n)    how many items the keys hold in all; sign also = and !=; a group is a key and its companion
    ("one", (key, ...), op)                  the object at one of the keys meets op
    ("any", (key, ...), op)                  an object in the array at one of the keys meets op
    ("distinct", (("any" | "one", (key, ...), op), ...), key)    the key's values in all objects that the steps reach differ
    ("shares", key, (key, ...))              an object in the key's array is equal to one in the array that the keys reach from ``%resource``
    ("contained", (key, ...))                the value of one of the keys, less its first character, is the id of a resource contained in ``%rootResource``
    ("resource", op)                         ``%resource`` meets op
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeAlias

from ..schema.element import Property
from .model import TypeModel
from .parser import type_name
from .strings import pattern
from .syntax import Binary, Call, External, Literal, Member, Tree, TypeName, TypeTest, Variable

__all__ = ["Op", "lower"]

Op: TypeAlias = tuple[Any, ...]

TRUE: Op = ("const", True)
FALSE: Op = ("const", False)

_NUMERIC = frozenset({"integer", "positiveInt", "unsignedInt", "decimal"})
_TEMPORAL = frozenset({"date", "dateTime", "instant"})
_NO_TEXT = _NUMERIC | _TEMPORAL | {"time", "boolean"}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_TEXT_TESTS = {"startsWith": "prefix", "contains": "part", "matches": "match"}


@dataclass(frozen=True, slots=True)
class _Truth:
    """When an expression is true, and when it is false."""

    true: Op
    false: Op


@dataclass(frozen=True, slots=True)
class _Step:
    """One name of a path: its JSON keys with their types, and the filter on what is found there."""

    members: tuple[tuple[str, str], ...]
    is_list: bool
    filter: Op = TRUE

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.members)

    @property
    def types(self) -> frozenset[str]:
        return frozenset(name for _, name in self.members)


@dataclass(frozen=True, slots=True)
class _Path:
    """A walk from the element, if it passes the filter, or from ``%resource``; no step means the element itself."""

    types: frozenset[str]
    steps: tuple[_Step, ...] = ()
    on_resource: bool = False
    filter: Op = TRUE

    @property
    def direct(self) -> bool:
        """Whether it is one name of the element itself."""
        return len(self.steps) == 1 and not self.on_resource and self.filter == TRUE and self.steps[0].filter == TRUE

    @property
    def singular(self) -> bool:
        return not any(step.is_list for step in self.steps)


def lower(tree: Tree, type_name: str, model: TypeModel) -> Op | None:
    """The condition under which a constraint on elements of a type holds; None where the op tree cannot say it."""
    if model.is_primitive(type_name) or not model.properties(type_name):
        return None
    truth = _Lowering(model, frozenset({type_name}), type_name.partition(".")[0]).truth(tree)
    return None if truth is None else truth.true


@dataclass(frozen=True, slots=True)
class _Lowering:
    model: TypeModel
    types: frozenset[str]
    resource: str

    def truth(self, tree: Tree) -> _Truth | None:
        match tree:
            case Literal(bool() as value):
                return _Truth(("const", value), ("const", not value))
            case Binary("and" | "or" | "xor" | "implies" as operator, left, right):
                return self._logic(operator, left, right)
            case Binary("=" | "!=" as operator, left, right):
                found = self._equality(left, right)
                return found if found is None or operator == "=" else _Truth(found.false, found.true)
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

    def _logic(self, operator: str, left: Tree, right: Tree) -> _Truth | None:
        one, other = self.truth(left), self.truth(right)
        if one is None or other is None:
            return None
        if operator == "and":
            return _Truth(_and(one.true, other.true), _or(one.false, other.false))
        if operator == "or":
            return _Truth(_or(one.true, other.true), _and(one.false, other.false))
        if operator == "implies":
            return _Truth(_or(one.false, other.true), _and(one.true, other.false))
        return _differ(one, other)

    def _equality(self, left: Tree, right: Tree) -> _Truth | None:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, right = right, left
        if _is_count(left):
            return self._count(left, "=", right)
        path = self.path(left)
        if path is not None:
            values = _constant(right)
            return None if values is None else self._literal(path, (values,))
        one, other = self.truth(left), self.truth(right)
        if one is None or other is None:
            return None
        different = _differ(one, other)
        return _Truth(different.false, different.true)

    def _literal(self, path: _Path, values: tuple[Any, ...]) -> _Truth | None:
        if not path.singular or not path.steps or path.steps[-1].filter != TRUE or not _fits(path.steps[-1].types, values):
            return None
        found = _some(path, ("is", path.steps[-1].keys, values))
        return _Truth(found, _and(self._exists(path), _not(found)))

    def _membership(self, left: Tree, right: Tree) -> _Truth | None:
        match _untraced(left), _untraced(right):
            case (Call(source, "substring", (Literal(1),)), Member(Member(External("rootResource"), "contained"), "id")) if source is not None:
                return self._contained(self.path(source))
        path, values = self.path(left), _constants(right)
        if path is None or not values or not path.steps:
            return None
        last = path.steps[-1]
        if not last.is_list:
            return self._literal(path, values)
        before = replace(path, steps=path.steps[:-1])
        if not before.singular or len(last.keys) != 1 or last.filter != TRUE or not _fits(last.types, values):
            return None
        found = _some(path, ("each", last.keys[0], values))
        return _Truth(found, _and(self._exists(path), _not(found)))

    def _contained(self, path: _Path | None) -> _Truth | None:
        if path is None or not path.singular or not path.steps or path.steps[-1].types & _NO_TEXT or path.steps[-1].filter != TRUE:
            return None
        keys = path.steps[-1].keys
        found = _some(path, ("contained", keys))
        return _Truth(found, _and(_some(path, ("match", keys, "^..")), _not(found)))

    def _comparison(self, sign: str, left: Tree, right: Tree) -> _Truth | None:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, right, sign = right, left, _MIRRORED[sign]
        if _is_count(left):
            return self._count(left, sign, right)
        one, other = self.path(left), self.path(right)
        if one is None or not one.singular or not one.steps:
            return None
        keys = one.steps[-1].keys
        if isinstance(right, Literal):
            value = _constant(right)
            if isinstance(value, (bool, str)) or value is None or not one.steps[-1].types <= _NUMERIC:
                return None
            return _Truth(_some(one, ("number", keys, sign, value)), _some(one, ("number", keys, _OPPOSITE[sign], value)))
        if other is None or not other.singular or not (one.direct and other.direct):
            return None
        if not (one.steps[0].types | other.steps[0].types) <= _TEMPORAL:
            return None
        return _Truth(("dates", keys, sign, other.steps[0].keys), ("dates", keys, _OPPOSITE[sign], other.steps[0].keys))

    def _count(self, tree: Tree, sign: str, right: Tree) -> _Truth | None:
        groups = self._counted(tree)
        number = _constant(right) if isinstance(right, Literal) else None
        if groups is None or isinstance(number, bool) or not isinstance(number, int):
            return None
        return _Truth(("count", groups, sign, number), ("count", groups, _OPPOSITE[sign], number))

    def _counted(self, tree: Tree) -> tuple[tuple[str, ...], ...] | None:
        match tree:
            case Binary("+", left, right):
                one, other = self._counted(left), self._counted(right)
                return None if one is None or other is None else one + other
            case Call(source, "count", ()) if source is not None:
                path = self.path(source)
                if path is None or not path.direct:
                    return None
                return tuple(self._companions(key, name) for key, name in path.steps[0].members)
        return None

    def _type_test(self, operand: Tree, wanted: TypeName) -> _Truth | None:
        path = self.path(operand)
        if path is None or not path.singular or not path.steps or wanted.namespace == "System" or path.steps[-1].filter != TRUE:
            return None
        last = path.steps[-1]
        if "Resource" in last.types:
            return None
        matching = tuple((key, name) for key, name in last.members if name.lower() == wanted.name.lower() or self.model.is_a(name, wanted.name))
        others = tuple(member for member in last.members if member not in matching)
        before = path.steps[:-1]
        return _Truth(
            self._exists(replace(path, steps=(*before, replace(last, members=matching)))),
            self._exists(replace(path, steps=(*before, replace(last, members=others)))),
        )

    def _boolean(self, tree: Tree) -> _Truth | None:
        path = self.path(tree)
        if path is None or not path.steps or path.steps[-1].types != {"boolean"}:
            return None
        keys = path.steps[-1].keys
        return _Truth(_some(path, ("is", keys, (True,))), _some(path, ("is", keys, (False,)))) if path.singular else None

    def _call(self, source: Tree | None, name: str, arguments: tuple[Tree, ...]) -> _Truth | None:
        if name in ("exists", "empty"):
            found = self._presence(source, arguments)
            if found is None:
                return None
            return _Truth(found, _not(found)) if name == "exists" else _Truth(_not(found), found)
        if source is None:
            return None
        if name == "not" and not arguments:
            inner = self.truth(source)
            return None if inner is None else _Truth(inner.false, inner.true)
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
                return None if one is None or other is None else _or(one, other)
            case Call(first, "intersect", (second,)) if not arguments and first is not None:
                return self._shares(self.path(first), self.path(second))
        path = self.path(Call(source, "where", arguments) if arguments else source)
        return None if path is None else self._exists(path)

    def _shares(self, path: _Path | None, other: _Path | None) -> Op | None:
        if path is None or other is None or not other.on_resource or len(path.steps) != 1 or not other.steps or path.types != other.types:
            return None
        last, *before = path.steps[0], *other.steps
        if any(self.model.is_primitive(name) for name in path.types) or any(len(step.keys) != 1 or step.filter != TRUE for step in (last, *before)):
            return None
        if not last.is_list or not before[-1].is_list or any(step.is_list for step in before[:-1]):
            return None
        return ("shares", last.keys[0], tuple(step.keys[0] for step in before))

    def _all(self, path: _Path, criterion: Tree) -> _Truth | None:
        inner = self._inner(path)
        truth = None if inner is None or not path.steps else inner.truth(criterion)
        if truth is None:
            return None
        last = path.steps[-1]
        counterexample = self._exists(replace(path, steps=(*path.steps[:-1], replace(last, filter=_and(last.filter, _not(truth.true))))))
        return _Truth(_not(counterexample), counterexample)

    def _has_value(self, path: _Path) -> _Truth | None:
        if not path.singular or not path.steps or not all(self.model.is_primitive(name) for name in path.steps[-1].types):
            return None
        found = _some(path, ("value", *path.steps[-1].keys))
        return _Truth(found, _not(found))

    def _distinct(self, path: _Path) -> _Truth | None:
        if len(path.steps) < 2 or path.on_resource or path.filter != TRUE:
            return None
        last = path.steps[-1]
        if last.is_list or len(last.keys) != 1 or last.types & _NO_TEXT or not all(self.model.is_primitive(name) for name in last.types):
            return None
        found = ("distinct", tuple(("any" if step.is_list else "one", step.keys, step.filter) for step in path.steps[:-1]), last.keys[0])
        return _Truth(found, _not(found))

    def _text_test(self, path: _Path, name: str, arguments: tuple[Tree, ...]) -> _Truth | None:
        match arguments:
            case (Literal(str() as text),) if name in _TEXT_TESTS and path.singular and path.steps:
                last = path.steps[-1]
                if last.filter != TRUE or last.types & _NO_TEXT or not all(self.model.is_primitive(one) for one in last.types):
                    return None
                if name == "matches":
                    pattern(text)
                found = _some(path, (_TEXT_TESTS[name], last.keys, text))
                return _Truth(found, _and(self._exists(path), _not(found)))
        return None

    def path(self, tree: Tree) -> _Path | None:
        """The walk that an expression is, None where it is more than one."""
        match tree:
            case Variable("this"):
                return _Path(self.types)
            case External("resource") if self.model.is_resource(self.resource):
                return _Path(frozenset({self.resource}), on_resource=True)
            case Member(None, name) if name[:1].isupper():
                return _Path(self.types) if all(self.model.is_a(one, name) for one in self.types) else None
            case Member(source, name):
                before = _Path(self.types) if source is None else self.path(source)
                return None if before is None else self._step(before, name)
            case Call(source, "trace", _) if source is not None:
                return self.path(source)
            case Call(source, "where", (criterion,)):
                return self._filtered(_Path(self.types) if source is None else self.path(source), criterion)
            case Call(source, "select", (projection,)) if source is not None:
                return self._selected(self.path(source), projection)
            case Call(source, "as" | "ofType", (argument,)) if source is not None:
                return self._narrowed(self.path(source), type_name(argument))
            case TypeTest("as", operand, wanted):
                return self._narrowed(self.path(operand), wanted)
        return None

    def _step(self, before: _Path, name: str) -> _Path | None:
        members = {p.json_name: p for one in before.types for p in self._members(one, name)}
        if not members or any(self.model.is_primitive(one) for one in before.types):
            return None
        step = _Step(tuple((p.json_name, p.type) for p in members.values()), any(p.is_list for p in members.values()))
        return replace(before, types=step.types, steps=(*before.steps, step))

    def _members(self, type_name: str, name: str) -> tuple[Property, ...]:
        found = self.model.reachable(type_name, name)
        return self.model.reachable("DomainResource", name) if not found and type_name == "Resource" else found

    def _inner(self, path: _Path | None) -> _Lowering | None:
        """The lowering of an expression that is evaluated on each thing a path finds."""
        if path is None or any(self.model.is_primitive(name) or not self.model.properties(name) for name in path.types):
            return None
        return replace(self, types=path.types)

    def _filtered(self, path: _Path | None, criterion: Tree) -> _Path | None:
        inner = self._inner(path)
        truth = None if inner is None else inner.truth(criterion)
        if path is None or truth is None:
            return None
        if not path.steps:
            return None if path.on_resource else replace(path, filter=_and(path.filter, truth.true))
        last = path.steps[-1]
        return replace(path, steps=(*path.steps[:-1], replace(last, filter=_and(last.filter, truth.true))))

    def _selected(self, path: _Path | None, projection: Tree) -> _Path | None:
        inner = self._inner(path)
        found = None if inner is None else inner.path(projection)
        if path is None or found is None or found.on_resource or found.filter != TRUE:
            return None
        return replace(path, types=found.types, steps=path.steps + found.steps)

    def _narrowed(self, path: _Path | None, wanted: TypeName | None) -> _Path | None:
        if path is None or wanted is None or not path.steps or not path.singular or "Resource" in path.types:
            return None
        last = path.steps[-1]
        members = tuple((key, name) for key, name in last.members if self.model.instance_of(name, wanted.name))
        return replace(path, types=frozenset(name for _, name in members), steps=(*path.steps[:-1], replace(last, members=members))) if members else None

    def _companions(self, key: str, name: str) -> tuple[str, ...]:
        return (key, "_" + key) if self.model.is_primitive(name) else (key,)

    def _exists(self, path: _Path) -> Op:
        if not path.steps:
            return path.filter
        last = path.steps[-1]
        if not last.members:
            return FALSE
        if last.filter == TRUE:
            return _some(path, ("has", *[one for key, name in last.members for one in self._companions(key, name)]))
        return _some(path, ("any" if last.is_list else "one", last.keys, last.filter))


def _some(path: _Path, leaf: Op) -> Op:
    """That the walk, but for its last step, reaches an object that meets the leaf."""
    found = leaf
    for step in reversed(path.steps[:-1]):
        found = ("any" if step.is_list else "one", step.keys, _and(step.filter, found))
    return ("resource", found) if path.on_resource else _and(path.filter, found)


def _and(*ops: Op) -> Op:
    return _joined("and", ops, neutral=TRUE, deciding=FALSE)


def _or(*ops: Op) -> Op:
    """The ops joined; tests of the same keys for literals become one."""
    joined = _joined("or", ops, neutral=FALSE, deciding=TRUE)
    literals: dict[tuple[str, ...], tuple[Any, ...]] = {}
    parts: list[Op] = []
    for op in joined[1:] if joined[0] == "or" else ():
        if op[0] == "is" and op[1] in literals:
            literals[op[1]] = tuple(dict.fromkeys(literals[op[1]] + op[2]))
        elif op[0] == "is":
            literals[op[1]] = op[2]
            parts.append(op)
        else:
            parts.append(op)
    if not literals:
        return joined
    merged = [("is", op[1], literals[op[1]]) if op[0] == "is" else op for op in parts]
    return merged[0] if len(merged) == 1 else ("or", *merged)


def _joined(name: str, ops: tuple[Op, ...], neutral: Op, deciding: Op) -> Op:
    parts: list[Op] = []
    for op in ops:
        parts.extend(op[1:] if op[0] == name else () if op == neutral else (op,))
    if deciding in parts:
        return deciding
    unique = tuple(dict.fromkeys(parts))
    return neutral if not unique else unique[0] if len(unique) == 1 else (name, *unique)


def _not(op: Op) -> Op:
    if op[0] == "const":
        return ("const", not op[1])
    if op[0] == "not":
        inner: Op = op[1]
        return inner
    return ("not", op)


def _differ(one: _Truth, other: _Truth) -> _Truth:
    return _Truth(_or(_and(one.true, other.false), _and(one.false, other.true)), _or(_and(one.true, other.true), _and(one.false, other.false)))


def _untraced(tree: Tree) -> Tree:
    match tree:
        case Call(source, "trace", _) if source is not None:
            return _untraced(source)
        case _:
            return tree


def _is_count(tree: Tree) -> bool:
    match tree:
        case Call(_, "count", ()):
            return True
        case Binary("+", left, right):
            return _is_count(left) and _is_count(right)
        case _:
            return False


_SYSTEMS = {"ucum": "http://unitsofmeasure.org", "loinc": "http://loinc.org", "sct": "http://snomed.info/sct"}


def _constant(tree: Tree) -> str | int | float | bool | None:
    match tree:
        case Literal(Decimal() as value):
            return float(value) if Decimal(repr(float(value))) == value else None
        case Literal(str() | bool() | int() as value):
            return value
        case External(name):
            return _SYSTEMS.get(name)
    return None


def _constants(tree: Tree) -> tuple[Any, ...]:
    match tree:
        case Binary("|", left, right):
            one, other = _constants(left), _constants(right)
            return one + other if one and other else ()
    value = _constant(tree)
    return () if value is None else (value,)


_KINDS: tuple[tuple[type | tuple[type, ...], Callable[[frozenset[str]], bool]], ...] = (
    (bool, lambda types: types == {"boolean"}),
    ((int, float), lambda types: types <= _NUMERIC),
    (str, lambda types: not types & _NO_TEXT and all(name[:1].islower() for name in types)),
)


def _fits(types: frozenset[str], values: tuple[Any, ...]) -> bool:
    """Whether JSON values of these types can be compared with the literals as they stand."""
    return all(next(fits(types) for kind, fits in _KINDS if isinstance(value, kind)) for value in values)
