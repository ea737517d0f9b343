"""Amount: so many of something, as a person reads it."""

from __future__ import annotations

__all__ = ["amount"]


def amount(count: int, noun: str) -> str:
    """Return ``1 file``, ``2,000 files``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
