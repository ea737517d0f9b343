"""Keys: a number for the type and id of every accepted line, so that a job's duplicates are found without its ids in memory.

A shard's part: how many keys each bucket holds, then bucket by bucket its keys and the lines they stand in. A bucket is a key's lowest byte.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from .errors import StorageError
from .storage import Storage

__all__ = ["BUCKETS", "KEYS", "KeyColumns", "read_buckets"]

KEYS = "keys"
"""Name of the part."""

BUCKETS = 256

_PRIME = 0xD8F3_A9C1_5E7B_2473
"""A prime of 64 bits without a pattern. Two of a job's 100 million resources share a key with a probability below a thousandth."""

_HEADER = 4 * BUCKETS
_WIDTH = 8 + 4


class KeyColumns:
    """The keys of one shard's accepted lines, twelve bytes each."""

    def __init__(self) -> None:
        self._keys = [array("Q") for _ in range(BUCKETS)]
        self._lines = [array("I") for _ in range(BUCKETS)]

    def add(self, types: Iterable[str], ids: Iterable[str], lines: Iterable[int]) -> None:
        """``lines`` are numbers of lines in the shard, from 0."""
        keys, numbers = self._keys, self._lines
        for name, resource_id, line in zip(types, ids, lines, strict=True):
            key = int.from_bytes(f"{name}/{resource_id}".encode("utf-8", "surrogatepass"), "little") % _PRIME
            keys[key & 255].append(key)
            numbers[key & 255].append(line)

    def to_bytes(self) -> bytes:
        counts = array("I", map(len, self._keys))
        return b"".join([counts.tobytes(), *(column.tobytes() for pair in zip(self._keys, self._lines, strict=True) for column in pair)])


def read_buckets(storage: Storage, uri: str, first: int, end: int) -> list[tuple[array[int], array[int]]]:
    """(keys, lines) of every bucket in ``[first, end)``. Raises StorageError."""
    counts = array("I")
    counts.frombytes(_read(storage, uri, 0, _HEADER))
    start = _HEADER + _WIDTH * sum(counts[:first])
    data = memoryview(_read(storage, uri, start, start + _WIDTH * sum(counts[first:end])))
    found: list[tuple[array[int], array[int]]] = []
    at = 0
    for count in counts[first:end]:
        keys, lines = array("Q"), array("I")
        keys.frombytes(data[at : at + 8 * count])
        lines.frombytes(data[at + 8 * count : at + _WIDTH * count])
        found.append((keys, lines))
        at += _WIDTH * count
    return found


def _read(storage: Storage, uri: str, start: int, end: int) -> bytes:
    if start == end:
        return b""
    reader = storage.open(uri, start, end)
    try:
        pieces, missing = list[bytes](), end - start
        while missing:
            piece = reader.read(missing)
            if not piece:
                raise StorageError(uri, "it ends early")
            pieces.append(piece[:missing])
            missing -= len(pieces[-1])
        return b"".join(pieces)
    finally:
        reader.close()
