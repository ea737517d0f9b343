"""Shards: how inputs are cut."""

from __future__ import annotations

from bulkfhir.engine.reading.sources import InputFile
from bulkfhir.engine.sharding.shard import shard_sizes
from bulkfhir.engine.sharding.shard_list import plan_shards

MB = 1 << 20


def cut(sizes, size, compression=None):
    inputs = [
        InputFile(f"{number}", f"/{number}", length, "", f"{number}", compression)
        for number, length in enumerate(sizes)
    ]
    return plan_shards(inputs, size)


def test_every_byte_is_in_one_shard():
    shards = cut([10, 0, 7], lambda _: 4)
    assert [(shard.index, shard.file, shard.start, shard.end) for shard in shards] == [
        (0, 0, 0, 4),
        (1, 0, 4, 8),
        (2, 0, 8, 10),
        (3, 1, 0, 1),
        (4, 2, 0, 4),
        (5, 2, 4, 7),
    ]


def test_a_compressed_file_is_one_shard():
    assert [(shard.start, shard.end) for shard in cut([100 * MB], lambda _: 1, "gz")] == [(0, None)]


def test_shards_become_smaller_towards_the_end_and_never_tiny():
    sizes = [
        shard.end - shard.start
        for shard in cut([600 * MB, 500 * MB], shard_sizes(None, 2, 64 * MB))
    ]
    assert sizes[0] == 64 * MB
    assert sizes[-2] == 4 * MB
    assert sizes[-1] < 6 * MB
    assert len(sizes) < 60


def test_one_worker_waits_for_nobody():
    sizes = [
        shard.end - shard.start for shard in cut([200 * MB, 20 * MB], shard_sizes(None, 1, 64 * MB))
    ]
    assert sizes == [64 * MB, 64 * MB, 72 * MB, 20 * MB]


def test_a_file_of_little_more_than_a_shard_is_one():
    assert [shard.file for shard in cut([5, 6, 3], lambda _: 4)] == [0, 1, 1, 2]


def test_the_users_own_size_is_kept():
    assert {shard.end - shard.start for shard in cut([100], shard_sizes(10, 2, 64 * MB))} == {10}
