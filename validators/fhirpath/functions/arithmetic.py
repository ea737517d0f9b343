"""Functions on numbers (N1, section 5.7)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from ..errors import EvaluationError, UndecidedError
from ..evaluation import Collection, Environment, function
from ..items import is_number, plain, singleton
from ..quantity import Quantity

__all__: list[str] = []

_BITS = 10_000
"""Bits of an integer power that is computed."""


def _number(items: Collection, name: str) -> int | Decimal | None:
    item = singleton(items, f"{name}()")
    if item is None:
        return None
    value = plain(item)
    if not is_number(value):
        raise EvaluationError(f"{name}() needs a number")
    number: int | Decimal = value
    return number


def _applied(items: Collection, name: str, apply: Callable[[Decimal], Any]) -> Collection:
    value = _number(items, name)
    if value is None:
        return []
    try:
        return [apply(Decimal(value))]
    # N1: what cannot be represented, as the root of -1, is empty
    except (ArithmeticError, ValueError):
        return []


@function("abs")
def absolute(env: Environment, items: Collection) -> Collection:
    """Return the absolute value of a number or of a Quantity; empty for no item (N1, section
    5.7.1).

    Raises EvaluationError for several items and for what is neither number nor Quantity.
    """
    value = plain(items[0]) if len(items) == 1 else None
    if isinstance(value, Quantity):
        return [Quantity(abs(value.value), value.unit, value.calendar, value.system)]
    number = _number(items, "abs")
    return [] if number is None else [abs(number)]


@function("ceiling")
def ceiling(env: Environment, items: Collection) -> Collection:
    """Return the least integer that is not below the number (N1, section 5.7.2).

    Raises EvaluationError for several items and for what is no number.
    """
    return _applied(items, "ceiling", lambda value: int(value.to_integral_value(ROUND_CEILING)))


@function("floor")
def floor(env: Environment, items: Collection) -> Collection:
    """Return the greatest integer that is not above the number (N1, section 5.7.4).

    Raises EvaluationError for several items and for what is no number.
    """
    return _applied(items, "floor", lambda value: int(value.to_integral_value(ROUND_FLOOR)))


@function("truncate")
def truncate(env: Environment, items: Collection) -> Collection:
    """Return the integer part of the number, without its decimals (N1, section 5.7.10).

    Raises EvaluationError for several items and for what is no number.
    """
    return _applied(items, "truncate", lambda value: int(value.to_integral_value(ROUND_DOWN)))


@function("round", 0, 1)
def round_(env: Environment, items: Collection, precision: Collection | None = None) -> Collection:
    """Round the number to so many decimals (none where not said), a half away from zero (N1,
    section 5.7.8).

    Raises EvaluationError for a precision that is no integer or negative, for several items and for
    what is no number.
    """
    places = 0 if precision is None else _number(precision, "round")
    if not isinstance(places, int) or places < 0:
        raise EvaluationError("round() needs a number of digits")
    return _applied(
        items, "round", lambda value: value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    )


@function("sqrt")
def sqrt(env: Environment, items: Collection) -> Collection:
    """Return the square root of the number as Decimal; empty for a negative number (N1, section
    5.7.9).

    Raises EvaluationError for several items and for what is no number.
    """
    return _applied(items, "sqrt", lambda value: value.sqrt())


@function("exp")
def exp(env: Environment, items: Collection) -> Collection:
    """Return e to the power of the number as Decimal (N1, section 5.7.3).

    Raises EvaluationError for several items and for what is no number.
    """
    return _applied(items, "exp", lambda value: value.exp())


@function("ln")
def ln(env: Environment, items: Collection) -> Collection:
    """Return the natural logarithm of the number; empty for zero and below (N1, section 5.7.5).

    Raises EvaluationError for several items and for what is no number.
    """
    return _applied(items, "ln", lambda value: _finite(value.ln()))


@function("log", 1)
def log(env: Environment, items: Collection, base: Collection) -> Collection:
    """Return the logarithm of the number to the base, to 15 decimals; empty where the base is empty
    or the number has no logarithm (N1, section 5.7.6).

    Raises EvaluationError for several items and for what is no number.
    """
    to = _number(base, "log")
    return (
        []
        if to is None
        else _applied(items, "log", lambda value: _tidy(_finite(value.ln()) / Decimal(to).ln()))
    )


def _tidy(value: Decimal) -> Decimal:
    """Without the noise of the last digits of a quotient of logarithms."""
    return value.quantize(Decimal("1e-15"))


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError(value)
    return value


@function("power", 1)
def power(env: Environment, items: Collection, exponent: Collection) -> Collection:
    """Raise the number to the exponent; empty where a side is empty or the result is no real number
    (N1, section 5.7.7).

    The result is an integer for an integer and an integral exponent from 0 to 1000, else a Decimal.

    Raises EvaluationError for several items and for what is no number, UndecidedError where an
    integer power would have more than 10000 bits.
    """
    to, value = _number(exponent, "power"), _number(items, "power")
    if to is None or value is None:
        return []
    if isinstance(value, int) and isinstance(to, int) and 0 <= to <= 1000:
        # before it is computed: the power of two short numbers may fill the memory
        if abs(value).bit_length() * to > _BITS:
            raise UndecidedError("power()")
        return [value**to]
    return _applied(items, "power", lambda number: _finite(number ** Decimal(to)))
