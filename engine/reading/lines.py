"""Lines: a byte range or a decompressed stream becomes runs of whole lines with their offsets and
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.values.decoding import LINE_LIMIT

from ..columns import count_lines
from ..storage import Reader

__all__ = ["BLOCK_BYTES", "LINE_LIMIT", "TAIL_BYTES", "Lines", "read_lines", "read_range"]

BLOCK_BYTES = 1 << 20
"""How much is read at once: large enough that Python's work per block does not show, small enough
for a cache.
"""

TAIL_BYTES = 1 << 16
"""How much is read at once beyond a shard's end, where only the rest of one line is missing."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines in a row.

    data        bytes; every line but perhaps the last of the file ends in a newline
    offset      where data begins in the (decompressed) file
    first       how many lines of the shard lie before
    count       how many lines data holds, blank ones too
    too_long    this is one line beyond the limit, and data is empty
    """

    data: bytes
    offset: int
    first: int
    count: int
    too_long: bool = False


def read_range(reader: Reader, position: int, end: int | None) -> Iterator[bytes]:
    """Yield the bytes of a reader that stands at ``position``: in blocks up to ``end``, in small
    pieces beyond.
    """
    while True:
        size = BLOCK_BYTES if end is None else min(BLOCK_BYTES, max(end - position, TAIL_BYTES))
        chunk = reader.read(size)
        if not chunk:
            return
        position += len(chunk)
        yield chunk


def read_lines(
    chunks: Iterator[bytes], start: int = 0, end: int | None = None, limit: int = LINE_LIMIT
) -> Iterator[Lines]:
    """Yield the lines that begin in ``[start, end)``, each of them whole, wherever it ends.

    ``chunks`` give the file's bytes from ``start - 1`` on (from 0 where start is 0), none longer
    than ``limit``. A byte order mark at the file's start belongs to no line. Memory stays below
    ``limit`` plus two chunks.
    """
    position = max(start - 1, 0)
    dropping = (
        start > 0
    )  # the rest of a line that began before start; later, of a line that is too long
    first, offset, held, held_bytes = 0, start, list[bytes](), 0
    for chunk in chunks:
        base, cursor = position, 0
        position += len(chunk)
        if base == 0 and chunk.startswith(_BOM):
            cursor = offset = len(_BOM)
        if dropping:
            newline = chunk.find(b"\n")
            if newline < 0:
                if end is not None and position >= end:
                    return
                continue
            cursor = newline + 1
            dropping, offset = False, base + cursor
            if end is not None and offset >= end:
                return
        cut, last = _cut(chunk, cursor, base, end)
        if cut <= cursor:
            held.append(chunk[cursor:])
            held_bytes += len(chunk) - cursor
        else:
            if held_bytes and held_bytes + chunk.find(b"\n", cursor) - cursor > limit:
                yield Lines(b"", offset, first, 1, too_long=True)
                first += 1
                cursor = chunk.find(b"\n", cursor) + 1
                held, held_bytes, offset = [], 0, base + cursor
            if cut > cursor:
                if held_bytes or cut - cursor < len(chunk):
                    data = b"".join([*held, memoryview(chunk)[cursor:cut]])
                else:
                    data = chunk
                held = []  # of a long line, not to be kept twice while it is judged
                count = count_lines(data)
                yield Lines(data, offset, first, count)
                first += count
            if last:
                return
            held, held_bytes, offset = [chunk[cut:]], len(chunk) - cut, base + cut
        if held_bytes > limit:
            yield Lines(b"", offset, first, 1, too_long=True)
            first += 1
            held, held_bytes, dropping = [], 0, True
            if end is not None and position >= end:
                return
    if held_bytes:
        yield Lines(b"".join(held), offset, first, 1)


def _cut(chunk: bytes, cursor: int, base: int, end: int | None) -> tuple[int, bool]:
    """(where the whole lines of a chunk end, whether the shard's last line is among them)."""
    if end is not None and base + len(chunk) >= end:
        newline = chunk.find(b"\n", max(end - 1 - base, cursor))
        if newline >= 0:
            return newline + 1, True
    return chunk.rfind(b"\n", cursor) + 1, False
