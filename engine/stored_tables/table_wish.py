"""TableWish: what ``--table`` and its options ask for, read once and refused where it cannot
work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Literal, Self, cast, get_args

from ..errors import ConfigurationError
from ..storage import S3_ROOT, is_remote, normal, storage_for

__all__ = ["CATALOGUE", "DELTA_LOG", "TABLES", "Mode", "TableFormat", "TableWish"]

TableFormat = Literal["iceberg", "delta"]
Mode = Literal["upsert", "append"]

TABLES: Final[tuple[TableFormat, ...]] = get_args(TableFormat)

CATALOGUE: Final = "catalog.db"
"""Name of SQLite's file in the location of Iceberg tables, where no other one is named."""
DELTA_LOG: Final = "_delta_log"
"""Folder of a Delta table's folder that its versions lie in."""

_OPTIONS: Final[Mapping[TableFormat, tuple[str, ...]]] = {
    "iceberg": ("mode", "location", "namespace", "prefix", "sqlite", "catalog"),
    "delta": ("mode", "location", "namespace", "prefix"),
}
_MODULES: Final[Mapping[TableFormat, tuple[str, ...]]] = {
    "iceberg": ("pyarrow", "duckdb", "pyiceberg", "sqlalchemy"),
    "delta": ("pyarrow", "duckdb", "deltalake"),
}
_WORD: Final = re.compile(r"[a-z0-9_]{0,64}")
"""What Athena and Glue take in a name, and every other catalogue too."""

_DEFAULT_FOLDER: Final = "tables"


@dataclass(frozen=True, slots=True)
class TableWish:
    """Which tables a job is written to.

    form       iceberg or delta
    mode       upsert: a later line of an id replaces an earlier one; append: all are kept, and a
               second table, ``<name>_current``, has the last of each
    location   folder below which the tables lie, in the storage's form; None: the catalogue decides
    namespace  of every table
    prefix     of the name of every table, which goes on with the type in small letters
    sqlite     file of Iceberg's catalogue on this machine; None where it is another one
    catalog    name of a catalogue in pyiceberg's own settings; None: the file
    """

    form: TableFormat
    mode: Mode = "upsert"
    location: str | None = None
    namespace: str = "fhir"
    prefix: str = ""
    sqlite: str | None = None
    catalog: str | None = None

    @classmethod
    def of(cls, form: str, options: Mapping[str, str], output: str | None = None) -> Self:
        """Read the options of a table, given by name.

        output   the folder that holds the job's, by which ``location`` has its default

        Raises ConfigurationError for an option or a value that there is not, for a library that is
        not installed, and for what no library can write.
        """
        if form not in TABLES:
            raise ConfigurationError(f"{form}: tables are {' or '.join(TABLES)}")
        _check_options(form, options)
        _check_installed(form)
        location = options.get("location")
        catalog = options.get("catalog")
        if location is None and output is not None and catalog is None:
            location = storage_for(output).join(output, _DEFAULT_FOLDER)
        place = None if location is None else normal(location).rstrip("/")
        sqlite = None if catalog else _sqlite_file(form, options.get("sqlite"), place)
        if form == "delta" and place and is_remote(place):
            _refuse_folder_for_s3()
        return cls(
            form,
            cast("Mode", options.get("mode", "upsert")),
            place,
            options.get("namespace", "fhir"),
            options.get("prefix", ""),
            sqlite,
            catalog,
        )

    def name_of(self, resource_type: str) -> str:
        """Return the name of the table of a resource type, without its namespace."""
        return self.prefix + resource_type.lower()


def _check_options(form: TableFormat, options: Mapping[str, str]) -> None:
    known = _OPTIONS[form]
    for name, value in options.items():
        if name not in known:
            raise ConfigurationError(
                f"{name}: {form} tables have no such option; they have {', '.join(known)}"
            )
        if name == "mode" and value not in get_args(Mode):
            raise ConfigurationError(f"{value}: the mode of a table is upsert or append")
        if name in ("namespace", "prefix") and not _WORD.fullmatch(value):
            raise ConfigurationError(
                f"{value}: the {name} of tables is made of up to 64 of a to z, 0 to 9 and _"
            )
    if options.get("namespace") == "":
        raise ConfigurationError("the namespace of tables needs a name")
    if "catalog" in options and "sqlite" in options:
        raise ConfigurationError("catalog and sqlite both say where the catalogue is: give one")


def _check_installed(form: TableFormat) -> None:
    for module in _MODULES[form]:
        if find_spec(module) is None:
            raise ConfigurationError(
                f"{form} tables are written by {module}, which is not installed: "
                f"pip install 'bulkfhir[{form}]'"
            )


def _sqlite_file(form: TableFormat, given: str | None, location: str | None) -> str | None:
    """Return the file of the catalogue, which SQLite can only have on this machine."""
    if form != "iceberg":
        return None
    if given is not None:
        place = normal(given)
        if is_remote(place):
            raise ConfigurationError(f"{given}: SQLite's file lies on this machine")
        return place
    if location is None:
        return None
    if is_remote(location):
        raise ConfigurationError(
            "a catalogue of Iceberg tables on S3 is named by --table-opt sqlite=FILE, a file of "
            "this machine, or by --table-opt catalog=NAME, one of pyiceberg's settings"
        )
    return f"{location}/{CATALOGUE}"


def _refuse_folder_for_s3() -> None:
    import os

    if os.environ.get(S3_ROOT):
        raise ConfigurationError(f"Delta tables cannot be written where {S3_ROOT} stands for S3")
