"""Parts of expressions that are known without data: literals, and what stands for one."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...terminology.ucum import UCUM
from ..syntax import Binary, Call, External, Literal, Tree

__all__ = [
    "NO_TEXT",
    "NUMERIC",
    "SYSTEMS",
    "DATES",
    "constant",
    "constants",
    "fits",
    "is_count",
    "untraced",
]

NUMERIC = frozenset({"integer", "positiveInt", "unsignedInt", "decimal"})
DATES = frozenset({"date", "dateTime", "instant"})
NO_TEXT = NUMERIC | DATES | {"time", "boolean"}


def untraced(tree: Tree) -> Tree:
    """Return the tree without ``trace()`` at its end, which does not change a result."""
    match tree:
        case Call(source, "trace", _) if source is not None:
            return untraced(source)
        case _:
            return tree


def is_count(tree: Tree) -> bool:
    """Tell whether a tree is a call of ``count()``, or a sum of such calls."""
    match tree:
        case Call(_, "count", ()):
            return True
        case Binary("+", left, right):
            return is_count(left) and is_count(right)
        case _:
            return False


SYSTEMS = {
    "ucum": UCUM,
    "loinc": "http://loinc.org",
    "sct": "http://snomed.info/sct",
}
"""Code systems that an expression names by a variable, ``%ucum``."""


def constant(tree: Tree) -> str | int | float | bool | None:
    """Return the value of a literal or of ``%ucum``, ``%loinc`` and ``%sct``, as JSON has it; None
    for any other tree and for a decimal that no float is equal to.
    """
    match tree:
        case Literal(Decimal() as value):
            # a decimal with more digits than a float has would be compared with another number
            return float(value) if Decimal(repr(float(value))) == value else None
        case Literal(str() | bool() | int() as value):
            return value
        case External(name):
            return SYSTEMS.get(name)
    return None


def constants(tree: Tree) -> tuple[Any, ...]:
    """Return the values of one constant or of several joined by ``|``; empty where one part is no
    constant.
    """
    match tree:
        case Binary("|", left, right):
            one, other = constants(left), constants(right)
            return one + other if one and other else ()
    value = constant(tree)
    return () if value is None else (value,)


_KINDS: tuple[tuple[type | tuple[type, ...], Callable[[frozenset[str]], bool]], ...] = (
    (bool, lambda types: types == {"boolean"}),
    ((int, float), lambda types: types <= NUMERIC),
    # types in capitals have parts, and none of them is a JSON string
    (str, lambda types: not types & NO_TEXT and all(name[:1].islower() for name in types)),
)


def fits(types: frozenset[str], values: tuple[Any, ...]) -> bool:
    """Tell whether JSON values of these types can be compared with the literals as they stand."""
    return all(
        next(fits(types) for kind, fits in _KINDS if isinstance(value, kind)) for value in values
    )
