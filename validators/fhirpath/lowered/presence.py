"""The members that an op tree looks at, and what their names alone decide of it (see
``condition``).
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import assert_never

from .condition import (
    SIGNS,
    And,
    Const,
    Contained,
    Count,
    Dates,
    Distinct,
    Each,
    Has,
    Is,
    Match,
    Not,
    NotBlank,
    NumberIs,
    One,
    OnResource,
    Op,
    Or,
    Part,
    Prefix,
    Shares,
    Some,
)

__all__ = ["decided", "looked_at"]


def decided(op: Op, names: AbstractSet[str]) -> bool | None:
    """Tell whether an object that has members of exactly these names meets the condition.

    None where it depends on what the members hold.
    """
    match op:
        case Const(value):
            return value
        case Not(inner):
            answer = decided(inner, names)
            return None if answer is None else not answer
        case And(ops):
            return _joint(ops, names, settles=False)
        case Or(ops):
            return _joint(ops, names, settles=True)
        case Has(keys):
            return not names.isdisjoint(keys)
        case Count(groups, sign, number):
            empty = all(names.isdisjoint(group) for group in groups)
            return SIGNS[sign](0, number) if empty else None
        case Dates(left, _, right):
            return None if not names.isdisjoint(left) and not names.isdisjoint(right) else False
        case (
            NotBlank(keys)
            | Is(keys, _)
            | NumberIs(keys, _, _)
            | Prefix(keys, _)
            | Part(keys, _)
            | Match(keys, _)
            | One(keys, _)
            | Some(keys, _)
            | Contained(keys)
        ):
            return False if names.isdisjoint(keys) else None
        case Each(key, _) | Shares(key, _):
            return None if key in names else False
        # Distinct looks deeper and OnResource elsewhere: names alone decide nothing
        case Distinct() | OnResource():
            return None
        case _:
            assert_never(op)


def _joint(ops: Iterable[Op], names: AbstractSet[str], *, settles: bool) -> bool | None:
    """Tell the same of several conditions, of which one with the answer ``settles`` decides."""
    answer: bool | None = not settles
    for op in ops:
        found = decided(op, names)
        if found is settles:
            return settles
        if found is None:
            answer = None
    return answer


def looked_at(op: Op) -> frozenset[str]:
    """Return the names of the members of an object that the condition may look at."""
    match op:
        case Const() | OnResource():
            return frozenset()
        case Not(inner):
            return looked_at(inner)
        case And(ops) | Or(ops):
            return _joined(looked_at(part) for part in ops)
        case Count(groups, _, _):
            return _joined(map(frozenset, groups))
        case Dates(left, _, right):
            return frozenset((*left, *right))
        case (
            Has(keys)
            | NotBlank(keys)
            | Is(keys, _)
            | NumberIs(keys, _, _)
            | Prefix(keys, _)
            | Part(keys, _)
            | Match(keys, _)
            | One(keys, _)
            | Some(keys, _)
            | Contained(keys)
        ):
            return frozenset(keys)
        case Each(key, _) | Shares(key, _):
            return frozenset((key,))
        case Distinct(steps, key):
            return frozenset(steps[0][0]) if steps else frozenset((key, "_" + key))
        case _:
            assert_never(op)


def _joined(names: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*names)
