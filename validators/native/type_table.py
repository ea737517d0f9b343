"""Type table: every type of R4 lowered ahead, as it ships in the wheel.

Lowering is the same for whoever validates the base types alone, so that it is done once, when the
wheel is built (``type_table_build``). What does not go into a file are the checks behind questions:
of each question the table says where in the lowering it was drawn, and that part is lowered again
when the acceptor asks (``Table``). Plain questions are described instead (``plain_questions``).

The file is its magic, a digest, and two zstd frames, each behind its length (u32): one for
validators that do not look at the profiles in meta.profile, one for those that do. In a frame are
the length of a head (u32), the head as JSON, and the columns whose sizes the head says.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import zstandard

__all__ = ["FILE", "TypeTable", "digest", "made_of", "packed", "type_table"]

FILE: Final = "types.table"
"""The file's name, beside this module."""
_MAGIC: Final = b"BFHIRTAB2\n"
_DIGEST: Final = slice(len(_MAGIC), len(_MAGIC) + 8)
_LEVEL: Final = 19
_COLUMNS: Final = 5
"""Of a table's fields the last so many; those before them are its head."""
_FOLDER: Final = Path(__file__).parent


class TypeTable(NamedTuple):
    """All types, lowered by one choice of what is checked.

    names      property names by number
    types      resource types by number
    nodes      names of nodes by number
    overlays   canonical urls of profiles by number
    absent     (kind, canonical url) of what was asked for and is not in the core
    elements   type and bindings of the elements that plain questions are about, by number
    lowered    numbers of nodes in the order in which they were lowered, u32
    firsts     of each of these the number of its first question, u32
    parts      of each question the part of its node where it was drawn, u16: the number of a
               property's name, or ``Table``'s number for the node itself
    plain      of each question the number of the element that describes it, u32; 4294967295
               for none
    records    all records, the layout first
    """

    names: Sequence[str]
    types: Sequence[str]
    nodes: Sequence[str]
    overlays: Sequence[str]
    absent: Sequence[Sequence[str]]
    elements: Sequence[Sequence[Any]]
    lowered: array[int]
    firsts: array[int]
    parts: array[int]
    plain: array[int]
    records: bytes


def digest() -> bytes:
    """Return eight bytes that tell which definitions and which code a table was made of: a checksum
    of every module and every data file of the validators, and their length.
    """
    checksum = length = 0
    for path in sorted(_files(_FOLDER.parent)):
        data = path.read_bytes()
        checksum, length = zlib.crc32(data, checksum), length + len(data)
    return checksum.to_bytes(4, "little") + length.to_bytes(4, "little")


def made_of(data: bytes) -> bytes | None:
    """Return the digest that stands in a file; None in one of another layout."""
    return data[_DIGEST] if data.startswith(_MAGIC) else None


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix in {".py", ".zst", ".txt"})


def packed(base: TypeTable, claims: TypeTable, sources: bytes) -> bytes:
    """Return the bytes of the file that holds both tables, made of the sources of a digest. The
    same tables always make the same bytes.
    """
    compress = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress
    made = [_MAGIC, sources]
    for table in (base, claims):
        frame = compress(b"".join(_parts(table)))
        made += (_u32(len(frame)), frame)
    return b"".join(made)


def _parts(table: TypeTable) -> Iterator[bytes]:
    columns = [*(column.tobytes() for column in table[-_COLUMNS:-1]), table.records]
    head = orjson.dumps([*table[:-_COLUMNS], [len(column) for column in columns]])
    yield from (_u32(len(head)), head, *columns)


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


@cache
def type_table(*, claims: bool) -> TypeTable | None:
    """Return the table for validators of the base types; None where none was shipped, or the one at
    hand was made of other sources.

    claims   whether profiles in meta.profile are looked at
    """
    data = _shipped()
    if not data:
        return None
    base = _frame(data, _DIGEST.stop)
    return _unpacked(zstandard.decompress(data[_frame(data, base.stop) if claims else base]))


def _frame(data: bytes, at: int) -> slice:
    return slice(at + 4, at + 4 + int.from_bytes(data[at : at + 4], "little"))


@cache
def _shipped() -> bytes:
    """Return the bytes of the file; none where there is no file that fits."""
    try:
        data = (_FOLDER / FILE).read_bytes()
    except OSError:
        return b""
    # pip changes no file of a wheel; in a checkout people do.
    in_checkout = (_FOLDER.parents[1] / "pyproject.toml").exists()
    found = made_of(data)
    fits = found is not None and (not in_checkout or found == digest())
    return data if fits else b""


def _unpacked(data: bytes) -> TypeTable:
    at = 4 + int.from_bytes(data[:4], "little")
    *head, sizes = orjson.loads(data[4:at])
    columns: list[Any] = []
    for code, size in zip(("I", "I", "H", "I", None), sizes, strict=True):
        column = data[at : at + size]
        columns.append(column if code is None else array(code, column))
        at += size
    return TypeTable(*head, *columns)
