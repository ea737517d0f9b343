"""Compression: the bytes of ``.gz``, ``.zst``, ``.bz2`` and ``.xz`` files, everything that can be
had before a break included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import zstandard
from isal import isal_zlib

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

from ..errors import StorageError
from ..storage import Reader
from .lines import BLOCK_BYTES

__all__ = ["MARKS", "BrokenArchive", "compression_of", "decompress", "without_compression"]

_GzError: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub calls the class an instance

_GZ_CHUNK = 1 << 16

_ZST_CHUNK = 1 << 13
"""Compressed bytes given to zstandard at once.

Nothing else bounds what a bomb makes of them: 32,768 bytes of each at the most.
"""


_CHUNK = 1 << 16

_XZ_MEMORY: Final = 256 << 20
"""Bytes of the largest dictionary of an .xz file that is read; ``xz -9`` has 64 MiB."""

_MARK = 10
"""Bytes that tell whether a member begins."""

MARKS: Final[Mapping[str, re.Pattern[bytes]]] = {
    "gz": lazy_pattern(rb"\x1f\x8b\x08"),  # RFC 1952, 2.3: the mark, and deflate
    "zst": lazy_pattern(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),  # RFC 8878, 3.1: a frame
    # A block, or the end of an archive without one, by the digits of pi and of its square root.
    "bz2": lazy_pattern(rb"BZh[1-9](?:\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)"),
    "xz": lazy_pattern(rb"\xfd7zXZ\0"),
}
"""How an archive of each compression begins."""

_ENDINGS: Final = {
    ".gz": "gz",
    ".gzip": "gz",
    ".zst": "zst",
    ".zstd": "zst",
    ".bz2": "bz2",
    ".xz": "xz",
}


class BrokenArchive(Exception):
    """The archive ends early, or is not one, or something else follows it; its text says which.

    altered   its bytes were changed, so that what was decompressed before is not to be trusted;
              None where it seems to end early: a changed byte may look so, and then most of what
              follows it is no text that anybody wrote
    """

    def __init__(self, message: str, *, altered: bool | None = False) -> None:
        super().__init__(message)
        self.altered = altered


def compression_of(name: str) -> str | None:
    """Return ``gz``, ``zst``, ``bz2`` or ``xz`` by the name's ending, None for a plain file."""
    return _ENDINGS.get(_ending(name).lower())


def without_compression(name: str) -> str:
    """Return a name without the ending that tells a compression."""
    ending = _ending(name)
    return name[: -len(ending)] if ending.lower() in _ENDINGS else name


def _ending(name: str) -> str:
    """Return the suffix of a path as ``pathlib`` has it, which takes fifty times as long."""
    step = name.rpartition("/")[2]
    at = step.rfind(".")
    return step[at:] if 0 < at < len(step) - 1 else ""


def decompress(reader: Reader, compression: str) -> Iterator[bytes]:
    """Yield the decompressed bytes in pieces of about a block.

    BrokenArchive only after all bytes before the break.
    """
    pieces = {"gz": _gz, "zst": _zst, "bz2": _bz2, "xz": _xz}[compression](reader)
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= BLOCK_BYTES:
                yield b"".join(held)
                held, size = [], 0
    except (BrokenArchive, _GzError, zstandard.ZstdError, _Damaged) as error:
        if size:
            yield b"".join(held)
        # A decompressor stumbles long after the byte that was changed: everything since the
        # archive's start may be other text by then, and only the checksum behind it can tell.
        altered = error.altered if isinstance(error, BrokenArchive) else True
        raise BrokenArchive(f"broken {compression} archive: {error}", altered=altered) from None
    except StorageError:
        if size:
            yield b"".join(held)
        raise
    if size:
        yield b"".join(held)


def _gz(reader: Reader) -> Iterator[bytes]:
    for chunk, member in _members(
        reader, lambda: isal_zlib.decompressobj(wbits=31), _GZ_CHUNK, MARKS["gz"], padding=b"\0"
    ):
        piece = member.decompress(chunk, BLOCK_BYTES)
        while piece:  # max_length bounds what a bomb can make of one chunk
            yield piece
            piece = b"" if member.eof else member.decompress(member.unconsumed_tail, BLOCK_BYTES)


def _zst(reader: Reader) -> Iterator[bytes]:
    context = zstandard.ZstdDecompressor()
    for chunk, frame in _members(
        reader, context.decompressobj, _ZST_CHUNK, MARKS["zst"], padding=b""
    ):
        yield frame.decompress(chunk)


def _bz2(reader: Reader) -> Iterator[bytes]:
    import bz2

    return _standard(reader, bz2.BZ2Decompressor, "bz2", padding=b"")


def _xz(reader: Reader) -> Iterator[bytes]:
    import lzma

    def new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    return _standard(reader, new, "xz", padding=b"\0")


def _standard(
    reader: Reader, new: Callable[[], Any], compression: str, padding: bytes
) -> Iterator[bytes]:
    """Yield what the decompressors of the standard library make of an archive."""
    for chunk, member in _members(reader, new, _CHUNK, MARKS[compression], padding):
        while not member.eof:
            try:
                piece = member.decompress(chunk, BLOCK_BYTES)
            except Exception as error:  # noqa: BLE001  # OSError, EOFError, LZMAError: each by its own reason
                raise _Damaged(str(error)) from None
            chunk = b""
            yield piece
            if member.needs_input:
                break


class _Damaged(Exception):
    """A decompressor of the standard library stumbled."""


def _members(
    reader: Reader, new: Callable[[], Any], size: int, start: re.Pattern[bytes], padding: bytes
) -> Iterator[tuple[bytes, Any]]:
    """(bytes, the decompressor to give them to), over archives of several members, as parallel
    compressors write them. Padding may stand behind a member.
    """
    counted, member, whole = _Counted(reader), None, False
    chunk = counted.read(size)
    while chunk:
        if member is None:
            chunk = counted.beginning(chunk, padding if whole else b"")
            if not chunk:
                break
            if not start.match(chunk):
                raise BrokenArchive(
                    "what follows its end is no archive (trailing garbage from byte "
                    f"{counted.position - len(chunk):,} on)"
                    if whole
                    else "it does not begin as one"
                )
            member = new()
        yield chunk, member
        chunk = b""
        if member.eof:
            chunk, member, whole = member.unused_data, None, True
        chunk = chunk or counted.read(size)
    if member is not None:
        raise BrokenArchive("it ends before its end mark", altered=None)
    if not whole:
        raise BrokenArchive("it is empty")


class _Counted:
    """A reader that knows how many bytes it has given."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.position = 0

    def read(self, size: int) -> bytes:
        data = self._reader.read(size)
        self.position += len(data)
        return data

    def beginning(self, chunk: bytes, padding: bytes) -> bytes:
        """Return a chunk without padding before it, and at least as long as a member's mark if
        there is as much.
        """
        chunk = chunk.lstrip(padding) if padding else chunk
        while len(chunk) < _MARK and (more := self.read(_MARK)):
            chunk = (chunk + more).lstrip(padding) if padding else chunk + more
        return chunk
