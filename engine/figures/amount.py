"""Amount: so many of something, as a person reads it."""

from __future__ import annotations

import math

__all__ = ["amount", "figure"]


def amount(count: int, noun: str) -> str:
    """Return ``1 file``, ``2,000 files``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def figure(number: float) -> str:
    """Return a number with three digits that say something, or all of its whole part: ``0.0423``,
    ``1.23``, ``12.3``, ``12,811``.
    """
    places = 2 - math.floor(math.log10(abs(number))) if number else 0
    return f"{number:,.{max(0, places)}f}"
