"""Conditions on a JSON object as data: op trees, and how they are joined.

An op tree is nested tuples of strings, numbers and booleans. It is evaluated on one JSON object:

    ("const", bool)
    ("and", op, ...)  ("or", op, ...)  ("not", op)
    ("has", key, ...)                        one of the keys is there; primitives are asked for with
                                             their companion ``_key``
    ("value", key, ...)                      one of the keys is there and is no empty string
    ("is", (key, ...), (literal, ...))       the value of one of the keys is one of the literals
    ("each", key, (literal, ...))            the key's array has only such literals
    ("number", (key, ...), sign, literal)    the value of one of the keys is a number that compares
                                             so; sign is < <= > >=
    ("prefix", (key, ...), text)  ("part", …)  ("match", …)      the string begins with, contains,
                                  matches
    ("dates", (key, ...), sign, (key, ...))  the two dates compare so, as far as their precision
                                             decides
    ("count", ((key, ...), ...), sign, n)    how many items the keys hold in all; sign also = and
                                             !=; a group is a key and its companion
    ("one", (key, ...), op)                  the object at one of the keys meets op
    ("any", (key, ...), op)                  an object in the array at one of the keys meets op
    ("distinct", (("any" | "one", (key, ...), op), ...), key)    the key's values in all objects
                                                                 that the steps reach differ
    ("shares", key, (key, ...))              an object in the key's array has all that one has in
                                             the array that the keys reach from ``%resource``
    ("contained", (key, ...))                the value of one of the keys, less its first character,
                                             is the id of a resource contained in ``%rootResource``
    ("resource", op)                         ``%resource`` meets op
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["FALSE", "SIGNS", "TRUE", "Op", "Truth", "both", "differing", "either", "negated"]

Op: TypeAlias = tuple[Any, ...]

TRUE: Op = ("const", True)
FALSE: Op = ("const", False)

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
    return _joined("and", ops, neutral=TRUE, deciding=FALSE)


def either(*ops: Op) -> Op:
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


def negated(op: Op) -> Op:
    if op[0] == "const":
        return ("const", not op[1])
    if op[0] == "not":
        inner: Op = op[1]
        return inner
    return ("not", op)


def differing(one: Truth, other: Truth) -> Truth:
    return Truth(
        either(both(one.true, other.false), both(one.false, other.true)),
        either(both(one.true, other.true), both(one.false, other.false)),
    )
