"""Relation rows: the rows of all segments in files of Arrow on this machine's disk, a file for
every kind of question; and their keys apart, which are joined without the rest.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..columns.buffers import fixed_column
from ..columns.plain_relations import IDENTIFIER, NAMELESS, NOWHERE, REFERENCE, RESOURCE
from .key_buckets import KeyBuckets
from .reference_join import join
from .relation_columns import REJECTED, texts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["REFERENCES", "RESOURCES", "ROWS", "TARGETS", "RelationRows", "RowFile"]

RESOURCES, REFERENCES, TARGETS = "resource_row", "reference_row", "target"
"""The rows whose keys are joined; of targets, which lie outside the job, there is no file."""

_KINDS: Final = {
    RESOURCES: (RESOURCE,),
    REFERENCES: (REFERENCE,),
    "odd_row": (NAMELESS, REJECTED, NOWHERE),
    "identifier_row": (IDENTIFIER,),
}
"""File -> the kinds of a segment's rows that are its."""
ROWS: Final = tuple(_KINDS)
"""Names of the files."""

_MOST_NAMES: Final = 500_000
"""Different paths and types that are told apart; only hostile data has more."""
_OTHER: Final = "….…"
"""The name of all others."""

_BATCH: Final = 20_000
"""Rows that are read at once; a reader holds a dozen of these."""
_MAPPED: Final = 50
"""Batches after which a file that is read is opened anew, and its pages are let go."""


class RelationRows:
    """The files, written row by row and then read.

    Each has kind, key, shard, line, offset, path, text, as a segment; but the path is a number (see
    ``names``).
    """

    def __init__(self, folder: Path) -> None:
        """Keep them in a folder, which is the caller's to remove."""
        self._folder = folder
        self._numbers: dict[str, int] = {}
        self._writers: dict[str, pa.RecordBatchFileWriter] = {}
        self._batches: dict[str, list[int]] = {name: [] for name in ROWS}
        self._keys = {name: KeyBuckets(folder) for name in (RESOURCES, REFERENCES, TARGETS)}
        self._paths = {name: Counter[int]() for name in self._keys}

    def add(self, segment: pa.Table) -> None:
        """Take the rows of a segment."""
        import pyarrow as pa
        from pyarrow import compute

        coded = self._coded(segment.drop_columns(["count"]))
        kind = coded["kind"]
        for name, kinds in _KINDS.items():
            wanted = fixed_column(pa.uint8(), bytes(kinds))
            self._write(name, coded.filter(compute.is_in(kind, value_set=wanted)))

    def add_targets(self, rows: pa.Table) -> None:
        """Take resources (key, type) that lie outside the job."""
        rows = rows.rename_columns(["key", "path"])
        self._take_keys(TARGETS, self._coded(rows))

    def files(self) -> dict[str, RowFile]:
        """Return each file that has rows, by its name. Nothing can be added any more."""
        self._end()
        return {
            name: RowFile(self._folder / name, len(batches))
            for name, batches in self._batches.items()
            if batches
        }

    def names(self) -> pa.Table:
        """Return (path, name) of every path, and type, that rows have."""
        import pyarrow as pa

        numbers = fixed_column(pa.uint32(), array("I", self._numbers.values()).tobytes())
        return pa.table({"path": numbers, "name": texts(list(self._numbers))})

    def paths(self, *names: str) -> Counter[int]:
        """Return how many rows of these names have each path."""
        return sum((self._paths[name] for name in names), Counter[int]())

    def join(self, wrong: list[int], ignored: list[int]) -> None:
        """Mark references and resources: see reference_join.py. Codes are paths, and types."""
        keys = self._keys
        join(keys[RESOURCES], keys[TARGETS], keys[REFERENCES], wrong, ignored)

    def marked_schema(self) -> pa.Schema:
        """Return the columns of what ``marked`` yields."""
        import pyarrow as pa

        return _schema().append(pa.field("mark", pa.uint8()))

    def marked(self, name: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a file that have a mark, which is one more column of theirs."""
        sizes = self._batches[name]
        pieces = _cut(self._keys[name].marks(), sizes)
        batches = RowFile(self._folder / name, len(sizes)).batches()
        for marks, batch in zip(pieces, batches, strict=True):
            if marks.count(0) < len(marks):
                yield _taken(batch, marks)

    def close(self) -> None:
        """End the files."""
        self._end()
        for keys in self._keys.values():
            keys.close()

    def _end(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _coded(self, rows: pa.Table) -> pa.Table:
        """Rows with the numbers of their paths."""
        import pyarrow as pa

        rows = rows.combine_chunks()
        place = rows.schema.get_field_index("path")
        found = rows.column(place).combine_chunks()
        if not pa.types.is_dictionary(found.type):
            found = found.dictionary_encode()
        if isinstance(found, pa.ChunkedArray):
            found = pa.concat_arrays(found.chunks)
        used = set(found.indices.unique().to_pylist())  # a dictionary has more, of what is counted
        own = [
            self._number(name) if place in used else 0
            for place, name in enumerate(found.dictionary.to_pylist())
        ]
        numbers = fixed_column(pa.uint32(), array("I", own).tobytes()).take(found.indices)
        return rows.set_column(place, "path", numbers)

    def _number(self, name: str) -> int:
        if name not in self._numbers and len(self._numbers) >= _MOST_NAMES:
            name = _OTHER
        return self._numbers.setdefault(name, len(self._numbers))

    def _write(self, name: str, rows: pa.Table) -> None:
        import pyarrow as pa

        if not rows.num_rows:
            return
        if name in self._keys:
            self._take_keys(name, rows)
        if name not in self._writers:
            self._writers[name] = pa.ipc.new_file(self._folder / name, _schema())
        for batch in rows.to_batches(max_chunksize=_BATCH):
            self._writers[name].write_batch(batch)
            self._batches[name].append(len(batch))

    def _take_keys(self, name: str, rows: pa.Table) -> None:
        for batch in rows.to_batches():
            keys, codes = batch.column("key"), batch.column("path")
            self._keys[name].add(_bytes(keys), _bytes(codes))
            found = codes.value_counts()
            counts = zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True)
            self._paths[name].update(dict(counts))


class RowFile:
    """A file of rows, which DuckDB reads as often as a query asks for it. A dataset of pyarrow
    would do, but imports pandas where that is installed, which takes longer than most jobs.
    """

    def __init__(self, path: Path, count: int) -> None:
        """Take a file that is written, and how many batches it has."""
        self._path, self._count = path, count

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield its batches, none of which is copied."""
        import pyarrow as pa

        for place in range(self._count):
            if place % _MAPPED == 0:
                reader = pa.ipc.open_file(pa.memory_map(str(self._path)))
            yield reader.get_batch(place)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a stream of it, by Arrow's protocol."""
        import pyarrow as pa

        reader = pa.RecordBatchReader.from_batches(_schema(), self.batches())
        return reader.__arrow_c_stream__(requested_schema)


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("kind", pa.uint8()),
            ("key", pa.decimal128(38)),
            ("shard", pa.uint32()),
            ("line", pa.uint32()),
            ("offset", pa.int64()),
            ("path", pa.uint32()),
            ("text", pa.string()),
        ]
    )


def _cut(pieces: Iterator[bytes], sizes: list[int]) -> Iterator[bytes]:
    """Yield the bytes of all pieces in pieces of other sizes."""
    held = b""
    for size in sizes:
        while len(held) < size:
            held += next(pieces)
        yield held[:size]
        held = held[size:]


def _taken(batch: pa.RecordBatch, marks: bytes) -> pa.RecordBatch:
    """The rows of a batch whose mark is not 0, with it."""
    import pyarrow as pa
    from pyarrow import compute

    column = fixed_column(pa.uint8(), marks)
    places = compute.indices_nonzero(column)
    return batch.take(places).append_column("mark", column.take(places))


def _bytes(column: pa.Array) -> bytes:
    """Return the values of a column of fixed width and without nulls."""
    width = column.type.bit_width // 8
    start = column.offset * width
    values: bytes = column.buffers()[1].slice(start, len(column) * width).to_pybytes()
    return values
