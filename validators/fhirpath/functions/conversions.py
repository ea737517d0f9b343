"""Conversion functions: ``toX()`` and ``convertsToX()`` (N1, section 5.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ...economy.lazy_pattern import lazy_pattern
from ..evaluation import FUNCTIONS, Collection, Environment, Function
from ..items import is_number, plain, singleton, text
from ..quantity import CALENDAR_UNITS, Quantity
from ..temporal import Temporal

__all__: list[str] = []

_INTEGER = lazy_pattern(r"[+-]?\d{1,10}", re.ASCII)
_DECIMAL = lazy_pattern(r"[+-]?\d+(\.\d+)?", re.ASCII)
_QUANTITY = lazy_pattern(r"([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-zA-Z]+))?", re.ASCII)
_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if is_number(value):
        return {0: False, 1: True}.get(value)
    if isinstance(value, str):
        return True if value.lower() in _TRUE else False if value.lower() in _FALSE else None
    return None


def _integer(value: Any) -> int | None:
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        found = int(value)
        # N1's Integer has 32 bits
        return found if -(2**31) <= found < 2**31 else None
    return None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, (bool, int)):
        return Decimal(int(value))
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def _quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, (bool, int, Decimal)):
        return Quantity(Decimal(value), "1")
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, code, word = match.groups()
    if word is not None:
        return Quantity(Decimal(number), word, calendar=True) if word in CALENDAR_UNITS else None
    return Quantity(Decimal(number), code or "1")


def _temporal(kind: str) -> Callable[[Any], Temporal | None]:
    def convert(value: Any) -> Temporal | None:
        found = (
            value
            if isinstance(value, Temporal)
            else Temporal.parse(value)
            if isinstance(value, str)
            else None
        )
        if found is None or (found.kind == "time") != (kind == "time"):
            return None
        if kind == "date" and found.kind == "dateTime":
            return Temporal.parse(found.text.partition("T")[0])
        if kind == "dateTime" and found.kind == "date":
            return Temporal.parse(found.text + "T")
        return found

    return convert


def _string(value: Any) -> str | None:
    return text(value)


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "Boolean": _boolean,
    "Integer": _integer,
    "Decimal": _decimal,
    "String": _string,
    "Quantity": _quantity,
    "Date": _temporal("date"),
    "DateTime": _temporal("dateTime"),
    "Time": _temporal("time"),
}


def _convert(
    name: str, conversion: Callable[[Any], Any]
) -> Callable[[Environment, Collection], Collection]:
    def convert(env: Environment, items: Collection) -> Collection:
        item = singleton(items, f"to{name}()")
        found = None if item is None else conversion(plain(item))
        return [] if found is None else [found]

    return convert


def _test(
    name: str, conversion: Callable[[Any], Any]
) -> Callable[[Environment, Collection], Collection]:
    def test(env: Environment, items: Collection) -> Collection:
        item = singleton(items, f"convertsTo{name}()")
        return [] if item is None else [conversion(plain(item)) is not None]

    return test


for _name, _conversion in _CONVERSIONS.items():
    FUNCTIONS["to" + _name] = Function(0, 0, _convert(_name, _conversion), lazy=False)
    FUNCTIONS["convertsTo" + _name] = Function(0, 0, _test(_name, _conversion), lazy=False)
