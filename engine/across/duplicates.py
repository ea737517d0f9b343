"""Duplicates: resources that a job imports more than once. The last line of the last file wins, as
with a PUT by type and id.

keys of every group, or where there are many put together in runs -> find_duplicates, a range of
buckets at a time, as many at once as fit in memory -> Duplicates, added up
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..columns import repeated
from ..executors.live_counters import Heartbeat
from ..figures.totals import EXAMPLES, Place
from ..job_terms.job_folder import KEYS
from ..job_terms.settings import Settings
from .key_runs import BucketRows, read_run
from .keys import BUCKETS, LINE_BYTES, key_bytes, read_segments

__all__ = ["Duplicates", "bucket_ranges", "find_duplicates"]

_AT_ONCE = 250_000
"""Keys that are compared at once: some 10 MB."""

_SPOOLED = 8 << 20
"""Bytes of keys that wait in memory, over all that is to be compared; more of them wait on disk."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Sums over any set of keys; ``a + b`` is commutative.

    replaced   imported lines that a later line of the same type and id takes the place of
    examples   (first line, last line) of the first resources that come more than once
    """

    replaced: int = 0
    examples: tuple[tuple[Place, Place], ...] = ()

    def __add__(self, other: Duplicates) -> Duplicates:
        return Duplicates(
            self.replaced + other.replaced, tuple(sorted(self.examples + other.examples)[:EXAMPLES])
        )


def bucket_ranges(tasks: int) -> list[tuple[int, int]]:
    """Return all buckets, cut into ranges of about the same size."""
    edges = [BUCKETS * number // tasks for number in range(tasks + 1)]
    return [(first, end) for first, end in pairwise(edges) if first < end]


def find_duplicates(
    settings: Settings,
    groups: Sequence[int],
    lines: int,
    buckets: tuple[int, int],
    together: bool,
    beat: Heartbeat,
) -> Duplicates:
    """Return the duplicates among the keys of the buckets from the first number up to the second.

    groups     numbers of the groups that left keys; a place is (group, line in it)
    lines      how many keys the job has
    together   the keys lie in runs, and ``groups`` are the first of each
    """
    first, end = buckets
    sets = -(-lines * (end - first) // (BUCKETS * _AT_ONCE)) or 1
    step = -(-(end - first) // sets)
    spools = [_Spool(_SPOOLED // sets, key_bytes(settings)) for _ in range(first, end, step)]
    try:
        for group in groups:
            beat()
            if together:
                rows = read_run(settings, group, first, end)
            else:
                rows = _rows(settings, group, range(first, end, step), end)
            for bucket, number, keys, numbers in rows:
                spools[(bucket - first) // step].add(number, keys, numbers)
        found = Duplicates()
        for spool in spools:
            beat()
            found += spool.duplicates()
        return found
    finally:
        for spool in spools:
            spool.close()


def _rows(settings: Settings, group: int, edges: range, end: int) -> Iterator[BucketRows]:
    """Yield the rows of a group between the edges, and up to the end, of each segment of its part;
    with the first bucket of each.
    """
    storage, place = settings.work_storage, settings.part_uri(group, KEYS)
    for segment in read_segments(storage, place, key_bytes(settings)):
        for first in edges:
            yield first, group, *segment.between(first, min(first + edges.step, end))


class _Spool:
    """The keys of a few buckets, over all groups: in memory as long as they are few, then on
    disk.
    """

    def __init__(self, size: int, width: int) -> None:
        self._width = width
        self._runs: list[tuple[int, int]] = []
        self._file = tempfile.SpooledTemporaryFile(size)  # noqa: SIM115 closed with the spool

    def add(self, group: int, keys: memoryview, lines: memoryview) -> None:
        self._runs.append((group, len(lines) // LINE_BYTES))
        self._file.write(keys)
        self._file.write(lines)

    def duplicates(self) -> Duplicates:
        keys, lines = self._columns()
        distinct, examples = repeated(keys, lines, self._runs, EXAMPLES)
        return Duplicates(sum(count for _, count in self._runs) - distinct, tuple(examples))

    def _columns(self) -> tuple[bytes, bytes]:
        """Return all keys and all lines; the pieces that they are read in are gone by then."""
        self._file.seek(0)
        keys, lines = [], []
        for _, count in self._runs:
            keys.append(self._file.read(self._width * count))
            lines.append(self._file.read(LINE_BYTES * count))
        return b"".join(keys), b"".join(lines)

    def close(self) -> None:
        self._file.close()
