"""RowChanges: which rows give way when new ones come: our own anti-join, by id, in bounded memory.

Of the new rows the last of an id stays. A row of the table gives way to it, unless both hold the
same JSON: then the new one does, and the table's file stays as it is.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Self

from ..columns.buffers import fixed_column
from ..errors import EngineError
from ..process.temporary import TemporaryFolder

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RowChanges"]

_MEMORY: Final = "320MB"
"""Of DuckDB; what a join needs beyond lies on disk."""

_AS_WRITTEN: Final = "join_order,build_side_probe_side,join_filter_pushdown"
"""The new rows are held for a join and the table's stream by: nothing says how many those are."""

_IN_BUCKET: Final = 2_000_000
"""New rows that are grouped by id at once."""

_IDS: Final = 50_000
_RESOURCES: Final = 2_000
"""Rows read at once: ids alone, and with their JSON."""

_ROW_BITS: Final = 40
"""A row's place is the number of its file and, in so many bits, its own in it."""

_TABLES: Final = """
    CREATE TABLE new_row (id VARCHAR, place BIGINT, hash UBIGINT);
    CREATE TABLE new_gone (place BIGINT);
    CREATE TABLE old_gone (place BIGINT);
    CREATE TABLE met (old BIGINT, new BIGINT);
    CREATE TABLE old_digest (place BIGINT, digest BLOB);
    CREATE TABLE new_digest (place BIGINT, digest BLOB);
"""
_EARLIER: Final = """
    INSERT INTO new_gone
    SELECT new_row.place FROM new_row JOIN (
        SELECT id, max(place) AS last FROM new_row WHERE hash % $count = $bucket
        GROUP BY id HAVING count(*) > 1
    ) AS again USING (id)
    WHERE hash % $count = $bucket AND place <> last
"""
_MET: Final = """
    INSERT INTO met
    SELECT old_row.place, lasting.place FROM old_row JOIN (
        SELECT id, place FROM new_row WHERE place NOT IN (SELECT place FROM new_gone)
    ) AS lasting USING (id)
"""
_UNCHANGED: Final = """
    CREATE TABLE unchanged AS
    SELECT old, new FROM met
    JOIN old_digest ON old_digest.place = old JOIN new_digest ON new_digest.place = new
    WHERE old_digest.digest = new_digest.digest
    AND new IN (SELECT new FROM met GROUP BY new HAVING count(*) = 1)
"""
_GONE: Final = """
    INSERT INTO new_gone SELECT new FROM unchanged;
    INSERT INTO old_gone SELECT DISTINCT old FROM met
    WHERE old NOT IN (SELECT old FROM unchanged);
"""


class RowChanges:
    """The rows that give way, as a context manager.

    old, new   Parquet files, as functions that open one: of the table, and of the job in the order
               of its lines
    tick       called between batches; what it raises ends the work
    """

    def __init__(
        self,
        old: Sequence[Callable[[], Any]],
        new: Sequence[Callable[[], Any]],
        tick: Callable[[], None],
        memory: str = _MEMORY,
    ) -> None:
        self._old, self._new, self._tick, self._memory = old, new, tick, memory
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        import duckdb

        self._folder = TemporaryFolder()
        try:
            self._database = duckdb.connect(
                ":memory:",
                config={
                    "memory_limit": self._memory,
                    "temp_directory": self._folder.name,
                    "preserve_insertion_order": False,  # else rows wait in memory for their turn
                    "disabled_optimizers": _AS_WRITTEN,
                    "autoinstall_known_extensions": False,  # a job fetches nothing
                    "autoload_known_extensions": False,
                },
            )
            self._database.execute(_TABLES)
            self._find()
        except duckdb.Error as error:
            self.__exit__()
            if self._failure is not None:
                raise self._failure from None
            raise EngineError(f"rows cannot be compared: {error}") from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        if hasattr(self, "_database"):
            self._database.close()
        self._folder.cleanup()

    def old_gone(self) -> dict[int, int]:
        """Return file of the table -> how many of its rows give way, where some do."""
        return self._counts("old_gone")

    def new_gone(self) -> dict[int, int]:
        """Return file of the job -> how many of its rows give way, where some do."""
        return self._counts("new_gone")

    def rows_of(self, name: str, file: int) -> array[int]:
        """Return the numbers of the rows of one file that give way, in order.

        name   old_gone or new_gone
        """
        return self._rows(name, "place", file)

    def _find(self) -> None:
        rows = 0
        for batch in self._ids(self._new):
            rows += batch.num_rows
            self._database.register("batch", batch)
            self._database.execute("INSERT INTO new_row SELECT id, place, hash(id) FROM batch")
            self._database.unregister("batch")
        count = rows // _IN_BUCKET + 1
        for bucket in range(count):
            self._tick()
            self._database.execute(_EARLIER, {"count": count, "bucket": bucket})
        if self._old and rows:
            self._meet()

    def _meet(self) -> None:
        """Compare the table's rows with those of the new ones that stay."""
        import pyarrow as pa

        kinds = pa.schema([("id", pa.string()), ("place", pa.int64())])
        stream = pa.RecordBatchReader.from_batches(kinds, self._caught(self._ids(self._old)))
        self._database.register("old_row", stream)
        self._database.execute(_MET)
        self._database.unregister("old_row")
        self._digest("old", self._old)
        self._digest("new", self._new)
        self._database.execute(_UNCHANGED)
        self._database.execute(_GONE)

    def _ids(self, files: Sequence[Callable[[], Any]]) -> Iterator[pa.RecordBatch]:
        """Yield (id, place) of every row of some files."""
        import pyarrow as pa

        for number, opened in enumerate(files):
            place = number << _ROW_BITS
            with opened() as file:
                for batch in file.iter_batches(batch_size=_IDS, columns=["id"]):
                    self._tick()
                    places = _places(range(place, place + batch.num_rows))
                    ids = batch.column(0).cast(pa.string())
                    yield pa.record_batch([ids, places], names=["id", "place"])
                    place += batch.num_rows

    def _caught(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield batches; keep what is raised, of which DuckDB passes on the text alone."""
        try:
            yield from batches
        except BaseException as error:
            self._failure = error
            raise

    def _digest(self, side: str, files: Sequence[Callable[[], Any]]) -> None:
        """Keep a digest of the JSON of every row that meets another one."""
        import pyarrow as pa

        for number, opened in enumerate(files):
            first = number << _ROW_BITS
            met = self._rows("met", side, number)
            if not met:
                continue
            with opened() as file:
                for places, texts in _chosen(file, met, self._tick):
                    found = b"".join(hashlib.sha256(text or b"").digest() for text in texts)
                    columns = [_places(places), fixed_column(pa.binary(32), found)]
                    batch = pa.record_batch(columns, names=["row", "digest"])
                    self._database.register("batch", batch)
                    self._database.execute(
                        f"INSERT INTO {side}_digest SELECT row + ?, digest FROM batch", [first]
                    )
                    self._database.unregister("batch")

    def _rows(self, name: str, column: str, file: int) -> array[int]:
        """Return the numbers of the rows of one file that a column of places has, in order."""
        first = file << _ROW_BITS
        found = self._database.sql(
            f"SELECT DISTINCT {column} - $1 AS row FROM {name} WHERE {column} BETWEEN $1 AND $2 "
            "ORDER BY 1",
            params=[first, first + (1 << _ROW_BITS) - 1],
        )
        return array("q", found.to_arrow_table()["row"].to_pylist())

    def _counts(self, name: str) -> dict[int, int]:
        rows = self._database.execute(
            f"SELECT place >> {_ROW_BITS}, count(*) FROM {name} GROUP BY 1"
        ).fetchall()
        return dict(rows)


def _places(places: Iterable[int]) -> pa.Array:
    import pyarrow as pa

    return fixed_column(pa.int64(), array("q", places))


def _chosen(
    file: Any, wanted: array[int], tick: Callable[[], None]
) -> Iterator[tuple[array[int], list[bytes | None]]]:
    """Yield (numbers, JSON) of rows of a file, given their numbers in order."""
    import pyarrow as pa

    if "json" not in file.schema_arrow.names:
        return
    first = 0
    for batch in file.iter_batches(batch_size=_RESOURCES, columns=["json"]):
        tick()
        end = first + batch.num_rows
        places = wanted[bisect_left(wanted, first) : bisect_left(wanted, end)]
        if places:
            inside = _places(place - first for place in places)
            yield places, batch.column(0).cast(pa.binary()).take(inside).to_pylist()
        first = end
