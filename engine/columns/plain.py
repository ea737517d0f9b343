"""Columns in Python.

Columns of numbers are bytes of native words, 16 bits wide for codes and 32 for all else.
Columns of texts are bytes in which every text ends in a newline. Columns that do not fit together
raise ValueError.
"""

from __future__ import annotations

import io
import re
import struct
from array import array
from collections.abc import Iterable
from itertools import chain, groupby, repeat
from operator import itemgetter

__all__ = [
    "bucketed", "checked_codes", "count_lines", "fill", "gather", "keys", "measure", "rebase",
    "repeated",
]  # fmt: skip

_BUCKETS = 256
_KEY = struct.Struct("<QI")
_BARE_KEY = 8
_MERSENNE = (1 << 61) - 1

_Place = tuple[int, int]


def count_lines(data: bytes) -> int:
    """Return how many newlines there are."""
    return data.count(b"\n")


def fill(
    head: bytes,
    base: int,
    numbers: bytes,
    middle: bytes,
    texts: bytes,
    codes: bytes,
    tails: list[bytes],
) -> bytes:
    """Return a row for every number: ``head``, the number plus ``base``, ``middle``, the text, the
    tail of its code.
    """
    rows = zip(array("I", numbers), _texts(texts), checked_codes(codes, len(tails)), strict=True)
    return b"".join(
        [
            b"%b%d%b%b%b" % (head, number + base, middle, text, tails[code])
            for number, text, code in rows
        ]
    )


def rebase(head: bytes, base: int, lines: bytes) -> bytes:
    """Return the lines, each of which begins with ``head`` and a number, with ``base`` added to
    that number.
    """
    row, moved = re.compile(re.escape(head) + rb"(\d+)"), list[bytes]()
    for line in io.BytesIO(lines):
        found = row.match(line)
        if found is None:
            raise ValueError("a line without its number")
        moved.append(b"%b%d%b" % (head, int(found[1]) + base, line[found.end() :]))
    return b"".join(moved)


def keys(texts: bytes, codes: bytes, additions: bytes, factor: int, prime: int) -> bytes:
    """Return for every text, read as one little-endian number, a key of twelve bytes: that number
    times ``factor`` plus the addition of its code, a word of 64 bits, modulo ``prime``; and a
    check, the upper half of that number modulo 2^61 - 1 times ``factor``, so that two texts that
    meet in the one differ in the other.
    """
    added = array("Q", additions)
    rows = zip(_texts(texts), checked_codes(codes, len(added)), strict=True)
    return b"".join(
        [
            _KEY.pack(
                (number * factor + added[code]) % prime,
                number % _MERSENNE * factor >> 32 & 0xFFFF_FFFF,
            )
            for number, code in ((int.from_bytes(text, "little"), code) for text, code in rows)
        ]
    )


def bucketed(blocks: list[tuple[bytes, bytes, int]], width: int) -> bytes:
    """Return how many keys each bucket holds; then of all keys, bucket by bucket, the first
    ``width`` bytes; then their numbers. A block is (keys, numbers, what to add to these).

    A key's bucket is its lowest byte; within a bucket the order stays as it was.
    """
    if width > _KEY.size:
        raise ValueError("a key that is wider than keys are")
    rows = [
        (key, number + first)
        for keys, numbers, first in blocks
        for key, number in zip(_cut(keys, _KEY.size), array("I", numbers), strict=True)
    ]
    rows.sort(key=lambda row: row[0][0])
    counts = array("I", bytes(4 * _BUCKETS))
    for key, _ in rows:
        counts[key[0]] += 1
    return b"".join(
        (
            counts.tobytes(),
            *(key[:width] for key, _ in rows),
            array("I", [number for _, number in rows]).tobytes(),
        )
    )


def repeated(
    keys: bytes, lines: bytes, runs: list[tuple[int, int]], most: int
) -> tuple[int, list[tuple[_Place, _Place]]]:
    """Return how many different keys there are; and of those that come more than once, the ``most``
    whose first place comes first: (first, last) place.

    ``runs`` are (number, how many keys): a key's place is its run's number and its line. A key has
    twelve bytes, or, without its check, eight.
    """
    rows = array("I", lines)
    width = len(keys) // (len(rows) or 1)
    if rows and width not in (_KEY.size, _BARE_KEY):
        raise ValueError("keys of no such width")
    found = _cut(keys, width or _BARE_KEY)
    if not len(found) == len(rows) == sum(count for _, count in runs):
        raise ValueError("columns of different lengths")
    distinct = len(set(found))
    if distinct == len(found):
        return distinct, []
    of_run = chain.from_iterable(repeat(number, count) for number, count in runs)
    groups = (
        list(group)
        for _, group in groupby(
            sorted(zip(found, zip(of_run, rows, strict=True), strict=True)), key=itemgetter(0)
        )
    )
    return distinct, sorted((group[0][1], group[-1][1]) for group in groups if len(group) > 1)[
        :most
    ]


def measure(starts: bytes, ends: bytes, codes: bytes, kinds: int) -> list[tuple[int, int, int]]:
    """Return of every code that a line has the code, how many lines have it, and how many bytes
    these take.
    """
    counts, sizes = [0] * kinds, [0] * kinds
    for start, end, code in zip(
        array("I", starts), array("I", ends), checked_codes(codes, kinds), strict=True
    ):
        if start > end:
            raise ValueError("a line that ends before it starts")
        counts[code] += 1
        sizes[code] += end - start
    sums = enumerate(zip(counts, sizes, strict=True))
    return [(code, count, size) for code, (count, size) in sums if count]


def gather(data: bytes, starts: bytes, ends: bytes, codes: bytes, kinds: int) -> list[bytes]:
    """Return for every code the lines of ``data`` that have it, each with a newline."""
    lines: list[list[bytes]] = [[] for _ in range(kinds)]
    for start, end, code in zip(
        array("I", starts), array("I", ends), checked_codes(codes, kinds), strict=True
    ):
        if not start <= end <= len(data):
            raise ValueError("a line beyond the data")
        lines[code].append(data[start:end])
    return [b"\n".join([*of_code, b""]) for of_code in lines]


def _texts(column: bytes) -> list[bytes]:
    return column.split(b"\n")[:-1]


def _cut(column: bytes, width: int) -> list[bytes]:
    if len(column) % width:
        raise ValueError("no whole keys")
    return [column[at : at + width] for at in range(0, len(column), width)]


def checked_codes(column: bytes, count: int) -> Iterable[int]:
    """Return codes of 16 bits. Raises ValueError for one that is none of the first so many."""
    codes = array("H", column)
    if codes and max(codes) >= count:
        raise ValueError("a code beyond the last")
    return codes
