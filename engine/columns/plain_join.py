"""Join in Python: which references lead to a resource, and which resources are led to, by their
keys alone, a bucket of keys at a time.

Keys are of 16 bytes, codes are words of 32 bits; columns that do not fit together raise ValueError.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["AGAIN", "ALONE", "LOOSE", "WRONG", "KnownKeys", "by_bucket", "in_order"]

LOOSE, WRONG, ALONE, AGAIN = 1, 2, 4, 8
"""Marks, which are added up: a reference that leads to nothing, one that leads to what it must not;
a resource that nothing refers to, one whose key comes more than once.
"""

_WIDTH: Final = 16
_BUCKETS: Final = 256


def by_bucket(blocks: list[tuple[bytes, bytes]]) -> bytes:
    """Return the columns (keys, codes) of all blocks in the order of their buckets: how many rows
    each bucket has, then the keys, the codes, and where each row stood.

    A key's bucket is its lowest byte; within a bucket the order stays as it was.
    """
    rows = [row for keys, codes in blocks for row in _rows(keys, codes)]
    order = sorted(range(len(rows)), key=lambda place: rows[place][0][0])
    counts = array("I", bytes(4 * _BUCKETS))
    for key, _ in rows:
        counts[key[0]] += 1
    return b"".join(
        (
            counts.tobytes(),
            *(rows[place][0] for place in order),
            array("I", [rows[place][1] for place in order]).tobytes(),
            array("I", order).tobytes(),
        )
    )


def in_order(stood: bytes, marks: bytes) -> bytes:
    """Return marks in the order in which their rows stood."""
    ordered = bytearray(len(marks))
    for place, mark in zip(array("I", stood), marks, strict=True):
        if place >= len(ordered):
            raise ValueError("a row beyond the last")
        ordered[place] = mark
    return bytes(ordered)


class KnownKeys:
    """The resources of one bucket."""

    def __init__(self, wrong: Iterable[int], ignored: Iterable[int]) -> None:
        """Prepare for resources.

        wrong    references, as (their code << 32) + code of the resource, to what they do not allow
        ignored  codes of references that are none
        """
        self._wrong, self._ignored = frozenset(wrong), frozenset(ignored)
        self._codes: dict[bytes, int] = {}
        self._again = set[bytes]()
        self._referred = set[bytes]()

    def add(self, keys: bytes, codes: bytes) -> None:
        """Take resources."""
        for key, code in _rows(keys, codes):
            if key in self._codes:
                self._again.add(key)
            else:
                self._codes[key] = code

    def refer(self, keys: bytes, codes: bytes) -> bytes:
        """Return a mark for every reference."""
        return bytes([self._mark(key, code) for key, code in _rows(keys, codes)])

    def marks(self, keys: bytes) -> bytes:
        """Return a mark for every resource."""
        return bytes(
            [
                ALONE * (key not in self._referred) + AGAIN * (key in self._again)
                if key in self._codes
                else 0
                for key in _keys(keys)
            ]
        )

    def _mark(self, key: bytes, code: int) -> int:
        if code in self._ignored:
            return 0
        found = self._codes.get(key)
        if found is None:
            return LOOSE
        self._referred.add(key)
        return WRONG if (code << 32) + found in self._wrong else 0


def _keys(column: bytes) -> Iterator[bytes]:
    if len(column) % _WIDTH:
        raise ValueError("no whole keys")
    return (column[at : at + _WIDTH] for at in range(0, len(column), _WIDTH))


def _rows(keys: bytes, codes: bytes) -> Iterator[tuple[bytes, int]]:
    return zip(_keys(keys), array("I", codes), strict=True)
