"""Bytes of the acceptor's table: little-endian numbers, counted lists, counted strings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .tags import RecordTag

__all__ = [
    "NO_CHECK", "WIDTH", "Names", "items", "string", "u8", "u16", "u32",
]  # fmt: skip

NO_CHECK: Final = 0xFFFFFFFF
WIDTH: Final = 256
"""Properties of one type at the most."""


def u8(value: int) -> bytes:
    return value.to_bytes(1, "little")


def u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def string(text: str) -> bytes:
    encoded = text.encode()
    return u16(len(encoded)) + encoded


def items(encoded: Iterable[bytes]) -> bytes:
    listed = list(encoded)
    return u16(len(listed)) + b"".join(listed)


class Names:
    """Property names by number, in the order in which they were first asked for."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._records = bytearray()

    def number(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._numbers)
            self._records += u8(RecordTag.NAME) + string(name)
        return number

    def keys(self, names: Iterable[str]) -> bytes:
        """A list of them."""
        return items(u16(self.number(name)) for name in names)

    def projection(self, members: Iterable[tuple[str, Iterable[str]]]) -> bytes:
        """Members of an object, each with those of its own members that count, or none of them
        where it counts as a whole.
        """
        return items(u16(self.number(name)) + self.keys(inside) for name, inside in members)

    def take_records(self) -> bytes:
        """The names that are new since the last call."""
        records = bytes(self._records)
        self._records.clear()
        return records
