"""What the names of an object's members alone decide of an op tree, whatever the members hold (see
``condition``).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from .condition import SIGNS, Op

__all__ = ["decided"]


def decided(op: Op, names: AbstractSet[str]) -> bool | None:
    """Whether an object that has members of exactly these names meets the condition; None where it
    depends on what they hold.
    """
    match op:
        case ("const", value):
            return bool(value)
        case ("not", inner):
            answer = decided(inner, names)
            return None if answer is None else not answer
        case ("and", *parts):
            answers = {decided(part, names) for part in parts}
            return False if False in answers else None if None in answers else True
        case ("or", *parts):
            answers = {decided(part, names) for part in parts}
            return True if True in answers else None if None in answers else False
        case ("has", *keys):
            return not names.isdisjoint(keys)
        case ("count", groups, sign, number):
            return (
                SIGNS[sign](0, number) if all(names.isdisjoint(group) for group in groups) else None
            )
        case ("dates", left, _, right):
            return None if not names.isdisjoint(left) and not names.isdisjoint(right) else False
        case ("value", *keys):
            return _unless_absent(keys, names)
        case (
            "is" | "number" | "prefix" | "part" | "match" | "one" | "any" | "contained",
            keys,
            *_,
        ):
            return _unless_absent(keys, names)
        case ("each" | "shares", key, *_):
            return _unless_absent((key,), names)
        case _:
            return None


def _unless_absent(keys: Any, names: AbstractSet[str]) -> bool | None:
    """For a condition that needs one of the members."""
    return False if names.isdisjoint(keys) else None
