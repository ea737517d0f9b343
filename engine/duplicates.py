"""Duplicates: resources that a job imports more than once. The last line of the last file wins, as with a PUT by type and id.

keys of every shard -> find_duplicates, a range of buckets at a time, as many at once as fit in memory -> Duplicates, added up
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from .executors.board import Beat
from .keys import BUCKETS, KEYS, read_buckets
from .parts import part_uri
from .settings import Settings
from .storage import storage_for
from .totals import EXAMPLES, Place

__all__ = ["Duplicates", "bucket_ranges", "find_duplicates"]

_AT_ONCE = 500_000
"""Keys in one set: less than 100 MB."""

_SPOOLED = 32 << 20
"""Bytes of keys that wait in memory, over all sets to come; more of them wait on disk."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Sums over any set of keys; ``a + b`` is commutative.

    replaced   imported lines that a later line of the same type and id takes the place of
    examples   (first line, last line) of the first resources that come more than once
    """

    replaced: int = 0
    examples: tuple[tuple[Place, Place], ...] = ()

    def __add__(self, other: Duplicates) -> Duplicates:
        return Duplicates(self.replaced + other.replaced, tuple(sorted(self.examples + other.examples)[:EXAMPLES]))


def bucket_ranges(tasks: int) -> list[tuple[int, int]]:
    """All buckets, cut into ranges of about the same size."""
    edges = [BUCKETS * number // tasks for number in range(tasks + 1)]
    return [(first, end) for first, end in pairwise(edges) if first < end]


def find_duplicates(settings: Settings, shards: Sequence[int], lines: int, first: int, end: int, beat: Beat) -> Duplicates:
    """The duplicates among the keys of the buckets in ``[first, end)``. ``shards`` in input order; ``lines``: how many keys the job has."""
    groups = -(-lines * (end - first) // (BUCKETS * _AT_ONCE)) or 1
    step = -(-(end - first) // groups)
    storage = storage_for(settings.work_folder, settings.encryption_key_id)
    spools: list[BinaryIO] = []
    try:
        for _ in range(first, end, step):
            spools.append(tempfile.SpooledTemporaryFile(_SPOOLED // groups))  # type: ignore[arg-type]  # noqa: SIM115 closed below, all of them
        for shard in shards:
            beat(0, 0, 0, 0, 0)
            for buckets in read_buckets(storage, part_uri(storage, settings.work_folder, shard, KEYS), first, end):
                for number, spool in enumerate(spools):
                    _write(spool, shard, buckets[number * step : (number + 1) * step])
        return sum((_duplicates(spool, beat) for spool in spools), Duplicates())
    finally:
        for spool in spools:
            spool.close()


def _duplicates(spool: BinaryIO, beat: Beat) -> Duplicates:
    total, seen, repeated = 0, set[int](), set[int]()
    for _, keys, _ in _read(spool):
        beat(0, 0, 0, 0, 0)
        total += len(keys)
        new = set(keys)
        if len(new) < len(keys):
            repeated |= _repeated(keys)
        repeated |= new & seen
        seen |= new
    if not repeated:
        return Duplicates()
    return Duplicates(total - len(seen), _examples(spool, repeated, beat))


def _repeated(keys: array[int]) -> set[int]:
    seen, twice = set[int](), set[int]()
    for key in keys:
        (twice if key in seen else seen).add(key)
    return twice


def _examples(spool: BinaryIO, repeated: set[int], beat: Beat) -> tuple[tuple[Place, Place], ...]:
    """First and last line of the resources whose first line comes first."""
    chosen: dict[int, list[Place]] = {}
    for shard, keys, lines in _read(spool):
        beat(0, 0, 0, 0, 0)
        wanted = repeated if len(chosen) < EXAMPLES else chosen.keys()
        found = sorted((line, key) for key, line in zip(keys, lines, strict=True) if key in wanted)
        for line, key in found:
            if key in chosen:
                chosen[key][1] = (shard, line)
            elif len(chosen) < EXAMPLES:
                chosen[key] = [(shard, line), (shard, line)]
    return tuple((first, last) for first, last in chosen.values())


def _write(spool: BinaryIO, shard: int, buckets: Sequence[tuple[array[int], array[int]]]) -> None:
    spool.write(array("I", [shard, sum(len(keys) for keys, _ in buckets)]).tobytes())
    spool.writelines(b"".join(pair[column].tobytes() for pair in buckets) for column in (0, 1))


def _read(spool: BinaryIO) -> Iterator[tuple[int, array[int], array[int]]]:
    """(shard, keys, lines) as they were written, from the beginning."""
    spool.seek(0)
    while head := spool.read(8):
        (shard, count), keys, lines = array("I", head), array("Q"), array("I")
        keys.frombytes(spool.read(8 * count))
        lines.frombytes(spool.read(4 * count))
        yield shard, keys, lines
