"""``lowBoundary()``, ``highBoundary()``, ``precision()``, ``comparable()`` (FHIRPath STU 3, as the
R4 test suite has them).
"""

from __future__ import annotations

from calendar import monthrange
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from ..errors import EvaluationError
from ..evaluation import Collection, Environment, function
from ..items import is_number, plain, singleton
from ..node import Node
from ..quantity import Quantity
from ..temporal import Temporal, zone_text

__all__: list[str] = []

_LARGEST_SCALE = 16
"""Decimal places, beyond which a number has no boundary."""
_CUT = {4: 4, 6: 7, 7: 7, 8: 10, 10: 10, 12: 16, 14: 19, 17: 23}
"""Digits of a date's precision -> characters of its text."""
_MOMENTS = frozenset({"dateTime", "instant"})
"""Types of elements whose values have a time of day, though a year alone may be written."""
_CUT_TIME = {2: 2, 4: 5, 6: 8, 9: 12}


def _scale(value: int | Decimal) -> int:
    exponent = Decimal(value).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _of_number(value: Decimal, places: int, upper: bool) -> Decimal:
    """Half a unit of the last digit away: from zero rounded, towards zero cut off."""
    half = Decimal(5).scaleb(-_scale(value) - 1)
    outward = upper != (value.is_signed() and value != 0)
    if value == 0:
        outward = True
    size = abs(value) + half if outward else abs(value) - half
    found = size.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP if outward else ROUND_DOWN)
    negative = not upper if value == 0 else value.is_signed()
    return found.copy_negate() if negative else found


def _of_temporal(value: Temporal, digits: int, upper: bool) -> Temporal:
    written, zone = _full(value, upper)
    cut = (_CUT_TIME if value.kind == "time" else _CUT).get(digits)
    if cut is None:
        raise EvaluationError(f"no precision of a date or time: {digits}")
    found = Temporal.parse(written[:cut] + (zone if cut > 10 and value.kind != "time" else ""))
    assert found is not None, "a boundary lies in the calendar"
    return found


def _full(value: Temporal, upper: bool) -> tuple[str, str]:
    year, month, day, hour, minute, second = value.fields
    level = value.precision
    if upper:
        month = 12 if level < 2 and value.kind != "time" else month
        day = monthrange(year, month)[1] if level < 3 and value.kind != "time" else day
        hour, minute = (23, 59) if level < 4 else (hour, minute)
        second = (
            Decimal("59.999") if level < 5 else second + Decimal("0.999") if level == 5 else second
        )
    clock = f"{hour:02}:{minute:02}:{second:06.3f}"
    if value.kind == "time":
        return clock, ""
    # the zones at both ends of the earth: a day begins first in one and ends last in the other
    zone = "-12:00" if upper else "+14:00"
    if value.zone is not None:
        zone = zone_text(value.zone)
    return f"{year:04}-{month:02}-{day:02}T{clock}", zone


def _boundary(items: Collection, precision: Collection | None, upper: bool) -> Collection:
    item = singleton(items, "a boundary")
    if item is None:
        return []
    value = plain(item)
    digits = None if precision is None else plain(precision[0]) if len(precision) == 1 else -1
    if digits is not None and not isinstance(digits, int):
        raise EvaluationError("a boundary's precision is an integer")
    if isinstance(value, Temporal):
        kind = "dateTime" if isinstance(item, Node) and item.type in _MOMENTS else value.kind
        most = {"date": 10, "dateTime": 17, "time": 9}[kind]
        return [_of_temporal(value, most if digits is None else digits, upper)]
    places = 8 if digits is None else digits
    if not 0 <= places <= _LARGEST_SCALE:
        return []
    if is_number(value):
        return [_of_number(Decimal(value), places, upper)]
    if isinstance(value, Quantity):
        return [
            Quantity(
                _of_number(value.value, places, upper), value.unit, value.calendar, value.system
            )
        ]
    raise EvaluationError("only numbers, quantities, dates and times have boundaries")


@function("lowBoundary", 0, 1)
def low_boundary(
    env: Environment, items: Collection, precision: Collection | None = None
) -> Collection:
    """Return the least value that the item may stand for, given the digits it is written with.

    The precision is decimals of a number (8 where not said) or digits of a date or time. Empty for
    no item and for more than 16 decimals; raises EvaluationError for several items, for a type
    without boundaries and for a precision that dates and times do not have.
    """
    return _boundary(items, precision, upper=False)


@function("highBoundary", 0, 1)
def high_boundary(
    env: Environment, items: Collection, precision: Collection | None = None
) -> Collection:
    """Return the greatest value that the item may stand for, given the digits it is written with.

    The precision is decimals of a number (8 where not said) or digits of a date or time. Empty for
    no item and for more than 16 decimals; raises EvaluationError for several items, for a type
    without boundaries and for a precision that dates and times do not have.
    """
    return _boundary(items, precision, upper=True)


@function("precision")
def precision(env: Environment, items: Collection) -> Collection:
    """Count the digits after the point of a number, or all digits of a date or time without its
    zone.

    Raises EvaluationError for several items and for any other type.
    """
    item = singleton(items, "precision()")
    if item is None:
        return []
    value = plain(item)
    if is_number(value):
        return [_scale(value)]
    if isinstance(value, Temporal):
        return [sum(character.isdigit() for character in value.local_text)]
    raise EvaluationError("only numbers, dates and times have a precision")


@function("comparable", 1)
def comparable(env: Environment, items: Collection, other: Collection) -> Collection:
    """Tell whether both sides are one Quantity each, in units that can be compared; false for
    anything else.
    """
    one, two = (plain(side[0]) if len(side) == 1 else None for side in (items, other))
    return [
        isinstance(one, Quantity)
        and isinstance(two, Quantity)
        and one.compare(two, env.scope.hooks.units) is not None
    ]
