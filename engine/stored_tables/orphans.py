"""Orphans: files in the folders of tables that no version of a table needs: what a killed job, or
one that another came before, had written for its commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..errors import ConfigurationError, NotFound
from ..storage import StoredObject, storage_for
from .table_stores import open_store
from .table_wish import DELTA_LOG, TableFormat, TableWish

__all__ = ["find_orphans", "remove_orphans"]

_OURS: Final[dict[TableFormat, tuple[str, ...]]] = {
    "iceberg": ("/metadata/", "/data/"),
    "delta": (".parquet",),
}
"""What the place of a table's file contains; nothing else is an orphan."""

_COMMITTED: Final = re.compile(rf"/{DELTA_LOG}/|/metadata/[^/]*\.avro$")
"""What the place of a file contains that a commit of either format has written."""


def find_orphans(wish: TableWish, encryption_key_id: str | None = None) -> list[StoredObject]:
    """Return the files that no version of any table of the namespace needs, in order of their
    places. Those of a commit that is being made are among them.

    Raises EngineError; ConfigurationError where the catalogue's file is not there, or a folder of
    the namespace has a table that the catalogue does not know: its files would look like orphans.
    """
    if wish.sqlite is not None and not Path(wish.sqlite).exists():
        raise ConfigurationError(
            f"{wish.sqlite}: there is no such catalogue: --table-opt sqlite=FILE or catalog=NAME "
            "names the one that the tables were written with"
        )
    tables = list(open_store(wish, encryption_key_id).tables())
    needed = set[str]().union(*(table.mentioned() for table in tables))
    folders = {table.folder for table in tables}
    if wish.location is not None:
        folders.add(f"{wish.location}/{wish.namespace}")
    listed = {folder: _listed(folder, encryption_key_id) for folder in folders}
    own = tuple(f"{table.folder}/" for table in tables)
    for folder, entries in listed.items():
        _refuse_unknown(folder, entries, own, wish.form)
    found = {
        entry.uri: entry
        for folder, entries in listed.items()
        for entry in entries
        if entry.uri not in needed
        and f"/{DELTA_LOG}/" not in entry.uri
        and any(mark in entry.uri.removeprefix(folder) for mark in _OURS[wish.form])
    }
    return [found[uri] for uri in sorted(found)]


def remove_orphans(orphans: Iterable[StoredObject], encryption_key_id: str | None = None) -> None:
    """Delete files. Only safe while no job commits to the tables. Raises StorageError."""
    for orphan in orphans:
        storage_for(orphan.uri, encryption_key_id).delete(orphan.uri)


def _refuse_unknown(
    folder: str, entries: Iterable[StoredObject], own: tuple[str, ...], form: TableFormat
) -> None:
    for entry in entries:
        if _COMMITTED.search(entry.uri.removeprefix(folder)) and not entry.uri.startswith(own):
            raise ConfigurationError(
                f"{entry.uri}: the file of a table that is no {form} table, or that this catalogue "
                "does not know: its files cannot be told from orphans"
            )


def _listed(folder: str, key: str | None) -> list[StoredObject]:
    try:
        return list(storage_for(folder, key).list(folder + "/"))
    except NotFound:
        return []
