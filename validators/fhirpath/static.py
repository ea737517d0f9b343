"""The types an expression can have, found without data: what a strict compilation refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from ..economy.light_dataclass import dataclass
from .errors import FhirPathTypeError
from .evaluation import PER_ITEM
from .functions.type_tests import system_type
from .model import SYSTEM_TYPES, TypeModel
from .parser import type_name
from .syntax import (
    Binary,
    Call,
    Empty,
    External,
    Index,
    Literal,
    Member,
    Tree,
    TypeName,
    TypeTest,
    Unary,
    Variable,
)

__all__ = ["check"]

Types: TypeAlias = "frozenset[str] | None"
"""FHIR type names and ``System.X``; None where nothing is known."""

_ANY: Types = None
_BOOLEAN: Types = frozenset({"System.Boolean"})
_INTEGER: Types = frozenset({"System.Integer"})
_STRING: Types = frozenset({"System.String"})

_SAME = frozenset(
    (
        "where first last tail skip take single distinct trace exclude intersect sort "
        "checkModifiers "
        "slice combine union"
    ).split()
)
_ORDERED = frozenset("first last tail skip take".split())
_UNORDERED = frozenset({"children", "descendants"})
_TESTS_OF_STRINGS = "startsWith endsWith contains matches matchesFull"
_ON_STRINGS = frozenset(
    (
        f"{_TESTS_OF_STRINGS} indexOf substring replace replaceMatches length upper lower trim "
        "toChars split"
    ).split()
)
_BOOLEANS = frozenset(
    "exists empty not all allTrue anyTrue allFalse anyFalse isDistinct subsetOf supersetOf "
    f"{_TESTS_OF_STRINGS} hasValue is memberOf "
    "htmlChecks htmlChecks2 conformsTo comparable".split()
)
_COMPARISONS = frozenset("= != ~ !~ < <= > >= and or xor implies in contains".split())
_NUMBERS = frozenset({"System.Integer", "System.Decimal"})
_DATES = frozenset({"System.Date", "System.DateTime", "System.Time"})


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a part of an expression stands: the types of its focus, of ``$this`` and of
    ``%context``.
    """

    model: TypeModel
    context: Types
    this: Types
    focus: Types
    start: bool = True

    def on(self, focus: Types) -> _Site:
        return replace(self, focus=focus, this=focus, start=True)


def check(tree: Tree, type_name: str, model: TypeModel) -> Types:
    """Return the types that a tree can have when it is evaluated on elements of a type; None where
    it may be of any.

    Raises FhirPathTypeError, naming what does not exist or fit.
    """
    start: Types = frozenset({type_name}) if model.properties(type_name) else _ANY
    return _types(tree, _Site(model, start, start, start))


def _types(tree: Tree, site: _Site) -> Types:
    match tree:
        case Literal(value):
            return frozenset({f"System.{system_type(value)}"})
        case Empty():
            return frozenset()
        case Variable("this"):
            return site.this
        case Variable("index"):
            return _INTEGER
        case External("context"):
            return site.context
        case Variable() | External():
            return _ANY
        case Member(source, name):
            return _member(source, name, site)
        case Call(source, name, arguments):
            return _call(source, name, arguments, site)
        case Index(source, index):
            # an index is evaluated on $this, not on the items it chooses from
            _types(index, replace(site, focus=site.this))
            return _types(source, site)
        case Unary(_, operand):
            return _types(operand, site)
        case TypeTest(operator, operand, name):
            found = _types(operand, site)
            return _BOOLEAN if operator == "is" else _narrowed(found, name, site)
        case Binary(operator, left, right):
            return _binary(operator, _types(left, site), _types(right, site))


def _member(source: Tree | None, name: str, site: _Site) -> Types:
    model = site.model
    if source is None and name[:1].isupper():
        if site.focus is not None and not any(model.is_a(found, name) for found in site.focus):
            raise FhirPathTypeError(f"{name} is not the type of this element")
        return site.focus
    focus = site.focus if source is None else _types(source, site)
    if focus is None or any(_open(found, model) for found in focus):
        return _ANY
    found = frozenset(member.type for one in focus for member in model.members(one, name))
    if focus and not found:
        raise FhirPathTypeError(f"there is no element {name} in {', '.join(sorted(focus))}")
    return _ANY if any(_open(one, model) for one in found) else found


def _open(name: str, model: TypeModel) -> bool:
    """Tell whether a type leaves open what its elements are: an abstract resource, FHIRPath's own
    objects.
    """
    return (
        name in ("Resource", "DomainResource", "Element", "BackboneElement")
        or not model.properties(name)
        or name.startswith("System.")
    )


def _narrowed(found: Types, wanted: TypeName, site: _Site) -> Types:
    if wanted.namespace is None and wanted.name in SYSTEM_TYPES or wanted.namespace == "System":
        return (
            frozenset({f"System.{wanted.name}"})
            if wanted.name != "Quantity"
            else frozenset({"Quantity"})
        )
    return frozenset({wanted.name})


def _call(source: Tree | None, name: str, arguments: tuple[Tree, ...], site: _Site) -> Types:
    focus = site.focus if source is None else _types(source, site)
    if name in _ON_STRINGS and focus is not None:
        for found in focus:
            if not found.startswith("System.") and not site.model.is_primitive(found):
                raise FhirPathTypeError(f"{name}() needs a string, not {found}")
    if name in _ORDERED and isinstance(source, Call) and source.name in _UNORDERED:
        raise FhirPathTypeError(f"{name}() needs an order, {source.name}() has none")
    if name in ("is", "as", "ofType"):
        wanted = type_name(arguments[0]) if arguments else None
        return _BOOLEAN if name == "is" or wanted is None else _narrowed(focus, wanted, site)
    results = [
        _types(argument, _place(name, number, focus, site))
        for number, argument in enumerate(arguments)
    ]
    return _result(name, focus, results, arguments)


def _place(name: str, number: int, focus: Types, site: _Site) -> _Site:
    """Where an argument of a function is evaluated: what its bare names and ``$this`` are of."""
    match name, number:
        case ("iif", 0) | ("trace", 1) | ("aggregate", 0):
            return site.on(focus)
        case ("iif", _) | ("defineVariable", 1):
            return replace(site, focus=focus)
    return site.on(focus) if name in PER_ITEM else replace(site, focus=site.this)


def _result(name: str, focus: Types, results: list[Types], arguments: tuple[Tree, ...]) -> Types:
    if name == "iif":
        _criterion(results[0], arguments[0])
        return _ANY
    if name in ("union", "combine"):
        return _ANY if focus is None or results[0] is None else focus | results[0]
    if name in _SAME:
        return focus
    if name in ("select", "repeat"):
        return results[0]
    if name in _BOOLEANS or name.startswith("convertsTo"):
        return _BOOLEAN
    return {"count": _INTEGER, "toString": _STRING, "extension": frozenset({"Extension"})}.get(
        name, _ANY
    )


def _criterion(found: Types, tree: Tree) -> None:
    several = (
        isinstance(tree, Binary)
        and tree.operator == "|"
        and isinstance(tree.left, (Literal, Binary))
        and isinstance(tree.right, Literal)
    )
    if found and (several or found <= _NUMBERS | {"System.String"} | _DATES):
        raise FhirPathTypeError("iif() needs a boolean")


def _binary(operator: str, left: Types, right: Types) -> Types:
    if operator in _COMPARISONS:
        return _BOOLEAN
    if operator == "|":
        return _ANY if left is None or right is None else left | right
    if operator == "&":
        return _STRING
    if (
        operator in ("+", "-")
        and left
        and right
        and left <= _DATES
        and right <= _NUMBERS | {"System.String"}
    ):
        raise FhirPathTypeError(f"{operator} does not fit a date and a number")
    return (
        _ANY
        if left is None or right is None or not left <= _NUMBERS or not right <= _NUMBERS
        else left | right
    )
