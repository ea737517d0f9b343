"""Conditions on a JSON object as data: op trees, and how they are joined.

An op is a frozen record that is evaluated on one JSON object; ``Op`` is the union of all of them.
Whoever goes through it ends in ``assert_never``, so that an op that is forgotten somewhere is an
error of mypy. ``keys`` are names of members, of which the first that is there counts.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

from ...economy.light_dataclass import dataclass

__all__ = [
    "FALSE",
    "SIGNS",
    "TRUE",
    "And",
    "Const",
    "Contained",
    "Count",
    "Dates",
    "Distinct",
    "Each",
    "Has",
    "Is",
    "Match",
    "Not",
    "NotBlank",
    "NumberIs",
    "OnResource",
    "One",
    "Op",
    "Or",
    "Part",
    "Prefix",
    "Shares",
    "Some",
    "Truth",
    "both",
    "differing",
    "either",
    "negated",
]

Keys: TypeAlias = tuple[str, ...]
Literals: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Const:
    """Always true, or always false."""

    value: bool


@dataclass(frozen=True, slots=True)
class And:
    """All of the ops are met."""

    ops: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the ops is met."""

    ops: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The op is not met."""

    op: Op


@dataclass(frozen=True, slots=True)
class Has:
    """One of the keys is there; primitives are asked for with their companion ``_key``."""

    keys: Keys


@dataclass(frozen=True, slots=True)
class NotBlank:
    """One of the keys is there and is no empty string."""

    keys: Keys


@dataclass(frozen=True, slots=True)
class Is:
    """The value of one of the keys is one of the literals."""

    keys: Keys
    literals: Literals


@dataclass(frozen=True, slots=True)
class Each:
    """The key's array has no items but such literals."""

    key: str
    literals: Literals


@dataclass(frozen=True, slots=True)
class NumberIs:
    """The value of one of the keys is a number that compares so; sign is ``<``, ``<=``, ``>`` or
    ``>=``.
    """

    keys: Keys
    sign: str
    literal: float


@dataclass(frozen=True, slots=True)
class Prefix:
    """The string at one of the keys begins with a text."""

    keys: Keys
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """The string at one of the keys contains a text."""

    keys: Keys
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """The string at one of the keys matches a regular expression."""

    keys: Keys
    text: str


@dataclass(frozen=True, slots=True)
class Dates:
    """The two dates compare so, as far as their precision decides."""

    left: Keys
    sign: str
    right: Keys


@dataclass(frozen=True, slots=True)
class Count:
    """The items that the groups hold in all compare so with a number; sign also ``=`` and ``!=``.

    A group is a key and its companion.
    """

    groups: tuple[Keys, ...]
    sign: str
    number: int


@dataclass(frozen=True, slots=True)
class One:
    """The object at one of the keys meets the op."""

    keys: Keys
    op: Op


@dataclass(frozen=True, slots=True)
class Some:
    """An object in the array at one of the keys meets the op."""

    keys: Keys
    op: Op


@dataclass(frozen=True, slots=True)
class Distinct:
    """The key's values in all objects that the steps reach differ.

    A step goes to the objects at its keys that meet its op.
    """

    steps: tuple[tuple[Keys, Op], ...]
    key: str


@dataclass(frozen=True, slots=True)
class Shares:
    """An object in the key's array has all that one has in the array that the path reaches from
    ``%resource``.
    """

    key: str
    path: Keys


@dataclass(frozen=True, slots=True)
class Contained:
    """The value of one of the keys, less its first character, is the id of a resource contained in
    ``%rootResource``.
    """

    keys: Keys


@dataclass(frozen=True, slots=True)
class OnResource:
    """The resource that is ``%resource`` meets the op."""

    op: Op


Op: TypeAlias = (
    Const
    | And
    | Or
    | Not
    | Has
    | NotBlank
    | Is
    | Each
    | NumberIs
    | Prefix
    | Part
    | Match
    | Dates
    | Count
    | One
    | Some
    | Distinct
    | Shares
    | Contained
    | OnResource
)

TRUE = Const(True)
FALSE = Const(False)

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
"""What the signs in an op mean."""


@dataclass(frozen=True, slots=True)
class Truth:
    """When an expression is true, and when it is false."""

    true: Op
    false: Op


def both(*ops: Op) -> Op:
    """Return the op that all of the ops are met."""
    parts = [part for op in ops for part in (op.ops if isinstance(op, And) else (op,))]
    unique = tuple(dict.fromkeys(part for part in parts if part != TRUE))
    if FALSE in unique:
        return FALSE
    return TRUE if not unique else unique[0] if len(unique) == 1 else And(unique)


def either(*ops: Op) -> Op:
    """Return the op that one of the ops is met; tests of one key for literals become one test."""
    parts = [part for op in ops for part in (op.ops if isinstance(op, Or) else (op,))]
    unique = _with_joined_literals(dict.fromkeys(part for part in parts if part != FALSE))
    if TRUE in unique:
        return TRUE
    return FALSE if not unique else unique[0] if len(unique) == 1 else Or(unique)


def _with_joined_literals(ops: dict[Op, None]) -> tuple[Op, ...]:
    tests: dict[Keys, Literals] = {}
    for op in ops:
        if isinstance(op, Is):
            tests[op.keys] = tuple(dict.fromkeys(tests.get(op.keys, ()) + op.literals))
    joined = (Is(op.keys, tests[op.keys]) if isinstance(op, Is) else op for op in ops)
    return tuple(dict.fromkeys(joined))


def negated(op: Op) -> Op:
    """Return the op that another one is not met."""
    match op:
        case Const(value):
            return Const(not value)
        case Not(inner):
            return inner
        case _:
            return Not(op)


def differing(one: Truth, other: Truth) -> Truth:
    """Return when two expressions are of different truth, and when of the same."""
    return Truth(
        either(both(one.true, other.false), both(one.false, other.true)),
        either(both(one.true, other.true), both(one.false, other.false)),
    )
