"""Relation store: what all resources of a job say of others, in a database on this machine's disk
that is gone when the checks are done.

parts of every shard, target's resources -> tables -> queries
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from ..columns.plain_relations import IDENTIFIER, NAMELESS, NOWHERE, REFERENCE, RESOURCE
from ..errors import ConfigurationError
from ..temporary import TemporaryFolder
from .relation_columns import COUNTED, REJECTED

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ACCEPTED", "RelationStore", "require_duckdb"]

_MEMORY: Final = "320MB"
"""Of DuckDB; what a query needs beyond lies on disk."""

_BATCH: Final = 50_000

ACCEPTED: Final = f"kind = {RESOURCE}"

_TABLES: Final = {
    "resource": (
        'kind, key, shard, line, "offset", path AS type, text AS id',
        f"kind IN ({RESOURCE}, {NAMELESS}, {REJECTED})",
    ),
    "reference": (
        'kind, key, shard, line, "offset", path, text',
        f"kind IN ({REFERENCE}, {NOWHERE})",
    ),
    "identifier": ("key, shard, line, path, text", f"kind = {IDENTIFIER}"),
    "counted": (f'kind - {COUNTED} AS kind, path, text, "count"', f"kind >= {COUNTED}"),
}
"""Table -> its columns, and the rows of a segment that are its."""
_EMPTY: Final = (
    "SELECT 0::UTINYINT AS kind, 0::DECIMAL(38, 0) AS key, 0::UINTEGER AS shard, "
    "0::UINTEGER AS line, 0::BIGINT AS \"offset\", '' AS path, '' AS text, 1::BIGINT AS \"count\""
)


def require_duckdb() -> None:
    """Raise ConfigurationError where DuckDB, which joins, is not installed."""
    try:
        import duckdb  # noqa: F401 only whether it is there
    except ImportError:
        raise ConfigurationError(
            "checks over the whole job are made by DuckDB, which is not installed: "
            "pip install 'bulkfhir[checks]'"
        ) from None


class RelationStore:
    """The tables, as a context manager.

    resource    every resource: kind, key, shard, line, offset, type, id
    reference   every reference that leads out of its line: kind, key, shard, line, offset, path,
                text
    identifier  every business identifier: key, shard, line, path, text
    counted     what is only counted: kind, path, text, count
    target      what lies outside the job and counts as present: key, type
    shard       the shards that count: their number, their file, how many lines of it lie before
    """

    def __init__(self, threads: int) -> None:
        """Prepare for queries in so many threads."""
        self._threads = threads

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
                    "preserve_insertion_order": False,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                },
            )
        except BaseException:
            self._folder.cleanup()
            raise
        for name, (columns, _) in _TABLES.items():
            self.run(f"CREATE TABLE {name} AS SELECT {columns} FROM ({_EMPTY}) LIMIT 0")
        self.run("CREATE TABLE target (key DECIMAL(38, 0), type VARCHAR)")
        self.run("CREATE TABLE shard (shard UINTEGER, file VARCHAR, base BIGINT)")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def add(self, segment: pa.Table) -> None:
        """Take a segment of a part: what it says of shards that count."""
        self._database.register("segment", segment)
        for name, (columns, kinds) in _TABLES.items():
            counts = "shard IN (SELECT shard FROM shard)"
            self.run(f"INSERT INTO {name} SELECT {columns} FROM segment WHERE {kinds} AND {counts}")
        self._database.unregister("segment")

    def add_targets(self, rows: pa.Table) -> None:
        """Take resources (key, type) that lie outside the job."""
        self._database.register("rows", rows)
        self.run("INSERT INTO target SELECT key, type FROM rows")
        self._database.unregister("rows")

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
