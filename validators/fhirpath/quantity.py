"""Quantities: a number and a unit, calendar durations, and what UCUM is asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from ..economy.light_dataclass import dataclass
from ..terminology.ucum import UCUM

__all__ = ["CALENDAR_UNITS", "Quantity", "Units"]

CALENDAR_UNITS = {
    **{
        name: name
        for name in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    },
    **{
        name + "s": name
        for name in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    },
}
"""The words for calendar durations, singular and plural -> singular."""

_UCUM_OF_CALENDAR = {
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}
"""Calendar durations that are the same as UCUM's; a year is not ``a`` and a month is not ``mo``,
whose lengths are means.
"""


class Units(Protocol):
    """A table of units. None means: cannot be said."""

    def canonical(self, value: Decimal, code: str) -> tuple[Decimal, str] | None:
        """Return the value in base units, and those units in one spelling: equal spellings can be
        compared.
        """
        ...


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit.

    unit        a UCUM code, or with ``calendar`` a calendar word as it was written (``days``), or
                the words of another system
    system      None for UCUM; else the system of the unit
    """

    value: Decimal
    unit: str
    calendar: bool = False
    system: str | None = None

    @property
    def code(self) -> str:
        """The unit's UCUM code where it has one, else the singular of the calendar word."""
        if not self.calendar:
            return self.unit
        word = CALENDAR_UNITS[self.unit]
        return _UCUM_OF_CALENDAR.get(word, word)

    def child(self, name: str) -> list[Decimal | str]:
        """Return ``value``, ``unit``, ``system`` or ``code`` as an element Quantity has them, as a
        collection of one; empty for any other name.
        """
        parts: dict[str, Decimal | str | None] = {
            "value": self.value,
            "unit": self.unit,
            "code": self.code,
            "system": UCUM if self.system is None else self.system,
        }
        found = parts.get(name)
        return [] if found is None else [found]

    def text(self) -> str:
        """Write the quantity as FHIRPath does: ``1 'wk'``, ``4 days``."""
        return f"{self.value} {self.unit}" if self.calendar else f"{self.value} '{self.unit}'"

    def compare(self, other: Quantity, units: Units) -> int | None:
        """Return -1, 0 or 1 as this quantity is less than the other, equal or greater; None where
        the units cannot be compared or the table does not know them.
        """
        if self.system != other.system:
            return None
        left, right = self.value, other.value
        if self.code != other.code:
            if self.system is not None:
                return None
            ours, theirs = units.canonical(left, self.code), units.canonical(right, other.code)
            if ours is None or theirs is None or ours[1] != theirs[1]:
                return None
            left, right = ours[0], theirs[0]
        return (left > right) - (left < right)
