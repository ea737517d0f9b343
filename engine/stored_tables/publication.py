"""Publication: a job's parts become one commit of each of its tables."""

from __future__ import annotations

import logging
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from ..errors import ConfigurationError, EngineError, NotFound
from ..job_terms.settings import Settings
from ..sinks.parquet_rows import schema
from ..sinks.part_files import RESOURCES
from ..storage import Storage, storage_for
from .interface import Conflict, StoredTable, TableStore
from .kept_rows import opened_parquet, write_kept
from .row_changes import RowChanges
from .table_stores import open_store
from .table_wish import TableWish

__all__ = ["check_tables", "publish_tables"]

_log = logging.getLogger("bulkfhir.engine")

_TRIES: Final = 50
"""Commits of others that one job gives way to before it gives up."""

_LONGEST_WAIT: Final = 2.0
"""Seconds between two tries."""

CURRENT: Final = "_current"
"""Ends the name of the table that has the last row of each id, in the mode append."""


def check_tables(settings: Settings) -> None:
    """Raise ConfigurationError where a new job could not commit: a table has a column of another
    type, or has rows of a job of this name, or was made in the other mode.
    """
    wish = _wish(settings)
    if wish is None:
        return
    if wish.sqlite is not None and not Path(wish.sqlite).exists():
        return
    job = _job_uri(settings)
    tables = {table.name.partition(".")[2]: table for table in _store(settings, wish).tables()}
    for name, table in tables.items():
        if not name.startswith(wish.prefix):
            continue
        made = "append" if name + CURRENT in tables else "upsert"
        if name == wish.name_of(table.resource_type) and made != wish.mode:
            raise ConfigurationError(
                f"the {wish.form} table {table.name} is kept by mode={made}: by mode={wish.mode} "
                f"{name}{CURRENT} would not have the last row of each id"
            )
        if reason := table.mismatch(schema()):
            raise ConfigurationError(f"the {wish.form} table {table.name}: {reason}")
        if table.has_job(job):
            raise ConfigurationError(
                f"the {wish.form} table {table.name} has this job already: choose another job id"
            )


def publish_tables(settings: Settings, tick: Callable[[], None]) -> None:
    """Commit the parts of a job, type by type. A table that has the job's commit stays as it is,
    so that this may be called any number of times.

    tick   called now and then; what it raises ends the work, and leaves every table whole

    Raises EngineError.
    """
    wish = _wish(settings)
    if wish is None:
        return
    store, key = _store(settings, wish), settings.choices.encryption_key_id
    storage = storage_for(settings.job_folder or "", key)
    for resource_type, parts in _parts(settings, storage).items():
        name = wish.name_of(resource_type)
        # The table comes last: another job, which looks at it, then finds the current one too.
        current = [(name + CURRENT, True)] if wish.mode == "append" else []
        for target, upsert in (*current, (name, wish.mode == "upsert")):
            commit = _Commit(store, target, resource_type, _job_uri(settings), key, tick)
            commit.run(parts, upsert=upsert)


def _wish(settings: Settings) -> TableWish | None:
    choices = settings.choices
    if choices.table is None or settings.job_folder is None:
        return None
    output = settings.job_folder.rpartition("/")[0]
    return TableWish.of(choices.table, dict(choices.table_options), output)


def _store(settings: Settings, wish: TableWish) -> TableStore:
    return open_store(wish, settings.choices.encryption_key_id)


def _job_uri(settings: Settings) -> str:
    folder = settings.job_folder or ""
    return storage_for(folder).public(folder)


def _parts(settings: Settings, storage: Storage) -> dict[str, list[str]]:
    """Return resource type -> the parts of it, in the order of the job's lines."""
    folder = storage.join(settings.job_folder or "", RESOURCES)
    found: dict[str, list[str]] = {}
    try:
        for entry in storage.list(folder + "/"):
            if entry.uri.endswith(".parquet"):
                found.setdefault(entry.uri.rsplit("/", 2)[-2], []).append(entry.uri)
    except NotFound:
        return {}
    return {name: sorted(parts, key=_order) for name, parts in sorted(found.items())}


def _order(part: str) -> list[int]:
    """Return the numbers in a part's name, which say its place among the others."""
    return [int(digits) for digits in re.findall(r"\d+", part.rpartition("/")[2])]


class _Commit:
    """One job's commit to one table, tried until no other one comes between."""

    def __init__(
        self,
        store: TableStore,
        name: str,
        resource_type: str,
        job: str,
        key: str | None,
        tick: Callable[[], None],
    ) -> None:
        self._store, self._name, self._type, self._job = store, name, resource_type, job
        self._key, self._tick = key, tick

    def run(self, parts: Sequence[str], *, upsert: bool) -> None:
        """Commit; do nothing where the table has the job's commit, or nothing would change."""
        storage = storage_for(parts[0], self._key)
        with opened_parquet(storage, parts[0]) as file:
            columns = file.schema_arrow
        for number in range(_TRIES):
            table = self._store.create(self._name, self._type, columns)
            if table.has_job(self._job):
                return
            if reason := table.mismatch(columns):
                raise EngineError(f"the table {table.name}: {reason}")
            written: list[str] = []
            try:
                added, removed = self._change(table, parts, written, upsert=upsert)
            except BaseException:
                self._forget(written)
                raise
            try:
                # What else it raises says nothing of how it ended: its files stay, and are orphans
                # at the worst.
                if added or removed:
                    table.replace(self._job, columns, added, removed)
                return
            except Conflict:
                self._forget(written)
                _log.info("%s: another commit came first; trying again", table.name)
                time.sleep(min(_LONGEST_WAIT, 0.05 * 2**number) * random.uniform(0.5, 1))  # noqa: S311  # no secret
        raise EngineError(f"the table {self._name}: {_TRIES} other commits came first")

    def _change(
        self, table: StoredTable, parts: Sequence[str], written: list[str], *, upsert: bool
    ) -> tuple[list[str], list[str]]:
        """Return the files to add and to remove. What is written for it is added to ``written``."""
        if not upsert:
            return [self._whole(table, part, written) for part in parts], []
        old = list(table.files())
        with RowChanges(self._opened(old), self._opened(parts), self._tick) as changes:
            added, removed = list[str](), list[str]()
            for number, part in enumerate(parts):
                added += self._kept(table, changes, "new_gone", number, part, written)
            for number in sorted(changes.old_gone()):
                removed.append(old[number])
                added += self._kept(table, changes, "old_gone", number, old[number], written)
        return added, removed

    def _opened(self, places: Sequence[str]) -> list[Callable[[], object]]:
        return [partial(opened_parquet, storage_for(place, self._key), place) for place in places]

    def _whole(self, table: StoredTable, part: str, written: list[str]) -> str:
        place = table.adopt(part)
        if place is None:
            return part
        written.append(place)
        return place

    def _kept(
        self,
        table: StoredTable,
        changes: RowChanges,
        side: str,
        number: int,
        source: str,
        written: list[str],
    ) -> Iterator[str]:
        """Yield the file that has the rows of ``source`` that stay; none where none does."""
        gone = changes.rows_of(side, number)
        storage = storage_for(source, self._key)
        with opened_parquet(storage, source) as file:
            rows = file.metadata.num_rows
        if len(gone) == rows:
            return
        if not len(gone):
            yield self._whole(table, source, written)
            return
        place = f"{table.folder}/data/kept-{uuid.uuid4().hex}.parquet"
        written.append(place)
        write_kept(storage, source, gone, place, self._tick)
        yield place

    def _forget(self, written: Sequence[str]) -> None:
        """Delete files that no version of the table has."""
        for place in written:
            storage_for(place, self._key).delete(place)
