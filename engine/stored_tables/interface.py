"""StoredTable: what the two formats have in common: files of rows, changed by one commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from ..job_terms.job_folder import JOB_FOLDER_MARK

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["JOB", "Conflict", "StoredTable", "TableStore", "mismatch", "named_by"]

JOB: Final = "bulkfhir.job"
"""Property of a version: the URI of the folder of the job that made it."""


def named_by(job: str) -> dict[str, str]:
    """Return the properties of a version that a job makes, given the URI of its folder."""
    return {JOB: job, "bulkfhir.job-id": job.rpartition(JOB_FOLDER_MARK)[2]}


def mismatch(
    there: Mapping[str, object], wanted: Mapping[str, object], required: Iterable[str]
) -> str | None:
    """Return what hinders rows from being added to a table, as the end of a sentence.

    there, wanted  name -> type of the table's columns, and of the rows'; as texts, types are for
                   people to read
    required       names of the table's columns that every row must fill
    """
    for name, kind in wanted.items():
        if name in there and there[name] != kind:
            return f"column {name} is {there[name]} there, and {kind} in what is imported"
    for name in required:
        if name not in wanted:
            return f"column {name}, which it requires, is not in what is imported"
    return None


class Conflict(Exception):
    """Another commit came first: nothing has changed, and the work is to be done anew."""


class StoredTable(Protocol):
    """One version of a table. Every method raises EngineError, and nothing else but Conflict."""

    @property
    def name(self) -> str:
        """Return the table's name with its namespace."""
        ...

    @property
    def folder(self) -> str:
        """Return where the table's own files lie, in the storage's form."""
        ...

    @property
    def resource_type(self) -> str:
        """Return the type whose resources the table holds; empty where it does not say."""
        ...

    def has_job(self, job: str) -> bool:
        """Return whether a job, named by the URI of its folder, has committed to the table."""
        ...

    def files(self) -> Sequence[str]:
        """Return the data files of this version, in the storage's form.

        Raises ConfigurationError for a table of which files alone do not say what it holds.
        """
        ...

    def mismatch(self, columns: pa.Schema) -> str | None:
        """Return what hinders rows of these columns from being added, as the end of a sentence."""
        ...

    def adopt(self, part: str) -> str | None:
        """Make a part of a job a file that the table may have, and return its place where that is
        another one; None where the table can have the part itself.
        """
        ...

    def replace(
        self, job: str, columns: pa.Schema, added: Sequence[str], removed: Sequence[str]
    ) -> None:
        """Commit: add some files and remove others, in one new version. New columns are added.

        Raises Conflict where this is not the table's newest version any more.
        """
        ...

    def mentioned(self) -> set[str]:
        """Return every file that any version of the table needs, in the storage's form."""
        ...


class TableStore(Protocol):
    """Where the tables of a wish are found by name."""

    def open(self, name: str) -> StoredTable | None:
        """Return the newest version of a table; None where there is none."""
        ...

    def create(self, name: str, resource_type: str, columns: pa.Schema) -> StoredTable:
        """Return the newest version of a table, which is made where there is none."""
        ...

    def tables(self) -> Iterator[StoredTable]:
        """Yield the newest version of every table of the namespace."""
        ...
