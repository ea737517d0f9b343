"""Compression: the bytes of ``.gz`` and ``.zst`` files, everything that can be had before a break
included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

import zstandard
from isal import isal_zlib

from ..errors import StorageError
from ..storage import Reader
from .lines import BLOCK_BYTES

__all__ = ["BrokenArchive", "compression_of", "decompress"]

_GzError: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub calls the class an instance

_GZ_CHUNK = 1 << 16

_ZST_CHUNK = 1 << 13
"""Compressed bytes given to zstandard at once.

Nothing else bounds what a bomb makes of them: 32,768 bytes of each at the most.
"""


class BrokenArchive(Exception):
    """The archive ends early or is not one; its text says which."""


def compression_of(name: str) -> str | None:
    """Return ``gz`` or ``zst`` by the name's ending, None for a plain file."""
    ending = PurePosixPath(name).suffix.lower()
    return ending[1:] if ending in (".gz", ".zst") else None


def decompress(reader: Reader, compression: str) -> Iterator[bytes]:
    """Yield the decompressed bytes in pieces of about a block.

    BrokenArchive only after all bytes before the break.
    """
    pieces = _gz(reader) if compression == "gz" else _zst(reader)
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= BLOCK_BYTES:
                yield b"".join(held)
                held, size = [], 0
    except (BrokenArchive, _GzError, zstandard.ZstdError) as error:
        if size:
            yield b"".join(held)
        raise BrokenArchive(f"broken {compression} archive: {error}") from None
    except StorageError:
        if size:
            yield b"".join(held)
        raise
    if size:
        yield b"".join(held)


def _gz(reader: Reader) -> Iterator[bytes]:
    for chunk, member in _members(
        reader, lambda: isal_zlib.decompressobj(wbits=31), _GZ_CHUNK, padding=b"\0"
    ):
        piece = member.decompress(chunk, BLOCK_BYTES)
        while piece:  # max_length bounds what a bomb can make of one chunk
            yield piece
            piece = b"" if member.eof else member.decompress(member.unconsumed_tail, BLOCK_BYTES)


def _zst(reader: Reader) -> Iterator[bytes]:
    context = zstandard.ZstdDecompressor()
    for chunk, frame in _members(reader, context.decompressobj, _ZST_CHUNK, padding=b""):
        yield frame.decompress(chunk)


def _members(
    reader: Reader, new: Callable[[], Any], size: int, padding: bytes
) -> Iterator[tuple[bytes, Any]]:
    """(bytes, the decompressor to give them to), over archives of several members, as parallel
    compressors write them.
    """
    member = None
    chunk = reader.read(size)
    while chunk:
        if member is None:
            chunk = chunk.lstrip(padding) if padding else chunk
            member = new() if chunk else None
        if member is not None:
            yield chunk, member
            if member.eof:
                chunk, member = member.unused_data, None
                if chunk:
                    continue
        chunk = reader.read(size)
    if member is not None:
        raise BrokenArchive("it ends before its end mark")
