"""Dates and times of partial precision, as FHIR and FHIRPath have them.

Two rules of comparison, both HL7's validator's: ordering reads a value without time zone as UTC;
equality of one value with and one without time zone is decided only where no zone on earth could
make them meet.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass

__all__ = ["Temporal", "zone_text"]

YEAR, MONTH, DAY, MINUTE, SECOND, FRACTION = 1, 2, 3, 4, 5, 6

_DATE = lazy_pattern(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(T(?:(\d\d)(?::(\d\d)(?::(\d\d)(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?)?)?"
)
_TIME = lazy_pattern(r"T?(\d\d)(?::(\d\d)(?::(\d\d)(\.\d+)?)?)?")

_LEAP_SECOND_ENDS = 61
"""FHIR's dateTime and time may have a second 60; it comes after 59 and before the next minute."""
_WIDEST_ZONE = 14 * 3600
"""Seconds from UTC that a zone of FHIR is away at the most (FHIR R4, section 2.24.0.1): a moment
without a zone may be as much earlier, or later.
"""
_UNITS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}


@dataclass(frozen=True, slots=True)
class Temporal:
    """A date, dateTime or time.

    kind        ``date``, ``dateTime`` or ``time``
    fields      year, month, day, hour, minute, second; what lies below the precision is at its
                lowest; for a time the first three are 0
    precision   1 year, 2 month, 3 day, 4 minute, 5 second, 6 fraction of a second; an hour alone
                counts as that full hour's minute 0
    zone        minutes east of UTC, None where there is none
    text        the value as it is written, without ``@`` and ``T`` before a time
    """

    kind: str
    fields: tuple[int, int, int, int, int, Decimal]
    precision: int
    zone: int | None
    text: str

    @classmethod
    def parse(cls, text: str) -> Temporal | None:
        """Parse a FHIR date, dateTime, instant or time, or a FHIRPath literal without ``@``; None
        where it is none or not in the calendar.
        """
        if match := _DATE.fullmatch(text):
            year, month, day, clock, hour, minute, second, fraction, zone = match.groups()
            precision = (
                FRACTION
                if fraction
                else SECOND
                if second
                else MINUTE
                if hour
                else DAY
                if day
                else MONTH
                if month
                else YEAR
            )
            fields = (
                int(year),
                int(month or 1),
                int(day or 1),
                int(hour or 0),
                int(minute or 0),
                Decimal((second or "0") + (fraction or "")),
            )
            if not _in_calendar(fields):
                return None
            return cls(
                "dateTime" if clock else "date",
                fields,
                precision,
                _offset(zone),
                # the literal ``@2015T`` is a dateTime without a clock
                text.removesuffix("T"),
            )
        if match := _TIME.fullmatch(text):
            hour, minute, second, fraction = match.groups()
            precision = FRACTION if fraction else SECOND if second else MINUTE
            fields = (
                0,
                0,
                0,
                int(hour),
                int(minute or 0),
                Decimal((second or "0") + (fraction or "")),
            )
            if fields[3] > 23 or fields[4] > 59 or fields[5] >= _LEAP_SECOND_ENDS:
                return None
            return cls("time", fields, precision, None, text.removeprefix("T"))
        return None

    @classmethod
    def of(cls, moment: datetime) -> Temporal:
        """Return a moment with a time zone as a dateTime, to the millisecond."""
        value = cls.parse(moment.isoformat(timespec="milliseconds"))
        assert value is not None, "a datetime's ISO form is a dateTime"
        return value

    @property
    def local_text(self) -> str:
        """The text without its time zone."""
        return (
            self.text
            if self.zone is None
            else self.text[:-1]
            if self.text.endswith("Z")
            else self.text[:-6]
        )

    def compare(self, other: Temporal) -> int | None:
        """Return -1, 0 or 1 as this value is earlier than the other, the same or later; None where
        the precision does not decide (N1, section 6.2).
        """
        left, right = self._in_utc(), other._in_utc()
        for field in range(6):
            if left[field] != right[field]:
                return -1 if left[field] < right[field] else 1
            level = field + 1 if field < 3 else field
            # no value ends with its hour, and behind the seconds nothing is left to tell them apart
            if field == 3 or field == 5:
                continue
            if self.precision <= level or other.precision <= level:
                return 0 if self.precision == other.precision else None
        return 0

    def equals(self, other: Temporal) -> bool | None:
        """Tell whether both are the same; None where precision or a missing time zone leaves it
        open.

        A time never equals a date.
        """
        if (self.kind == "time") != (other.kind == "time"):
            return False
        if (self.zone is None) != (other.zone is None):
            return None if self._may_meet(other) else False
        order = self.compare(other)
        return None if order is None else order == 0

    def add(self, amount: int, unit: str) -> Temporal | None:
        """Return the value ``amount`` units (year, month, week, day, hour, minute, second,
        millisecond) later, at the same precision; None outside years 1 to 9999 (N1, section 6.7).
        """
        try:
            moved = self._moved(amount, unit)
        except (OverflowError, ValueError):
            return None
        return Temporal.parse(self._written(moved))

    def _moved(self, amount: int, unit: str) -> datetime:
        year, month, day, hour, minute, second = self.fields
        start = datetime(
            year or 1,
            month or 1,
            day or 1,
            hour,
            minute,
            int(second),
            int(second % 1 * 1_000_000),
            tzinfo=UTC,
        )
        if unit in ("year", "month"):
            months = start.year * 12 + start.month - 1 + amount * (12 if unit == "year" else 1)
            first = start.replace(year=months // 12, month=months % 12 + 1, day=1)
            return first.replace(day=min(start.day, _days(first.year, first.month)))
        if unit == "millisecond":
            return start + timedelta(milliseconds=amount)
        return start + timedelta(seconds=amount * _UNITS[unit])

    def _written(self, moment: datetime) -> str:
        calendar, clock = (
            moment.date().isoformat(),
            moment.time().isoformat(
                timespec="milliseconds" if self.precision == FRACTION else "seconds"
            ),
        )
        if self.precision == MINUTE:
            clock = clock[:5]
        if self.kind == "time":
            return clock
        if self.precision <= DAY:
            return calendar[: (4, 7, 10)[self.precision - 1]] + (
                "T" if self.kind == "dateTime" else ""
            )
        return f"{calendar}T{clock}{zone_text(self.zone)}"

    def _in_utc(self) -> tuple[int, int, int, int, int, Decimal]:
        if not self.zone or self.precision <= DAY:
            return self.fields
        year, month, day, hour, minute, second = self.fields
        try:
            moment = datetime(year, month, day, hour, minute, tzinfo=UTC) - timedelta(
                minutes=self.zone
            )
        # outside of years 1 to 9999, which Python does not have; the value is compared as written
        except OverflowError:
            return self.fields
        return (moment.year, moment.month, moment.day, moment.hour, moment.minute, second)

    def _may_meet(self, other: Temporal) -> bool:
        low, high = self._span()
        other_low, other_high = other._span()
        return low <= other_high and other_low <= high

    def _span(self) -> tuple[float, float]:
        year, month, day, hour, minute, second = self.fields
        start = (
            datetime(year or 1, month or 1, day or 1, hour, minute, tzinfo=UTC).timestamp()
            + float(second)
            - (self.zone or 0) * 60
        )
        lengths = {
            YEAR: 366 * 86400,
            MONTH: _days(year or 1, month or 1) * 86400,
            DAY: 86400,
            MINUTE: 60,
            SECOND: 1,
            FRACTION: 0,
        }
        # without a zone it may be in any zone on earth, on either side of UTC
        slack = _WIDEST_ZONE if self.zone is None else 0
        return start - slack, start + lengths[self.precision] + slack


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


def zone_text(offset: int | None) -> str:
    """Write a time zone, given in minutes east of UTC, as FHIR does: ``Z``, ``+10:00``; empty for
    None.
    """
    if offset is None:
        return ""
    return (
        "Z"
        if offset == 0
        else f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    )


def _days(year: int, month: int) -> int:
    return (
        (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
        if year < 9999 or month < 12
        else 31
    )


def _in_calendar(fields: tuple[int, int, int, int, int, Decimal]) -> bool:
    year, month, day, hour, minute, second = fields
    return (
        year >= 1
        and 1 <= month <= 12
        and 1 <= day <= _days(year, month)
        and hour <= 23
        and minute <= 59
        and second < _LEAP_SECOND_ENDS
    )
