"""Key runs: the keys of many groups put together, bucket by bucket, so that who looks through some
buckets reads nothing of the others.

keys of some groups -> put_together, once each -> a run: where each bucket begins, and its rows
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from ..errors import StorageError
from ..executors.live_counters import Heartbeat
from ..job_terms.job_folder import KEYS
from ..job_terms.settings import Settings
from ..storage import Storage
from .keys import BUCKETS, LINE_BYTES, key_bytes, read_exactly, read_segments

__all__ = ["RUN_KEYS", "BucketRows", "put_together", "read_run", "runs_of"]

RUN_KEYS: Final = 4_000_000
"""Keys of one run, about: 64 MB, which a worker holds."""

_RUN: Final = "run"
"""Name of a run among the parts of the first of its groups."""
_STARTS: Final = 8 * (BUCKETS + 1)
_HEAD: Final = struct.Struct("=II")

BucketRows = tuple[int, int, memoryview, memoryview]
"""Bucket, group, keys and lines: some of the rows of a group."""


def runs_of(keys: dict[int, int]) -> list[tuple[int, ...]]:
    """Return the groups of each run, given how many keys each group has."""
    runs, room = list[list[int]](), 0
    for group, count in keys.items():
        if not runs or room <= 0:
            runs.append([])
            room = RUN_KEYS
        runs[-1].append(group)
        room -= count
    return [tuple(run) for run in runs]


def put_together(settings: Settings, groups: Sequence[int], beat: Heartbeat) -> None:
    """Write the run of some groups, whose parts are read once. Idempotent."""
    storage = settings.work_storage
    buckets: list[list[bytes | memoryview]] = [[] for _ in range(BUCKETS)]
    for group in groups:
        beat()
        place = settings.part_uri(group, KEYS)
        for segment in read_segments(storage, place, key_bytes(settings)):
            for number, rows in enumerate(buckets):
                keys, lines = segment.between(number, number + 1)
                if lines:
                    rows += (_HEAD.pack(group, len(lines) // LINE_BYTES), keys, lines)
    sizes = (sum(map(len, rows)) for rows in buckets)
    writer = storage.writer(settings.part_uri(groups[0], _RUN))
    try:
        writer.write(array("Q", accumulate(sizes, initial=_STARTS)).tobytes())
        for rows in buckets:
            writer.write(b"".join(rows))
        writer.commit()
    except BaseException:
        writer.abort()
        raise


def read_run(settings: Settings, number: int, first: int, end: int) -> Iterator[BucketRows]:
    """Yield the rows of the buckets in ``[first, end)`` of the run whose first group is ``number``;
    nothing else of it is read. Raise StorageError where it ends early.
    """
    storage, place = settings.work_storage, settings.part_uri(number, _RUN)
    width = key_bytes(settings)
    starts = array("Q", _range(storage, place, 0, _STARTS))
    data = memoryview(_range(storage, place, starts[first], starts[end]))
    for bucket in range(first, end):
        at, stop = (starts[edge] - starts[first] for edge in (bucket, bucket + 1))
        while at < stop:
            group, count = _HEAD.unpack_from(data, at)
            middle = at + _HEAD.size + width * count
            after = middle + LINE_BYTES * count
            yield bucket, group, data[at + _HEAD.size : middle], data[middle:after]
            at = after


def _range(storage: Storage, place: str, start: int, end: int) -> bytes:
    reader = storage.open(place, start, end)
    try:
        data = read_exactly(reader, place, end - start)
    finally:
        reader.close()
    if len(data) < end - start:
        raise StorageError(place, "it ends early")
    return data
