"""Delta: tables by deltalake, each a folder of its own, with its rows in files beside its log."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from ..errors import ConfigurationError, EngineError, NotFound
from ..storage import storage_for
from .delta_options import storage_options
from .interface import Conflict, mismatch, named_by
from .kept_rows import copy_file, opened_parquet
from .table_wish import DELTA_LOG, TableWish

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DeltaStore"]


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except CommitFailedError as error:
        raise Conflict(str(error)) from error
    except (DeltaError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise EngineError(f"the Delta table {name}: {type(error).__name__}: {reason}") from error


class DeltaStore:
    """The tables of a folder.

    encryption_key_id   of all that is written to S3
    """

    def __init__(self, wish: TableWish, encryption_key_id: str | None = None) -> None:
        if wish.location is None:
            raise ConfigurationError("no folder of Delta tables is named: --table-opt location=…")
        self._wish, self._key = wish, encryption_key_id
        self._folder = f"{wish.location}/{wish.namespace}"
        self._options = storage_options(wish.location, encryption_key_id)

    def open(self, name: str) -> StoredDelta | None:
        """Return the newest version of a table; None where there is none."""
        full = f"{self._wish.namespace}.{name}"
        with _translated(full):
            try:
                table = DeltaTable(f"{self._folder}/{name}", storage_options=self._options)
            except TableNotFoundError:
                return None
        return StoredDelta(table, full, f"{self._folder}/{name}", self._key)

    def create(self, name: str, resource_type: str, columns: pa.Schema) -> StoredDelta:
        """Return the newest version of a table, which is made where there is none."""
        if found := self.open(name):
            return found
        full, place = f"{self._wish.namespace}.{name}", f"{self._folder}/{name}"
        with _translated(full):
            try:
                DeltaTable.create(
                    place, columns, mode="ignore", name=resource_type, storage_options=self._options
                )
            except CommitFailedError:
                pass  # another job has made it meanwhile
        made = self.open(name)
        if made is None:
            raise EngineError(f"the Delta table {full} was made, and is not there")
        return made

    def tables(self) -> Iterator[StoredDelta]:
        """Yield the newest version of every table of the namespace."""
        storage = storage_for(self._folder, self._key)
        try:
            listed = [entry.uri for entry in storage.list(self._folder + "/")]
        except NotFound:
            return
        below = (uri.removeprefix(f"{self._folder}/").split("/") for uri in listed)
        for name in sorted({parts[0] for parts in below if parts[1:2] == [DELTA_LOG]}):
            if found := self.open(name):
                yield found


class StoredDelta:
    """One version of a table."""

    def __init__(self, table: DeltaTable, name: str, folder: str, key: str | None) -> None:
        self._table, self.name, self.folder = table, name, folder
        self._storage = storage_for(folder, key)

    @property
    def resource_type(self) -> str:
        """Return the type whose resources the table holds; empty where it does not say."""
        return self._table.metadata().name or ""

    def has_job(self, job: str) -> bool:
        """Return whether a job, named by the URI of its folder, has committed to the table."""
        with _translated(self.name):
            return self._table.transaction_version(job) is not None

    def files(self) -> Sequence[str]:
        """Return the data files of this version, in the storage's form.

        Raises ConfigurationError for a table that is partitioned, or has vectors of deleted rows.
        """
        with _translated(self.name):
            if self._table.metadata().partition_columns:
                raise ConfigurationError(f"the Delta table {self.name} is partitioned: not written")
            if "deletionVectors" in (self._table.protocol().reader_features or ()):
                raise ConfigurationError(
                    f"the Delta table {self.name} has vectors of deleted rows: not written"
                )
            return sorted(self._present())

    def mismatch(self, columns: pa.Schema) -> str | None:
        """Return what hinders rows of these columns from being added, as the end of a sentence."""
        from deltalake import Schema

        there = self._table.schema().fields
        return mismatch(
            {field.name: _plain(field) for field in there},
            {field.name: _plain(field) for field in Schema.from_arrow(columns).fields},
            [field.name for field in there if not field.nullable],
        )

    def adopt(self, part: str) -> str | None:
        """Copy a job's part into the table's folder, since a Delta table has no file elsewhere;
        return its place.
        """
        place = f"{self.folder}/data/part-{uuid.uuid4().hex}.parquet"
        copy_file(self._storage, part, place)
        return place

    def replace(
        self, job: str, columns: pa.Schema, added: Sequence[str], removed: Sequence[str]
    ) -> None:
        """Commit: add some files and remove others, in one new version. New columns are added.

        Raises Conflict where this is not the table's newest version any more.
        """
        now = int(time.time() * 1000)
        present = self._present()
        actions: list[AddAction | RemoveAction] = [
            *(RemoveAction(present[uri], True, now) for uri in removed),
            *(self._action(uri, now) for uri in added),
        ]
        with _translated(self.name):
            self._add_columns(columns)
            self._table.create_write_transaction(
                actions,
                "append",
                self._table.schema(),
                commit_properties=CommitProperties(
                    custom_metadata=dict(named_by(job)),
                    max_commit_retries=0,
                    app_transactions=[Transaction(job, 1, now)],
                ),
            )

    def mentioned(self) -> set[str]:
        """Return every data file that the log names."""
        found = {*self._present()}
        for entry in self._storage.list(f"{self.folder}/{DELTA_LOG}/"):
            if entry.uri.endswith(".json"):
                for line in self._storage.read(entry.uri).splitlines():
                    action = json.loads(line)
                    for kind in ("add", "remove"):
                        if kind in action:
                            found.add(f"{self.folder}/{unquote(action[kind]['path'])}")
        return found

    def _present(self) -> dict[str, str]:
        """Return place -> path in the log of every data file."""
        import pyarrow as pa

        # pyarrow.table would import pandas where it is installed.
        paths = pa.chunked_array(self._table.get_add_actions()["path"]).to_pylist()
        return {f"{self.folder}/{unquote(path)}": path for path in paths}

    def _action(self, uri: str, now: int) -> AddAction:
        with opened_parquet(self._storage, uri) as file:
            rows = file.metadata.num_rows
        found = self._storage.stat(uri)
        size = found.size if found else 0
        path = quote(uri.removeprefix(f"{self.folder}/"))
        return AddAction(path, size, {}, now, True, json.dumps({"numRecords": rows}))

    def _add_columns(self, columns: pa.Schema) -> None:
        from deltalake import Field, Schema

        there = {field.name for field in self._table.schema().fields}
        new = [field for field in Schema.from_arrow(columns).fields if field.name not in there]
        if new:
            self._table.alter.add_columns(
                [Field(field.name, field.type, nullable=True) for field in new]
            )


def _plain(field: Any) -> str:
    """Return a type as text, without what may be null in a list."""
    kind = json.loads(field.type.to_json()) if hasattr(field.type, "to_json") else str(field.type)
    return _name(kind)


def _name(kind: Any) -> str:
    if isinstance(kind, dict) and kind.get("type") == "array":
        return f"array of {_name(kind['elementType'])}"
    return kind if isinstance(kind, str) else json.dumps(kind, sort_keys=True)
