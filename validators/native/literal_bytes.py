"""Literals of expressions, as bytes of the acceptor's table."""

from __future__ import annotations

import struct
from decimal import Decimal

from .records import string, u8
from .tags import LiteralTag

__all__ = ["literal"]


def literal(value: bool | str | float | Decimal) -> bytes:
    """Return a literal of an expression behind the tag of its kind, a number as a double."""
    if isinstance(value, bool):
        return u8(LiteralTag.BOOLEAN) + u8(value)
    if isinstance(value, str):
        return u8(LiteralTag.TEXT) + string(value)
    return u8(LiteralTag.NUMBER) + struct.pack("<d", value)
