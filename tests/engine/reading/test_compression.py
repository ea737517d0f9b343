"""Compression: everything before a break is read, and a break is always seen."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random

import pytest
import zstandard

from bulkfhir.engine.errors import StorageError
from bulkfhir.engine.reading.compression import BrokenArchive, compression_of, decompress

TEXT = b"".join(b'{"line":%d}\n' % number for number in range(20_000))


_ZST = zstandard.ZstdCompressor(write_checksum=True)
_PACKED = {"gz": gzip.compress, "zst": _ZST.compress, "bz2": bz2.compress, "xz": lzma.compress}


def packed(kind, data=TEXT):
    return _PACKED[kind](data)


def read_error(kind, data):
    """(what came out, what went wrong)."""
    pieces = []
    try:
        pieces.extend(decompress(io.BytesIO(data), kind))
    except BrokenArchive as error:
        return b"".join(pieces), error
    return b"".join(pieces), None


def read(kind, data):
    """(what came out, what went wrong, in words)."""
    read_, error = read_error(kind, data)
    return read_, error and str(error)


@pytest.mark.parametrize("kind", list(_PACKED))
class TestBoth:
    def test_whole_archives_are_read(self, kind):
        assert read(kind, packed(kind)) == (TEXT, None)

    def test_members_in_a_row_are_one_file(self, kind):
        assert read(
            kind,
            packed(kind) + packed(kind, b"second\n") + packed(kind, b"") + packed(kind, b"third\n"),
        ) == (TEXT + b"second\nthird\n", None)

    def test_an_empty_file_is_no_archive(self, kind):
        assert read(kind, b"") == (b"", f"broken {kind} archive: it is empty")

    @pytest.mark.parametrize("lost", [1, 5, 1000])
    def test_a_truncated_archive_gives_what_lies_before_the_break(self, kind, lost):
        data, message = read(kind, packed(kind)[:-lost])
        assert TEXT.startswith(data)
        assert "ends before its end mark" in message

    def test_something_else_is_no_archive(self, kind):
        data, message = read(kind, b'{"resourceType":"Patient"}\n')
        assert data == b""
        assert message.startswith(f"broken {kind} archive")

    def test_rubbish_after_the_end_is_seen(self, kind):
        whole = packed(kind)
        for rubbish in (b"r", b"rubbish, more of it than a header", b"\x1f", b"\x28\xb5"):
            data, message = read(kind, whole + rubbish)
            assert data == TEXT
            assert message.endswith(f"(trailing garbage from byte {len(whole):,} on)")

    def test_a_store_that_breaks_off_loses_nothing_that_was_read(self, kind):
        class Breaking(io.BytesIO):
            def read(self, size=-1):
                data = super().read(size)
                if not data:
                    raise StorageError("there", "connection lost")
                return data

        pieces = []
        with pytest.raises(StorageError):
            pieces.extend(decompress(Breaking(packed(kind)[:-10]), kind))
        assert pieces


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_truncated_archive_gives_most_of_its_lines(kind):
    noise = random.Random(1).randbytes(3 << 20)
    data, message = read(kind, packed(kind, noise)[:-1000])
    assert message
    assert noise.startswith(data)
    assert len(data) > len(noise) * 0.8


def test_a_damaged_checksum_is_seen():
    data = bytearray(packed("gz"))
    data[-6] ^= 1
    assert read("gz", bytes(data))[1]


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("kind", list(_PACKED))
def test_a_flipped_bit_never_passes_for_the_file_itself(kind, seed):
    """A bit of a gz member's header that nothing depends on may pass; elsewhere the archive is
    broken, and where another byte came out than went in that is no certain cut.
    """
    chosen = random.Random(seed)
    archive = bytearray(packed(kind))
    archive[chosen.randrange(len(archive))] ^= 1 << chosen.randrange(8)
    data, error = read_error(kind, bytes(archive))
    if error is None:
        assert data == TEXT
    elif error.altered is False:
        assert TEXT.startswith(data)


def test_zeros_before_a_gz_member_are_not():
    assert "it does not begin as one" in read("gz", b"\0" * 10 + packed("gz"))[1]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("kind", list(_PACKED))
def test_a_store_that_gives_little_at_once_changes_nothing(kind, size):
    class Slow(io.BytesIO):
        def read(self, _size=-1):
            return super().read(size)

    short = packed(kind, b"first\n") + packed(kind, b"second\n")
    assert b"".join(decompress(Slow(short), kind)) == b"first\nsecond\n"


def test_zeros_after_a_gz_member_are_padding():
    assert read("gz", packed("gz") + b"\0" * 1000) == (TEXT, None)


def test_no_piece_of_a_bomb_is_large():
    bomb = gzip.compress(b"\n" * (64 << 20))
    assert max(len(piece) for piece in decompress(io.BytesIO(bomb), "gz")) <= 2 << 20


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.ndjson", None),
        ("a.ndjson.gz", "gz"),
        ("a.NDJSON.GZ", "gz"),
        ("a.zst", "zst"),
        ("a.ndjson.gzip", "gz"),
        ("a.zstd", "zst"),
        ("a.BZ2", "bz2"),
        ("a.ndjson.xz", "xz"),
        ("gz", None),
    ],
)
def test_the_name_says_the_compression(name, expected):
    assert compression_of(name) == expected
