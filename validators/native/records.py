"""Bytes of the acceptor's table: little-endian numbers, counted lists, counted strings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .layout import RecordTag

__all__ = [
    "NO_CHECK", "WIDTH", "Names", "items", "string", "u8", "u16", "u32",
]  # fmt: skip

NO_CHECK: Final = 0xFFFFFFFF
WIDTH: Final = 256
"""Properties of one type at the most."""


def u8(value: int) -> bytes:
    """Return a number from 0 to 255 as one byte. Raises OverflowError for any other."""
    return value.to_bytes(1, "little")


def u16(value: int) -> bytes:
    """Return a number from 0 to 65535 as two bytes, the lower one first. Raises OverflowError for
    any other.
    """
    return value.to_bytes(2, "little")


def u32(value: int) -> bytes:
    """Return a number of 32 bits without sign as four bytes, the lowest one first. Raises
    OverflowError for any other.
    """
    return value.to_bytes(4, "little")


def string(text: str) -> bytes:
    """Return a text as UTF-8 behind its length in bytes (u16). Raises OverflowError for one that is
    longer than that can say.
    """
    encoded = text.encode()
    return u16(len(encoded)) + encoded


def items(encoded: Iterable[bytes]) -> bytes:
    """Return encoded items one behind the other, after their number (u16)."""
    listed = list(encoded)
    return u16(len(listed)) + b"".join(listed)


class Names:
    """The property names by number, in the order in which they were first asked for."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = list(known)
        self._numbers = {name: number for number, name in enumerate(self._known)}
        self._records = bytearray()

    def known(self) -> list[str]:
        """Return the names by number."""
        return self._known

    def number(self, name: str) -> int:
        """Return the number of a name; a name that is new gets the next number and a record."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._known)
            self._known.append(name)
            self._records += u8(RecordTag.NAME) + string(name)
        return number

    def keys(self, names: Iterable[str]) -> bytes:
        """Return the numbers of names as an encoded list."""
        return items(u16(self.number(name)) for name in names)

    def projection(self, members: Iterable[tuple[str, Iterable[str]]]) -> bytes:
        """Return members of an object as an encoded list, each with those of its own members that
        count, or none of them where it counts as a whole.
        """
        return items(u16(self.number(name)) + self.keys(inside) for name, inside in members)

    def take_records(self) -> bytes:
        """Return the records of the names that are new since the last call, and forget
        the records.
        """
        records = bytes(self._records)
        self._records.clear()
        return records
