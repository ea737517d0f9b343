"""Figures: the numbers of a job, while it runs and when it has ended, as named records.

A figure of lines that is added to LineFigures is summed, shown while the job runs and kept in the
checkpoint by its name alone; all that is left to do is to count it in ``counting/tally.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from operator import add, attrgetter

from bulkfhir.validators.economy.light_dataclass import dataclass

__all__ = [
    "LINE_FIGURES",
    "FileFigures",
    "JobProgressReport",
    "LineFigures",
    "LiveFigures",
    "Moment",
    "megabytes",
]


@dataclass(frozen=True, slots=True)
class LineFigures:
    """Counts over any set of lines.

    scanned          resources read: imported + customer_errors + server_errors
    imported         accepted resources
    customer_errors  rejected resources
    server_errors    resources whose validation broke
    search_failures  imported ones that the minimal level recorded a warning for
    imported_bytes   bytes of the imported lines without their line ends
    """

    scanned: int = 0
    imported: int = 0
    customer_errors: int = 0
    server_errors: int = 0
    search_failures: int = 0
    imported_bytes: int = 0


LINE_FIGURES = tuple(item.name for item in fields(LineFigures))
"""Names of the figures, in their order."""


@dataclass(frozen=True, slots=True)
class LiveFigures(LineFigures):
    """Counts of a group of shards in the making; ``a + b`` adds them up.

    bytes_read  bytes of the files that are read, before any decompression
    """

    bytes_read: int = 0

    def __add__(self, other: LiveFigures) -> LiveFigures:
        return LiveFigures(*map(add, _figures_of(self), _figures_of(other)))


@dataclass(frozen=True, slots=True)
class Moment:
    """How many resources were read, and rejected or not judged of them, so many seconds after the
    run began.
    """

    seconds: float
    resources: int
    rejected: int


_figures_of = attrgetter(*(item.name for item in fields(LiveFigures)))


@dataclass(frozen=True, slots=True)
class FileFigures:
    """Counts over the input files of a job; ``scanned_bytes`` are bytes of objects, as listed."""

    scanned: int
    scanned_bytes: int
    imported: int
    read_with_success: int
    read_with_customer_error: int
    read_with_server_error: int

    @classmethod
    def of(cls, files: Iterable[tuple[int, int, int]]) -> FileFigures:
        """Count files, each given as (its bytes, its status so far, its imported resources).

        A status is 200 (nothing is wrong), 400 (not readable) or 500 (the server's fault).
        """
        scanned = scanned_bytes = with_imported = 0
        statuses = Counter[int]()
        for size, status, imported in files:
            scanned += 1
            scanned_bytes += size
            with_imported += imported > 0
            statuses[status] += 1
        return cls(
            scanned, scanned_bytes, with_imported, statuses[200], statuses[400], statuses[500]
        )


@dataclass(frozen=True, slots=True)
class JobProgressReport:
    """The eight figures of HealthLake's JobProgressReport.

    Sizes in 10^6 bytes; throughput in imported resources a second of wall time.
    """

    scanned_files: int = 0
    scanned_files_mb: float = 0.0
    imported_files: int = 0
    resources_scanned: int = 0
    resources_imported: int = 0
    resources_with_customer_error: int = 0
    files_read_with_customer_error: int = 0
    throughput: float = 0.0

    @classmethod
    def of(cls, lines: LineFigures, files: FileFigures, throughput: float) -> JobProgressReport:
        """Return the report on a job's lines and files."""
        return cls(
            scanned_files=files.scanned,
            scanned_files_mb=megabytes(files.scanned_bytes),
            imported_files=files.imported,
            resources_scanned=lines.scanned,
            resources_imported=lines.imported,
            resources_with_customer_error=lines.customer_errors,
            files_read_with_customer_error=files.read_with_customer_error,
            throughput=throughput,
        )

    def to_json(self) -> dict[str, int | float]:
        """Return the figures under their names in the API."""
        return {
            "TotalNumberOfScannedFiles": self.scanned_files,
            "TotalSizeOfScannedFilesInMB": self.scanned_files_mb,
            "TotalNumberOfImportedFiles": self.imported_files,
            "TotalNumberOfResourcesScanned": self.resources_scanned,
            "TotalNumberOfResourcesImported": self.resources_imported,
            "TotalNumberOfResourcesWithCustomerError": self.resources_with_customer_error,
            "TotalNumberOfFilesReadWithCustomerError": self.files_read_with_customer_error,
            "Throughput": self.throughput,
        }


def megabytes(size: int) -> float:
    """Return a size in bytes in 10^6 bytes, to the byte."""
    return round(size / 1e6, 6)
