"""Table ids: the tables that lie at a place, for whoever reads ids from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..errors import ConfigurationError, NotFound
from ..storage import is_remote, normal, storage_for
from .interface import StoredTable
from .table_stores import open_store
from .table_wish import CATALOGUE, DELTA_LOG, TableWish

__all__ = ["opened_tables"]

_ICEBERG: Final = "iceberg:"
_LOG: Final = f"/{DELTA_LOG}/"


def opened_tables(place: str) -> list[StoredTable]:
    """Return the newest versions of the tables at a place; none where it is something else.

    place   the folder of tables, of one namespace or of one table; or
            ``iceberg:CATALOGUE[/NAMESPACE[/TABLE]]``, where CATALOGUE is a name in pyiceberg's
            settings or, with ``.db`` at its end, SQLite's file

    Raises EngineError for tables that cannot be read.
    """
    if place.startswith(_ICEBERG):
        return _in_catalogue(place)
    uri = normal(place).rstrip("/")
    found = [*_beside_catalogue(uri), *_with_log(uri)]
    for table in found:
        if not table.resource_type:
            raise ConfigurationError(f"{place}: {table.name} does not say whose type it holds")
    return found


def _in_catalogue(place: str) -> list[StoredTable]:
    text = place.removeprefix(_ICEBERG)
    file, mark, rest = text.partition(".db")
    if mark and rest[:1] in ("", "/"):
        options, below = {"sqlite": file + mark}, rest.strip("/")
    else:
        name, _, below = text.partition("/")
        options = {"catalog": name}
    namespace, _, table = below.partition("/")
    if namespace:
        options["namespace"] = namespace
    if "sqlite" in options and not Path(normal(options["sqlite"])).exists():
        raise ConfigurationError(f"{place}: there is no such file")
    tables = list(open_store(TableWish.of("iceberg", options)).tables())
    found = [one for one in tables if not table or one.name.partition(".")[2] == table]
    if not found:
        raise ConfigurationError(f"{place}: there is no such table")
    return found


def _beside_catalogue(uri: str) -> Iterator[StoredTable]:
    """Yield the Iceberg tables below a folder, or the one that it is, by the catalogue that lies
    where all of them do.
    """
    if is_remote(uri):
        return
    path = Path(uri)
    for above, pattern in enumerate(("*/*/metadata", "*/metadata", "metadata")):
        location = (path, *path.parents)[min(above, len(path.parents))]
        found = sorted(path.glob(pattern))
        if found and (location / CATALOGUE).is_file():
            for space in sorted({folder.parent.parent.name for folder in found}):
                options = {"sqlite": str(location / CATALOGUE), "namespace": space}
                for table in open_store(TableWish.of("iceberg", options)).tables():
                    if f"{table.folder}/".startswith(f"{uri}/"):
                        yield table
            return


def _with_log(uri: str) -> Iterator[StoredTable]:
    """Yield the Delta tables below a folder, or the one that it is."""
    try:
        listed = [entry.uri for entry in storage_for(uri).list(uri + "/") if _LOG in entry.uri]
    except NotFound:
        return
    for folder in sorted({entry.partition(_LOG)[0] for entry in listed}):
        location, space, name = folder.rsplit("/", 2)
        wish = TableWish.of("delta", {"location": location, "namespace": space})
        if table := open_store(wish).open(name):
            yield table
