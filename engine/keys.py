"""Keys: a number for the type and id of every accepted line, so that a job's duplicates are found without its ids in memory.

A shard's part is made of segments: how many keys each bucket holds, then bucket by bucket its keys and the lines they stand in. A bucket is a key's
lowest byte.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

from .errors import StorageError
from .storage import Reader, Storage

__all__ = ["BUCKETS", "KEYS", "KeyColumns", "read_buckets"]

KEYS = "keys"
"""Name of the part."""

BUCKETS = 256

_PRIME = 0xD8F3_A9C1_5E7B_2473
"""A prime of 64 bits without a pattern. Two of a job's 100 million resources share a key with a probability below a thousandth."""

_FACTOR = 0x9E6D_3B1F_A84C_57D1
"""Spreads short ids, which are numbers below the prime, over all keys and so over all buckets."""

_SEGMENT = 1_000_000
"""Keys in memory at the most."""

_HEADER = 4 * BUCKETS
_WIDTH = 8 + 4


class KeyColumns:
    """The keys of accepted lines until they are written, twelve bytes each."""

    def __init__(self) -> None:
        self._keys = [array("Q") for _ in range(BUCKETS)]
        self._lines = [array("I") for _ in range(BUCKETS)]
        self._types = _TypeKeys()
        self._count = 0

    def add(self, types: Iterable[str], ids: Sequence[str], lines: Iterable[int]) -> None:
        """``lines`` are numbers of lines in the shard, from 0."""
        of_type, read = self._types, int.from_bytes
        keys = [(read(text, "little") * _FACTOR + of_type[name]) % _PRIME for name, text in zip(types, _encoded(ids), strict=True)]
        of_bucket, in_bucket = [column.append for column in self._keys], [column.append for column in self._lines]
        for key, line in zip(keys, lines, strict=True):
            bucket = key & 255
            of_bucket[bucket](key)
            in_bucket[bucket](line)
        self._count += len(keys)

    @property
    def full(self) -> bool:
        """Whether it is time to write them: a shard may be one large archive."""
        return self._count >= _SEGMENT

    def take(self) -> bytes:
        """All keys as one segment of the part; none is left."""
        counts = array("I", map(len, self._keys))
        segment = b"".join([counts.tobytes(), *(column.tobytes() for pair in zip(self._keys, self._lines, strict=True) for column in pair)])
        for column in (*self._keys, *self._lines):
            del column[:]
        self._count = 0
        return segment


class _TypeKeys(dict[str, int]):
    """Type -> what it adds to a key: as if it stood behind the longest id, in one number with it."""

    def __missing__(self, name: str) -> int:
        self[name] = added = (int.from_bytes(name.encode(errors="surrogatepass"), "little") << 8 * 64) % _PRIME
        return added


def _encoded(ids: Sequence[str]) -> list[bytes]:
    try:
        return [text.encode() for text in ids]
    except UnicodeEncodeError:  # a foreign judge let a lone surrogate pass
        return [text.encode(errors="surrogatepass") for text in ids]


def read_buckets(storage: Storage, uri: str, first: int, end: int) -> Iterator[list[tuple[array[int], array[int]]]]:
    """(keys, lines) of every bucket in ``[first, end)``, as a list for each segment. Raises StorageError."""
    reader = storage.open(uri)
    try:
        while header := _read(reader, uri, _HEADER):
            counts = array("I", header)
            data = memoryview(_read(reader, uri, _WIDTH * sum(counts)))
            found: list[tuple[array[int], array[int]]] = []
            at = _WIDTH * sum(counts[:first])
            for count in counts[first:end]:
                middle, after = at + 8 * count, at + _WIDTH * count
                found.append((array("Q", bytes(data[at:middle])), array("I", bytes(data[middle:after]))))
                at = after
            yield found
    finally:
        reader.close()


def _read(reader: Reader, uri: str, size: int) -> bytes:
    """As many bytes, or none at the end."""
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
