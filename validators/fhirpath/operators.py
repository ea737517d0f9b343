"""The operators that work on two evaluated collections (N1, section 6)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import Any

from .among import AmongItems
from .errors import EvaluationError
from .evaluation import Collection, Environment
from .items import equal, equivalent, is_number, order, plain, singleton, text
from .node import Item
from .quantity import CALENDAR_UNITS, Quantity
from .temporal import Temporal

__all__ = ["OPERATORS", "among_items", "contains", "equals", "negative", "union"]

Operator = Callable[[Environment, Collection, Collection], Collection]

_DURATIONS = {
    "wk": "week",
    "d": "day",
    "h": "hour",
    "min": "minute",
    "s": "second",
    "ms": "millisecond",
}
"""UCUM units that may be added to a date; ``a`` and ``mo`` may not, their lengths are means."""


def contains(items: Collection, wanted: Item, env: Environment) -> bool:
    """Tell whether an item equal to the wanted one is among these.

    Raises UndecidedError where no steps are left.
    """
    units = env.scope.hooks.units
    env.steps.take(len(items))
    return any(equal(item, wanted, units) is True for item in items)


def union(env: Environment, left: Collection, right: Collection) -> Collection:
    """Return every item of both sides once, in order: the operator ``|`` (N1, section 6.4.1)."""
    found: Collection = []
    among = among_items(env, ())
    for item in (*left, *right):
        if not among.has(item):
            found.append(item)
            among.add(item)
    return found


def among_items(env: Environment, items: Collection | tuple[()]) -> AmongItems:
    """Collect items of which it will often be asked whether one equals another."""
    return AmongItems(env.scope.hooks.units, env.steps.take, items)


def equals(env: Environment, left: Collection, right: Collection) -> bool | None:
    """Compare two collections item by item, as ``=`` does; None where it is open (N1, section
    6.1).
    """
    if len(left) != len(right):
        return False
    units, undecided = env.scope.hooks.units, False
    for one, other in zip(left, right, strict=True):
        found = equal(one, other, units)
        if found is False:
            return False
        undecided = undecided or found is None
    return None if undecided else True


def _is_equivalent(env: Environment, left: Collection, right: Collection) -> bool:
    if len(left) != len(right):
        return False
    units, rest = env.scope.hooks.units, list(right)
    for one in left:
        # each of the right side once, in whatever order (N1, section 6.1)
        match = next((i for i, other in enumerate(rest) if equivalent(one, other, units)), None)
        if match is None:
            return False
        del rest[match]
    return True


def _comparison(holds: Callable[[int], bool]) -> Operator:
    def compare(env: Environment, left: Collection, right: Collection) -> Collection:
        if len(left) != 1 or len(right) != 1:
            return []  # several items, too: N1 wants an error, HL7's validator has an empty result
        found = order(left[0], right[0], env.scope.hooks.units)
        return [] if found is None else [holds(found)]

    return compare


def _contains(env: Environment, left: Collection, right: Collection) -> Collection:
    return [all(contains(left, item, env) for item in right)] if left and right else []


def negative(items: Collection) -> Collection:
    """Return the number or Quantity with the other sign: ``-x`` (N1, section 6.6). Empty for no
    item.

    Raises EvaluationError for several items and for other types.
    """
    item = singleton(items, "-")
    if item is None:
        return []
    value = plain(item)
    if is_number(value):
        return [-value]
    if isinstance(value, Quantity):
        return [Quantity(-value.value, value.unit, value.calendar, value.system)]
    raise EvaluationError("- needs a number or a quantity")


def _operands(left: Collection, right: Collection, operator: str) -> tuple[Any, Any] | None:
    one, other = singleton(left, operator), singleton(right, operator)
    return None if one is None or other is None else (plain(one), plain(other))


def _arithmetic(operator: str, on_numbers: Callable[[Any, Any], Any]) -> Operator:
    def operate(env: Environment, left: Collection, right: Collection) -> Collection:
        values = _operands(left, right, operator)
        if values is None:
            return []
        one, other = values
        if is_number(one) and is_number(other):
            return _bounded(on_numbers, one, other)
        special = _SPECIAL.get(operator)
        found = special(env, one, other) if special else None
        if found is None:
            raise EvaluationError(f"{operator} does not fit these types")
        return [found]

    return operate


def _bounded(on_numbers: Callable[[Any, Any], Any], one: Any, other: Any) -> Collection:
    """The result of arithmetic; empty where it has none (division by zero)."""
    with localcontext() as context:
        context.prec = 34
        try:
            found = on_numbers(one, other)
        except (DivisionByZero, InvalidOperation, Overflow, ZeroDivisionError):
            return []
    return [found]


def _add(env: Environment, one: Any, other: Any) -> Any:
    if isinstance(one, str) and isinstance(other, str):
        return one + other
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other, 1)
    return _sum(env, one, other, 1)


def _subtract(env: Environment, one: Any, other: Any) -> Any:
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other, -1)
    return _sum(env, one, other, -1)


def _sum(env: Environment, one: Any, other: Any, sign: int) -> Any:
    if (
        not (isinstance(one, Quantity) and isinstance(other, Quantity))
        or one.system != other.system
    ):
        return None
    if one.code == other.code:
        return Quantity(one.value + sign * other.value, one.unit, one.calendar, one.system)
    units = env.scope.hooks.units
    ours, theirs = units.canonical(Decimal(1), one.code), units.canonical(other.value, other.code)
    if ours is None or theirs is None or ours[1] != theirs[1]:
        return None
    return Quantity(one.value + sign * theirs[0] / ours[0], one.unit, one.calendar)


def _moved(moment: Temporal, amount: Quantity, sign: int) -> Temporal | None:
    unit = CALENDAR_UNITS.get(amount.unit) or _DURATIONS.get(amount.unit)
    return None if unit is None else moment.add(sign * int(amount.value), unit)


def _times(env: Environment, one: Any, other: Any) -> Any:
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return _scaled(env, one.value * other.value, one, other, ".")
    if isinstance(one, Quantity) and is_number(other):
        return Quantity(one.value * Decimal(other), one.unit, one.calendar, one.system)
    if isinstance(other, Quantity) and is_number(one):
        return Quantity(other.value * Decimal(one), other.unit, other.calendar, other.system)
    return None


def _over(env: Environment, one: Any, other: Any) -> Any:
    if isinstance(one, Quantity) and isinstance(other, Quantity) and other.value:
        return _scaled(env, one.value / other.value, one, other, "/")
    if isinstance(one, Quantity) and is_number(other) and other:
        return Quantity(one.value / Decimal(other), one.unit, one.calendar, one.system)
    return None


def _scaled(
    env: Environment, value: Decimal, one: Quantity, other: Quantity, joint: str
) -> Quantity | None:
    if one.system is not None or other.system is not None:
        return None
    if other.code == "1":
        return Quantity(value, one.code)
    if joint == "/" and one.code == other.code:
        return Quantity(value, "1")
    return Quantity(value, f"({one.code}){joint}({other.code})")


_SPECIAL: dict[str, Callable[[Environment, Any, Any], Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _times,
    "/": _over,
}


def _concatenate(env: Environment, left: Collection, right: Collection) -> Collection:
    parts = []
    for side in (left, right):
        item = singleton(side, "&")
        # & takes empty for an empty string (N1, section 6.6)
        value = "" if item is None else plain(item)
        if item is not None and value is not None and not isinstance(value, str):
            raise EvaluationError("& needs strings")
        parts.append("" if item is None else text(item) or "")
    return ["".join(parts)]


def _quotient(one: Any, other: Any) -> Any:
    return Decimal(one) / Decimal(other)


def _div(one: Any, other: Any) -> Any:
    return int(Decimal(one) // Decimal(other))


def _mod(one: Any, other: Any) -> Any:
    found = Decimal(one) % Decimal(other)
    return int(found) if isinstance(one, int) and isinstance(other, int) else found


OPERATORS: dict[str, Operator] = {
    "~": lambda env, left, right: [_is_equivalent(env, left, right)],
    "!~": lambda env, left, right: [not _is_equivalent(env, left, right)],
    "<": _comparison(lambda found: found < 0),
    "<=": _comparison(lambda found: found <= 0),
    ">": _comparison(lambda found: found > 0),
    ">=": _comparison(lambda found: found >= 0),
    "contains": _contains,
    "|": union,
    "+": _arithmetic("+", lambda one, other: one + other),
    "-": _arithmetic("-", lambda one, other: one - other),
    "*": _arithmetic("*", lambda one, other: one * other),
    "/": _arithmetic("/", _quotient),
    "div": _arithmetic("div", _div),
    "mod": _arithmetic("mod", _mod),
    "&": _concatenate,
}
