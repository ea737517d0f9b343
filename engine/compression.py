"""Compression: the bytes of ``.gz`` and ``.zst`` files, everything that can be had before a break included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import zstandard
from isal import isal_zlib

from .errors import StorageError
from .lines import BLOCK_BYTES
from .storage import Reader

__all__ = ["BrokenArchive", "compression_of", "decompress"]


class BrokenArchive(Exception):
    """The archive ends early or is not one; its text says which."""


def compression_of(name: str) -> str | None:
    """``gz`` or ``zst`` by the name's ending, None for a plain file."""
    ending = name.rpartition(".")[2].lower()
    return ending if ending in ("gz", "zst") else None


def decompress(reader: Reader, compression: str) -> Iterator[bytes]:
    """The decompressed bytes in pieces of about a block. BrokenArchive only after all bytes before the break."""
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
    except (BrokenArchive, isal_zlib.error, zstandard.ZstdError) as error:
        if size:
            yield b"".join(held)
        raise BrokenArchive(f"broken {compression} archive: {error}") from None
    except StorageError:
        if size:
            yield b"".join(held)
        raise
    if size:
        yield b"".join(held)


class _Frame(Protocol):
    eof: bool
    unused_data: bytes


def _gz(reader: Reader) -> Iterator[bytes]:
    for chunk, frame in _frames(reader, lambda: isal_zlib.decompressobj(wbits=31), 1 << 16, padding=b"\0"):
        piece = frame.decompress(chunk, BLOCK_BYTES)
        while piece:  # max_length bounds what a bomb can make of one chunk
            yield piece
            piece = b"" if frame.eof else frame.decompress(frame.unconsumed_tail, BLOCK_BYTES)


def _zst(reader: Reader) -> Iterator[bytes]:
    context = zstandard.ZstdDecompressor()
    for chunk, frame in _frames(reader, context.decompressobj, 1 << 13, padding=b""):  # zstandard has no max_length: little at a time instead
        yield frame.decompress(chunk)


def _frames(reader: Reader, new: Callable[[], _Frame], size: int, padding: bytes) -> Iterator[tuple[bytes, object]]:
    """(bytes, the decompressor to give them to), over archives of several members, as parallel compressors write them."""
    frame: _Frame | None = None
    chunk = reader.read(size)
    while chunk:
        if frame is None:
            chunk = chunk.lstrip(padding) if padding else chunk
            if not chunk:
                chunk = reader.read(size)
                continue
            frame = new()
        yield chunk, frame
        if frame.eof:
            chunk, frame = frame.unused_data, None
            chunk = chunk or reader.read(size)
        else:
            chunk = reader.read(size)
    if frame is not None:
        raise BrokenArchive("it ends before its end mark")
