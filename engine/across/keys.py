"""Keys: a number for the type and id of every accepted line, so that a job's duplicates are found
without its ids in memory.

A group's part is made of segments: how many keys each bucket holds, then bucket by bucket the keys,
then likewise the lines they stand in. A key has 96 bits, or 64 in a job that was begun when it had
no check.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..columns import BUCKETS, bucketed, keys
from ..columns.rows import Rows
from ..errors import StorageError
from ..job_terms.settings import Settings
from ..storage import Reader, Storage

__all__ = [
    "BUCKETS",
    "LINE_BYTES",
    "KeyColumns",
    "Segment",
    "key_bytes",
    "read_exactly",
    "read_segments",
]

_PRIME = 0xD8F3_A9C1_5E7B_2473
"""A prime of 64 bits without a pattern. Numbers that meet modulo it are told apart by the check."""

_FACTOR = 0x9E6D_3B1F_A84C_57D1
"""Spreads short ids, which are numbers below the prime, over all keys and so over all buckets."""

_SEGMENT = 200_000
"""Keys in memory at the most."""

LINE_BYTES = 4
_KEY_BYTES, _BARE_KEY_BYTES = 12, 8
_HEADER = 4 * BUCKETS


def key_bytes(settings: Settings) -> int:
    """Return how many bytes of a key the parts of a job hold."""
    return _KEY_BYTES if settings.checked_keys else _BARE_KEY_BYTES


class KeyColumns:
    """The keys of accepted lines until they are written, sixteen bytes each."""

    def __init__(self, width: int = _KEY_BYTES) -> None:
        """Begin without keys. ``width``: how many bytes of each are written."""
        self._width = width
        self._blocks: list[tuple[bytes, bytes, int]] = []
        self._count = 0

    def add(self, rows: Rows, before: int = 0) -> None:
        """Add the keys of a block's accepted lines. ``before``: lines ahead of the block's shard,
        which are counted too.
        """
        found = keys(
            rows.ids,
            rows.types.codes,
            _additions(rows.types.names),
            _FACTOR,
            _PRIME,
        )
        self._blocks.append((found, rows.numbers, before + rows.first))
        self._count += len(found) // _KEY_BYTES

    @property
    def full(self) -> bool:
        """Return whether it is time to write them: a group may be one large archive."""
        return self._count >= _SEGMENT

    def take(self) -> bytes:
        """Return all keys as one segment of the part; none is left."""
        segment = bucketed(self._blocks, self._width)
        self._blocks, self._count = [], 0
        return segment


@lru_cache(maxsize=64)
def _additions(types: tuple[str, ...]) -> bytes:
    """Return what each type adds to a key, as 64-bit words: as if it stood behind the longest id,
    in one number with it.
    """
    numbers = (int.from_bytes(name.encode(), "little") << 8 * 64 for name in types)
    return array("Q", [number % _PRIME for number in numbers]).tobytes()


@dataclass(frozen=True, slots=True)
class Segment:
    """Keys and lines in the order of their buckets.

    starts   before how many keys each bucket begins, and the last one ends
    width    bytes of a key
    """

    starts: list[int]
    keys: memoryview
    lines: memoryview
    width: int

    def between(self, first: int, end: int) -> tuple[memoryview, memoryview]:
        """Return keys and lines of the buckets in ``[first, end)``."""
        start, stop = self.starts[first], self.starts[end]
        return (
            self.keys[self.width * start : self.width * stop],
            self.lines[LINE_BYTES * start : LINE_BYTES * stop],
        )


def read_segments(storage: Storage, uri: str, width: int = _KEY_BYTES) -> Iterator[Segment]:
    """Yield the segments of a part whose keys have so many bytes. Raise StorageError where it
    cannot be read, or ends early.
    """
    reader = storage.open(uri)
    try:
        while header := read_exactly(reader, uri, _HEADER):
            starts = [0, *accumulate(array("I", header))]
            data, middle = (
                memoryview(read_exactly(reader, uri, (width + LINE_BYTES) * starts[-1])),
                width * starts[-1],
            )
            yield Segment(starts, data[:middle], data[middle:], width)
    finally:
        reader.close()


def read_exactly(reader: Reader, uri: str, size: int) -> bytes:
    """Return as many bytes, or none at the end. Raise StorageError where there are fewer."""
    pieces, missing = list[bytes](), size
    while missing:
        piece = reader.read(missing)
        if not piece:
            break
        pieces.append(piece)
        missing -= len(piece)
    if missing and pieces:
        raise StorageError(uri, "it ends early")
    return b"".join(pieces)
