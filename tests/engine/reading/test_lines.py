"""Lines: byte ranges and chunks never lose, double or tear a line."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkfhir.engine.reading.lines import read_lines

DATA = st.lists(
    st.sampled_from([b"\n", b"a", b"{}", b"\r\n", b"\0", b" ", b"\xc3\xa9", b"long line "]),
    max_size=40,
).map(b"".join)


def chunks(data, start, size):
    reader = io.BytesIO(data)
    reader.seek(max(start - 1, 0))
    return iter(lambda: reader.read(size), b"")


def split(data, shard, size, limit=1000):
    """(offset, number, line) of every line, by way of shards."""
    found, base = [], 0
    for start in range(0, max(len(data), 1), shard):
        lines = 0
        for piece in read_lines(
            chunks(data, start, size), start, min(start + shard, max(len(data), 1)), limit
        ):
            assert piece.first == lines
            lines += piece.count
            if piece.too_long:
                found.append((piece.offset, base + piece.first, None))
                continue
            offset, number = piece.offset, base + piece.first
            for line in (
                piece.data.splitlines(keepends=True)
                if b"\r" not in piece.data
                else _keep(piece.data)
            ):
                found.append((offset, number, line))
                offset += len(line)
                number += 1
        base += lines
    return found


def _keep(data):
    return (
        [line + b"\n" for line in data[:-1].split(b"\n")]
        if data.endswith(b"\n")
        else [*[line + b"\n" for line in data.split(b"\n")[:-1]], data.split(b"\n")[-1]]
    )


def reference(data, limit=1000):
    found, offset = [], 0
    for number, line in enumerate(_keep(data) if data else []):
        found.append((offset, number, line if len(line.rstrip(b"\n")) <= limit else None))
        offset += len(line)
    return found


@given(DATA, st.integers(1, 50), st.integers(3, 30))
def test_shards_of_any_size_hold_every_line_exactly_once(data, shard, size):
    assert split(data, shard, size) == reference(data)


@given(DATA, st.integers(1, 50), st.integers(3, 10), st.integers(10, 15))
def test_a_line_over_the_limit_fails_alone_at_any_shard_size(data, shard, size, limit):
    assert split(data, shard, size, limit) == reference(data, limit)


@pytest.mark.parametrize("shard", [1, 2, 3, 4, 100])
def test_a_byte_order_mark_belongs_to_no_line(shard):
    assert split(b"\xef\xbb\xbfab\ncd", shard, 4) == [(3, 0, b"ab\n"), (6, 1, b"cd")]


def test_a_byte_order_mark_elsewhere_is_data():
    assert split(b"a\n\xef\xbb\xbfb\n", 2, 4) == [(0, 0, b"a\n"), (2, 1, b"\xef\xbb\xbfb\n")]


def test_memory_is_bounded_by_the_limit():
    """A line of 64 MB with a limit of 1 MB is never held."""
    import tracemalloc

    tracemalloc.start()
    pieces = list(read_lines((b"x" * (1 << 20) for _ in range(64)), 0, None, 1 << 20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [piece.too_long for piece in pieces] == [True]
    assert peak < 8 << 20
