"""Dates and times as points on the time line: what is left out of a date is its beginning, and no
zone is UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ..economy.lazy_pattern import lazy_pattern

__all__ = ["instant"]

_PARTIAL = lazy_pattern(r"(\d{4})(?:-(\d\d))?")


def instant(text: str) -> datetime:
    """Return the point in time of a date, dateTime or instant; ``2020-05`` is the first moment of
    May 2020. Raises ValueError.
    """
    partial = _PARTIAL.fullmatch(text)
    if partial is not None:
        text = f"{partial[1]}-{partial[2] or '01'}-01"
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
