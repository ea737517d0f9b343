"""Orphans: files in the folders of tables that no version of a table needs: what a killed job, or
one that another came before, had written for its commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..errors import NotFound
from ..storage import StoredObject, storage_for
from .table_stores import open_store
from .table_wish import TableFormat, TableWish

__all__ = ["find_orphans", "remove_orphans"]

_OURS: Final[dict[TableFormat, tuple[str, ...]]] = {
    "iceberg": ("/metadata/", "/data/"),
    "delta": (".parquet",),
}
"""What the place of a table's file contains; nothing else is an orphan."""


def find_orphans(wish: TableWish, encryption_key_id: str | None = None) -> list[StoredObject]:
    """Return the files that no version of any table of the namespace needs, in order of their
    places. Those of a commit that is being made are among them.

    Raises EngineError.
    """
    tables = list(open_store(wish, encryption_key_id).tables())
    needed = set[str]().union(*(table.mentioned() for table in tables))
    folders = {table.folder for table in tables}
    if wish.location is not None:
        folders.add(f"{wish.location}/{wish.namespace}")
    found = {
        entry.uri: entry
        for folder in folders
        for entry in _listed(folder, encryption_key_id)
        if entry.uri not in needed
        and "/_delta_log/" not in entry.uri
        and any(mark in entry.uri.removeprefix(folder) for mark in _OURS[wish.form])
    }
    return [found[uri] for uri in sorted(found)]


def remove_orphans(orphans: Iterable[StoredObject], encryption_key_id: str | None = None) -> None:
    """Delete files. Only safe while no job commits to the tables. Raises StorageError."""
    for orphan in orphans:
        storage_for(orphan.uri, encryption_key_id).delete(orphan.uri)


def _listed(folder: str, key: str | None) -> list[StoredObject]:
    try:
        return list(storage_for(folder, key).list(folder + "/"))
    except NotFound:
        return []
