"""Iceberg: tables by pyiceberg, in a catalogue of SQLite or of pyiceberg's own settings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg import exceptions
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from ..errors import ConfigurationError, EngineError
from ..storage import normal
from .iceberg_files import KEY, StorageFiles
from .interface import JOB, Conflict, mismatch, named_by
from .table_wish import TableWish

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["IcebergStore"]

_CATALOGUE: Final = "bulkfhir"
"""Name of the catalogue in SQLite's file."""

_TYPE: Final = "bulkfhir.resource-type"
"""Property of a table: the type of its resources."""

_METRICS: Final = {
    "write.metadata.metrics.default": "none",
    "write.metadata.metrics.column.id": "truncate(64)",
    "write.metadata.metrics.column.last_updated": "full",
    "write.metadata.metrics.column.line_offset": "full",
}
"""The columns of which a part has statistics; pyiceberg warns of each other one."""

_PATIENCE: Final = 60
"""Seconds that SQLite waits for another process's lock."""

_TRIES: Final = 20
"""Processes that make the same file of SQLite at once disturb one another."""

_ONCE: Final = {"commit.retry.num-retries": "0"}
"""pyiceberg tries a commit again without looking at the rows of the one that came first."""

_FAILURES: Final = (
    *(
        found
        for found in vars(exceptions).values()
        if isinstance(found, type) and issubclass(found, Exception)
    ),
    SQLAlchemyError,
    BotoCoreError,
    ClientError,
    OSError,
    ValueError,
)
"""What pyiceberg raises has no root of its own."""


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (exceptions.CommitFailedException, exceptions.ValidationException) as error:
        raise Conflict(str(error)) from error
    except _FAILURES as error:
        reason = " ".join(str(error).split())
        raise EngineError(f"the Iceberg table {name}: {type(error).__name__}: {reason}") from error


class IcebergStore:
    """The tables of a namespace of a catalogue.

    encryption_key_id   of all that is written to S3
    """

    def __init__(self, wish: TableWish, encryption_key_id: str | None = None) -> None:
        self._wish = wish
        own = {
            "py-io-impl": f"{StorageFiles.__module__}.{StorageFiles.__name__}",
            KEY: encryption_key_id or "",
        }
        with _translated(wish.namespace):
            self._catalog = _catalogue(wish, own)

    def open(self, name: str) -> IcebergTable | None:
        """Return the newest version of a table; None where there is none."""
        full = f"{self._wish.namespace}.{name}"
        with _translated(full):
            try:
                return IcebergTable(self._catalog.load_table(full), full)
            except (exceptions.NoSuchTableError, exceptions.NoSuchNamespaceError):
                return None

    def create(self, name: str, resource_type: str, columns: pa.Schema) -> IcebergTable:
        """Return the newest version of a table, which is made where there is none."""
        if found := self.open(name):
            return found
        full, location = f"{self._wish.namespace}.{name}", self._wish.location
        with _translated(full):
            self._catalog.create_namespace_if_not_exists(self._wish.namespace)
            try:
                self._catalog.create_table(
                    full,
                    columns,
                    location=location and f"{location}/{self._wish.namespace}/{name}",
                    properties={_TYPE: resource_type, **_METRICS},
                )
            except exceptions.TableAlreadyExistsError:
                pass  # another job has made it meanwhile
            return IcebergTable(self._catalog.load_table(full), full)

    def tables(self) -> Iterator[IcebergTable]:
        """Yield the newest version of every table of the namespace."""
        with _translated(self._wish.namespace):
            try:
                names = self._catalog.list_tables(self._wish.namespace)
            except exceptions.NoSuchNamespaceError:
                return
        for name in sorted(names):
            if found := self.open(name[-1]):
                yield found


def _catalogue(wish: TableWish, own: dict[str, str]) -> Catalog:
    if wish.catalog is not None:
        return load_catalog(wish.catalog, **own)
    if wish.sqlite is None:
        raise ConfigurationError("no catalogue of Iceberg tables is named")
    Path(wish.sqlite).parent.mkdir(parents=True, exist_ok=True)
    uri = URL.create("sqlite", database=wish.sqlite, query={"timeout": str(_PATIENCE)})
    chosen = {"type": "sql", "uri": uri.render_as_string(hide_password=False)}
    for left in reversed(range(_TRIES)):
        try:
            return load_catalog(_CATALOGUE, **chosen, warehouse=wish.location or "", **own)
        except OperationalError:
            if not left:
                raise
            time.sleep(0.1)
    raise AssertionError


class IcebergTable:
    """One version of a table."""

    def __init__(self, table: Table, name: str) -> None:
        self._table, self.name = table, name

    @property
    def folder(self) -> str:
        """Return where the table's own files lie, in the storage's form."""
        return normal(self._table.location()).rstrip("/")

    @property
    def resource_type(self) -> str:
        """Return the type whose resources the table holds; empty where it does not say."""
        return self._table.properties.get(_TYPE, "")

    def has_job(self, job: str) -> bool:
        """Return whether a job, named by the URI of its folder, has committed to the table."""
        return any(
            snapshot.summary is not None and snapshot.summary.get(JOB) == job
            for snapshot in self._table.snapshots()
        )

    def files(self) -> Sequence[str]:
        """Return the data files of this version, in the storage's form.

        Raises ConfigurationError for a table that is partitioned, or has files of deleted rows.
        """
        if not self._table.spec().is_unpartitioned():
            raise ConfigurationError(f"the Iceberg table {self.name} is partitioned: not written")
        return sorted(self._data_files())

    def mismatch(self, columns: pa.Schema) -> str | None:
        """Return what hinders rows of these columns from being added, as the end of a sentence."""
        with _translated(self.name):
            there = self._table.schema().as_arrow()
            wanted = self._as_iceberg(columns).as_arrow()
        return mismatch(
            {field.name: _plain(field.type) for field in there},
            {field.name: _plain(field.type) for field in wanted},
            [field.name for field in there if not field.nullable],
        )

    def adopt(self, part: str) -> str | None:
        """Return None: the table has a job's part where it lies."""
        return None

    def replace(
        self, job: str, columns: pa.Schema, added: Sequence[str], removed: Sequence[str]
    ) -> None:
        """Commit: add some files and remove others, in one new snapshot. New columns are added.

        Raises Conflict where this is not the table's newest version any more.
        """
        # Here: half of what pyiceberg takes to import, which who only looks at tables does without.
        from pyiceberg.io.pyarrow import parquet_file_to_data_file

        table = self._table
        gone = self._data_files()
        table.metadata = table.metadata.model_copy(
            update={"properties": {**table.metadata.properties, **_ONCE}}
        )
        with _translated(self.name):
            transaction = table.transaction()
            self._add_columns(transaction, columns)
            # Parts have no ids of Iceberg's columns; readers find these by name.
            if table.metadata.name_mapping() is None or transaction.table_metadata.schema() != (
                table.schema()
            ):
                mapping = transaction.table_metadata.schema().name_mapping.model_dump_json()
                transaction.set_properties({"schema.name-mapping.default": mapping})
            metadata = transaction.table_metadata  # made anew whenever it is asked for
            snapshot = transaction.update_snapshot(named_by(job))
            with snapshot.overwrite() if removed else snapshot.fast_append() as producer:
                for uri in removed:
                    producer.delete_data_file(gone[uri])
                for uri in added:
                    producer.append_data_file(parquet_file_to_data_file(table.io, metadata, uri))
            transaction.commit_transaction()

    def mentioned(self) -> set[str]:
        """Return every file that any snapshot needs, and those of the metadata."""
        metadata, io = self._table.metadata, self._table.io
        found = {self._table.metadata_location}
        found |= {entry.metadata_file for entry in metadata.metadata_log}
        found |= {entry.statistics_path for entry in metadata.statistics}
        seen = set[str]()
        with _translated(self.name):
            for snapshot in metadata.snapshots:
                found.add(snapshot.manifest_list)
                for manifest in snapshot.manifests(io):
                    if manifest.manifest_path in seen:
                        continue
                    seen.add(manifest.manifest_path)
                    entries = manifest.fetch_manifest_entry(io, discard_deleted=False)
                    found |= {entry.data_file.file_path for entry in entries}
        return {normal(place) for place in found | seen}

    def _data_files(self) -> dict[str, Any]:
        with _translated(self.name):
            tasks = list(self._table.scan().plan_files())
        if any(task.delete_files for task in tasks):
            raise ConfigurationError(
                f"the Iceberg table {self.name} has rows that another program deleted by files of "
                "their own: rewrite its data files there first"
            )
        return {normal(task.file.file_path): task.file for task in tasks}

    def _add_columns(self, transaction: Any, columns: pa.Schema) -> None:
        there = {field.name for field in self._table.schema().fields}
        new = [field for field in self._as_iceberg(columns).fields if field.name not in there]
        if new:
            with transaction.update_schema() as update:
                for field in new:
                    update.add_column(field.name, field.field_type, required=False)

    def _as_iceberg(self, columns: pa.Schema) -> Schema:
        return Catalog._convert_schema_if_needed(columns)  # noqa: SLF001 the public ways make a table of it


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return a type without what Arrow has several of: long strings, names and nulls in lists."""
    import pyarrow as pa

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_large_string(kind):
        return pa.string()
    return pa.binary() if pa.types.is_large_binary(kind) else kind
