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
            answers = {decided(part, names) for part in ops}
            return False if False in answers else None if None in answers else True
        case Or(ops):
            answers = {decided(part, names) for part in ops}
            return True if True in answers else None if None in answers else False
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
