"""Relation columns: what a shard's resources say of others, on its way into a part, and out of it.

A part is made of segments: eight bytes that say how long it is, then an Arrow stream of one table.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import orjson

from bulkfhir.validators import BlockVerdicts
from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.verdicts.undecided import UndecidedCode

from ..columns import relation_keys, relations_of
from ..columns.buffers import fixed_column
from ..columns.plain_relations import Relations
from ..columns.plain_relations import relations_of as plain_relations_of
from ..columns.words import words
from ..errors import StorageError
from ..reading.lines import Lines
from ..storage import Reader, Storage

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "CODE",
    "COUNTED",
    "REJECTED",
    "NOTHING",
    "PARTED",
    "RelationColumns",
    "read_relations",
    "texts",
]

REJECTED: Final = 8
"""Kind of a row: a line that was rejected, whose type and id are known."""
CODE: Final = 9
"""Kind of a row: a code that could not be decided offline, with the first line of the shard's that
has it and how often it stands in these; its value set is the path, its system and the code are the
text.
"""
COUNTED: Final = 16
"""Added to the kind of what is only counted: its row has the path and the count, and the profile as
text.
"""

_ROWS: Final = 100_000
"""Rows, and different counts, that wait for their segment."""
_HEADER: Final = 8
"""Bytes that say how long a segment is: a part is read segment by segment, never whole."""
_SHOWN: Final = 200
"""Characters of a text that a finding shows."""
PARTED: Final = "\x1f"
"""Stands between the system and the code."""
NOTHING: Final = "\x1e"
"""Stands for a system, or a code, that is not there."""


def _schema() -> pa.Schema:
    """Return the columns of a segment.

    kind    see engine/columns/plain_relations.py, REJECTED and COUNTED
    key     of type and id, of what a reference leads to, of a business identifier, or of a code by
            its value set; 0 for none
    shard   its number
    line    number of the line in the shard, from 0
    offset  where the line begins in the file, in bytes, decompressed
    path    of the element, each path once in a dictionary; of a resource its type
    text    id, reference, or system|value; of what is counted for a profile its url, of a code its
            system and the code
    count   1, or how often
    """
    import pyarrow as pa

    return pa.schema(
        [
            ("kind", pa.uint8()),
            ("key", pa.decimal128(38)),
            ("shard", pa.uint32()),
            ("line", pa.uint32()),
            ("offset", pa.int64()),
            ("path", pa.dictionary(pa.int32(), pa.string())),
            ("text", pa.string()),
            ("count", pa.int64()),
        ]
    )


@dataclass(slots=True)
class _Seen:
    """A code in lines of a shard: the first of them, where that begins, and how often it stands
    there.
    """

    line: int
    offset: int
    count: int = 0


class RelationColumns:
    """The relations of shards until they are written.

    secret   of the job's keys: 16 bytes
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0
        self._counts = Counter[tuple[int, int, str, str]]()
        self._codes: dict[tuple[int, UndecidedCode], _Seen] = {}

    def add(self, shard: int, lines: Lines, verdicts: BlockVerdicts) -> None:
        """Add what the accepted lines of a shard's block say, and which resources were rejected."""
        rejected = verdicts.failed | verdicts.crashed
        self._add_codes(shard, lines, verdicts, rejected)
        numbers, starts, ends = verdicts.numbers, verdicts.starts, verdicts.ends
        if rejected:
            self._add_rejected(shard, lines, verdicts, sorted(rejected))
            kept = [place for place in range(len(starts)) if place not in rejected]
            numbers = [numbers[place] for place in kept]
            starts = [starts[place] for place in kept]
            ends = [ends[place] for place in kept]
        columns = words(numbers), words(starts), words(ends)
        found = relations_of(lines.data, *columns[1:], self._secret)
        self._add(found, shard, lines, *columns[:2])
        if found[3]:
            numbers_left, starts_left, ends_left = (
                array("I", [array("I", column)[place] for place in found[3]]).tobytes()
                for column in columns
            )
            left = plain_relations_of(lines.data, starts_left, ends_left, self._secret)
            self._add(left, shard, lines, numbers_left, starts_left)

    @property
    def full(self) -> bool:
        """Return whether it is time to write them."""
        return max(self._rows, len(self._counts), len(self._codes)) >= _ROWS

    def take(self) -> bytes:
        """Return all of them as one segment of the part; none is left."""
        import pyarrow as pa

        made = [*self._batches, self._coded(), self._counted()]
        table = pa.Table.from_batches(made, _schema()).unify_dictionaries()
        self._batches, self._rows = [], 0
        self._counts.clear()
        self._codes.clear()
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
            stream.write_table(table.combine_chunks())
        segment: bytes = sink.getvalue().to_pybytes()
        return len(segment).to_bytes(_HEADER, "little") + segment

    def _add(
        self, found: Relations, shard: int, lines: Lines, numbers: bytes, starts: bytes
    ) -> None:
        import pyarrow as pa
        from pyarrow import compute

        (places, kinds, paths, keys, ends, shown), names, counts, _ = found
        for kind, url, path, count in counts:
            self._counts[shard, COUNTED + kind, url, names[path]] += count
        rows = len(kinds)
        if not rows:
            return
        place = fixed_column(pa.uint32(), places)
        first, start = fixed_column(pa.int64(), array("q", [lines.first, lines.offset]).tobytes())
        line = compute.add(fixed_column(pa.uint32(), numbers).take(place), first)
        offset = compute.add(fixed_column(pa.uint32(), starts).take(place), start)
        bounds = pa.py_buffer(array("I", [0]).tobytes() + ends)
        text = pa.Array.from_buffers(pa.string(), rows, [None, bounds, pa.py_buffer(shown)])
        columns = [
            fixed_column(pa.uint8(), kinds),
            fixed_column(pa.decimal128(38), keys),
            fixed_column(pa.uint32(), array("I", [shard]).tobytes() * rows),
            line.cast(pa.uint32()),
            offset.cast(pa.int64()),
            pa.DictionaryArray.from_arrays(fixed_column(pa.int32(), paths), texts(names)),
            text,
            fixed_column(pa.int64(), array("q", [1]).tobytes() * rows),
        ]
        self._append(columns)

    def _add_rejected(
        self, shard: int, lines: Lines, verdicts: BlockVerdicts, rejected: list[int]
    ) -> None:
        import pyarrow as pa

        named: list[tuple[int, str, str]] = []
        for place in rejected:
            name, identity = verdicts.types[place], verdicts.ids[place]
            # The keys are made of lines: a newline in a name or an id would be one line more.
            if name and identity and (name + identity).isprintable():
                named.append((place, name, identity))
        if not named:
            return
        own = "".join(f"{name}/{identity}\n" for _, name, identity in named).encode()
        line = array("I", [lines.first + verdicts.numbers[place] for place, _, _ in named])
        offset = array("q", [lines.offset + verdicts.starts[place] for place, _, _ in named])
        columns = [
            fixed_column(pa.uint8(), bytes([REJECTED]) * len(named)),
            fixed_column(pa.decimal128(38), relation_keys(b"", own, self._secret)),
            fixed_column(pa.uint32(), array("I", [shard]).tobytes() * len(named)),
            fixed_column(pa.uint32(), line.tobytes()),
            fixed_column(pa.int64(), offset.tobytes()),
            texts([name[:200] for _, name, _ in named]).dictionary_encode(),
            texts([identity[:200] for _, _, identity in named]),
            fixed_column(pa.int64(), array("q", [1]).tobytes() * len(named)),
        ]
        self._append(columns)

    def _add_codes(
        self, shard: int, lines: Lines, verdicts: BlockVerdicts, rejected: frozenset[int]
    ) -> None:
        for code, positions in verdicts.codes.items():
            kept = [position for position in positions if position not in rejected]
            if not kept:
                continue
            seen = self._codes.get((shard, code))
            if seen is None:
                first = min(kept)
                line = lines.first + verdicts.numbers[first]
                seen = self._codes[shard, code] = _Seen(line, lines.offset + verdicts.starts[first])
            seen.count += len(kept)

    def _append(self, columns: list[pa.Array]) -> None:
        import pyarrow as pa

        self._batches.append(pa.RecordBatch.from_arrays(columns, schema=_schema()))
        self._rows += len(columns[0])

    def _coded(self) -> pa.RecordBatch:
        import pyarrow as pa

        codes, seen = list(self._codes), list(self._codes.values())
        # as JSON, in which no text holds the newline that ends each
        named = b"".join(
            orjson.dumps([*code], option=orjson.OPT_APPEND_NEWLINE) for _, code in codes
        )
        columns = [
            fixed_column(pa.uint8(), bytes([CODE]) * len(codes)),
            fixed_column(pa.decimal128(38), relation_keys(b"code\n", named, self._secret)),
            fixed_column(pa.uint32(), array("I", [shard for shard, _ in codes]).tobytes()),
            fixed_column(pa.uint32(), array("I", [one.line for one in seen]).tobytes()),
            fixed_column(pa.int64(), array("q", [one.offset for one in seen]).tobytes()),
            texts([code.value_set for _, code in codes]).dictionary_encode(),
            texts([_shown(code) for _, code in codes]),
            fixed_column(pa.int64(), array("q", [one.count for one in seen]).tobytes()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=_schema())

    def _counted(self) -> pa.RecordBatch:
        import pyarrow as pa

        keys = zip(*self._counts, strict=True) if self._counts else ((), (), (), ())
        shards, kinds, urls, paths = keys
        nothing = bytes(16 * len(kinds))
        columns = [
            fixed_column(pa.uint8(), bytes(kinds)),
            fixed_column(pa.decimal128(38), nothing),
            fixed_column(pa.uint32(), array("I", shards).tobytes()),
            fixed_column(pa.uint32(), nothing[: 4 * len(kinds)]),
            fixed_column(pa.int64(), nothing[: 8 * len(kinds)]),
            texts(paths).dictionary_encode(),
            texts(urls),
            fixed_column(pa.int64(), array("q", self._counts.values()).tobytes()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=_schema())


def _shown(code: UndecidedCode) -> str:
    parts = (
        NOTHING if part is None else part[:_SHOWN].replace(PARTED, " ")
        for part in (code.system, code.code)
    )
    return PARTED.join(parts)


def texts(column: Sequence[str]) -> pa.Array:
    """Return strings as a column, without ``pyarrow.array``: see ``columns/buffers.py``."""
    import pyarrow as pa

    encoded = [text.encode() for text in column]
    ends = array("i", accumulate(map(len, encoded), initial=0))
    buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def read_relations(storage: Storage, uri: str) -> Iterator[pa.Table]:
    """Yield the segments of a part. Raise StorageError where it cannot be read, or ends early."""
    import pyarrow as pa

    reader = storage.open(uri)
    try:
        while header := _read(reader, uri, _HEADER):
            segment = _read(reader, uri, int.from_bytes(header, "little"))
            with pa.ipc.open_stream(pa.py_buffer(segment)) as stream:
                yield stream.read_all()
    finally:
        reader.close()


def _read(reader: Reader, uri: str, size: int) -> bytes:
    """As many bytes, or none at the end."""
    pieces, missing = list[bytes](), size
    while missing and (piece := reader.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    if missing and (pieces or size != _HEADER):
        raise StorageError(uri, "it ends early")
    return b"".join(pieces)
