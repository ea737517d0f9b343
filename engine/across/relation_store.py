"""Relation store: what all resources of a job say of others, in a database on this machine's disk
that is gone when the checks are done.

parts of every shard, target's resources -> files of rows -> queries
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from ..columns.buffers import fixed_column
from ..columns.plain_join import AGAIN
from ..columns.plain_relations import NOWHERE
from ..errors import ConfigurationError
from ..process.temporary import TemporaryFolder
from .relation_columns import CODE, COUNTED
from .relation_rows import REFERENCES, RESOURCES, ROWS, RelationRows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RelationStore", "require_duckdb"]

_MEMORY: Final = "160MB"
"""Of DuckDB; what a query needs beyond lies on disk."""

_THREADS: Final = 2
"""Of DuckDB at the most, since each wants memory of its own: with eight, 128 MB are too little for
five million references, whose findings take 122 MB with two.
"""

_AS_WRITTEN: Final = "join_order,build_side_probe_side,join_filter_pushdown"
"""Joins are made as they are written, the table that is held in memory behind the other: files of
Arrow do not say how many rows they have, and filter slower than DuckDB.
"""

_BATCH: Final = 50_000

_ROWS: Final = {
    "key": "DECIMAL(38, 0)",
    "path": "UINTEGER",
    "kind": "UTINYINT",
    "shard": "UINTEGER",
    "line": "UINTEGER",
    "offset": "BIGINT",
    "text": "VARCHAR",
}
"""Columns of a file of rows; a file without rows is an empty table of these."""
_CODES: Final = """
    INSERT INTO seen_code
    SELECT key, path, text, (shard::BIGINT << 32) + line, "offset", "count" FROM segment
"""
_NOWHERE: Final = f"CREATE VIEW nowhere_row AS FROM odd_row WHERE kind = {NOWHERE}"
_RESOURCE: Final = f"""
    CREATE VIEW resource AS
    SELECT kind, key, shard, line, "offset", name AS type, text AS id
    FROM (FROM resource_row UNION ALL FROM odd_row WHERE kind <> {NOWHERE}) JOIN path USING (path)
"""
_MARKED: Final = {
    REFERENCES: "SELECT * FROM found",
    RESOURCES: 'SELECT shard, line, "offset", path, mark, '
    f"CASE WHEN mark & {AGAIN} <> 0 THEN text END AS id FROM found",
}
"""What is kept of the rows that have a mark: of resources little, since they may be many."""


def require_duckdb() -> None:
    """Raise ConfigurationError where DuckDB, which joins, or pyarrow is not installed."""
    for module, name in (("duckdb", "DuckDB"), ("pyarrow", "pyarrow")):
        if find_spec(module) is None:
            raise ConfigurationError(
                f"checks over the whole job are made by {name}, which is not installed: "
                "pip install 'bulkfhir[checks]'"
            )


class RelationStore:
    """The tables, as a context manager. What was added can be asked for once the store is settled.

    resource_row    every resource that was accepted and has an id, as relation_rows.py has it
    odd_row         every other one, and every reference that leads nowhere by its form
    nowhere_row     these references
    identifier_row  every business identifier
    marked_resource_row, marked_reference_row  what a join marked
    path            the number of a path, or type, in those, and its name
    resource        every resource: kind, key, shard, line, offset, type, id
    seen_code       every undecided code, once a piece of a shard: key, value_set, text (system and
                    code), place (shard and line of the first, as one number), offset, count
    counted         what is only counted: kind, path (its name), text, count
    shard           the shards that count: their number, their file, how many lines of it lie before
    """

    def __init__(self, threads: int) -> None:
        """Prepare for queries in so many threads, or in fewer."""
        self._threads = min(threads, _THREADS)

    def __enter__(self) -> Self:
        import duckdb

        self._folder = TemporaryFolder()
        try:
            self._database = duckdb.connect(
                str(Path(self._folder.name) / "relations.duckdb"),
                config={
                    "memory_limit": _MEMORY,
                    "threads": self._threads,
                    "temp_directory": self._folder.name,
                    "preserve_insertion_order": False,  # else rows wait in memory for their turn
                    "disabled_optimizers": _AS_WRITTEN,
                    "autoinstall_known_extensions": False,  # a job fetches nothing
                    "autoload_known_extensions": False,
                },
            )
        except BaseException:
            self._folder.cleanup()
            raise
        self._rows = RelationRows(Path(self._folder.name))
        self.run('CREATE TABLE counted (kind UTINYINT, path VARCHAR, text VARCHAR, "count" BIGINT)')
        self.run(
            "CREATE TABLE seen_code (key DECIMAL(38, 0), value_set VARCHAR, text VARCHAR, "
            'place BIGINT, "offset" BIGINT, "count" BIGINT)'
        )
        self.run("CREATE TABLE shard (shard UINTEGER, file VARCHAR, base BIGINT)")
        return self

    def __exit__(self, *raised: object) -> None:
        self._rows.close()
        self._database.close()
        self._folder.cleanup()

    def add(self, segment: pa.Table) -> None:
        """Take a segment of a part: what it says of shards that count."""
        from pyarrow import compute

        counting = self._database.sql("SELECT shard FROM shard").to_arrow_table()["shard"]
        counts = compute.is_in(segment["shard"], value_set=counting.combine_chunks())
        if not compute.all(counts).as_py():
            segment = segment.filter(counts)
        only_counted = compute.greater_equal(segment["kind"], _byte(COUNTED))
        self._database.register("segment", segment.filter(only_counted))
        self.run(f'INSERT INTO counted SELECT kind - {COUNTED}, path, text, "count" FROM segment')
        self._database.unregister("segment")
        codes = segment.filter(compute.equal(segment["kind"], _byte(CODE)))
        if codes.num_rows:
            self._database.register("segment", codes)
            self.run(_CODES)
            self._database.unregister("segment")
        self._rows.add(segment)

    def add_targets(self, rows: pa.Table) -> None:
        """Take resources (key, type) that lie outside the job."""
        self._rows.add_targets(rows)

    def settle(self) -> None:
        """Make what was added ready for queries. Nothing can be added any more."""
        found = self._rows.files()
        columns = ", ".join(f'"{name}" {kind}' for name, kind in _ROWS.items())
        for name in ROWS:
            if name in found:
                self._database.register(name, found[name])
            else:
                self.run(f"CREATE TABLE {name} ({columns})")
        self._database.register("names", self._rows.names())
        self.run("CREATE TABLE path AS SELECT path, name FROM names")
        self._database.unregister("names")
        self.run(_NOWHERE)
        self.run(_RESOURCE)

    def paths(self, *names: str) -> list[tuple[int, int]]:
        """Return (path, how many rows of these names have it)."""
        return list(self._rows.paths(*names).items())

    def join(self, wrong: list[int], ignored: list[int]) -> None:
        """Look up every reference: see reference_join.py. Makes a table of the references, and one
        of the resources, that have a mark.
        """
        import pyarrow as pa

        self._rows.join(wrong, ignored)
        schema = self._rows.marked_schema()
        for name, query in _MARKED.items():
            found = pa.RecordBatchReader.from_batches(schema, self._rows.marked(name))
            self._database.register("found", found)
            self.run(f"CREATE TABLE marked_{name} AS {query}")
            self._database.unregister("found")

    def run(self, query: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement."""
        self._database.execute(query, parameters)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query, which are few."""
        return self._database.execute(query, parameters).fetchall()

    def add_rows(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, which are few."""
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self._database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    def spare_path(self, name: str) -> Path:
        """Return a place for a file that is gone with the store."""
        return Path(self._folder.name) / name

    def stream(self, query: str) -> pa.RecordBatchReader:
        """Return the rows of a query, a batch at a time."""
        reader: pa.RecordBatchReader = self._database.sql(query).to_arrow_reader(_BATCH)
        return reader


def _byte(value: int) -> pa.Scalar:
    """Return a number of eight bits, as columns of kinds have them."""
    import pyarrow as pa

    return fixed_column(pa.uint8(), bytes([value]))[0]
