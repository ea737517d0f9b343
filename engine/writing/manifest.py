"""Manifest.json: sums of what came of each file, under HealthLake's names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bulkfhir.validators.light_dataclass import dataclass

from ..across.cause_rows import FindingPart, FindingPiece
from ..figures import FileFigures, megabytes
from ..job_folder import CAUSES
from ..reading.sources import InputFile
from ..shard import Break, ShardResult
from ..totals import Totals
from .outcomes import FAILURE, SUCCESS

__all__ = ["FileOutcome", "Manifest", "file_figures", "finding_parts", "outcomes_by_file"]


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What came of one input file. Its shards are in order; those after a break of the file do not
    count.

    bases   number of lines before each shard
    dropped shards after the break of a file: nothing of them counts
    """

    file: InputFile
    shards: tuple[ShardResult, ...]
    bases: tuple[int, ...]
    dropped: tuple[int, ...]

    @property
    def breaks(self) -> list[Break]:
        """Return why the file was not read to its end, or not all of it; empty where it was."""
        return [shard.broken for shard in self.shards if shard.broken]

    @property
    def status(self) -> int:
        """Return 200 for a file that was read to its end, 400 for one that is not readable, 500
        where the fault is the server's.
        """
        return max((broken.status for broken in self.breaks), default=200)

    @property
    def totals(self) -> Totals:
        """Return the counts over the file's shards that count."""
        if len(self.shards) == 1:
            return self.shards[0].totals
        return Totals.sum(shard.totals for shard in self.shards)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The figures of a published job; ``to_json`` has HealthLake's keys in HealthLake's order."""

    input_uri: str
    job_folder_uri: str
    encryption_key_id: str | None
    scanned_files: int
    imported_files: int
    files_read_with_success: int
    files_read_with_customer_error: int
    files_read_with_server_error: int
    scanned_bytes: int
    imported_bytes: int
    resources_scanned: int
    resources_imported: int
    resources_with_customer_error: int
    resources_with_server_error: int

    @classmethod
    def of(
        cls,
        input_uri: str,
        job_folder_uri: str,
        encryption_key_id: str | None,
        outcomes: Sequence[FileOutcome],
    ) -> Manifest:
        """Return the Manifest of a job whose files came out so."""
        totals = Totals.sum(outcome.totals for outcome in outcomes)
        files = file_figures(outcomes)
        return cls(
            input_uri=input_uri,
            job_folder_uri=job_folder_uri,
            encryption_key_id=encryption_key_id,
            scanned_files=files.scanned,
            imported_files=files.imported,
            files_read_with_success=files.read_with_success,
            files_read_with_customer_error=files.read_with_customer_error,
            files_read_with_server_error=files.read_with_server_error,
            scanned_bytes=files.scanned_bytes,
            imported_bytes=totals.imported_bytes,
            resources_scanned=totals.scanned,
            resources_imported=totals.imported,
            resources_with_customer_error=totals.customer_errors,
            resources_with_server_error=totals.server_errors,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the members of Manifest.json."""
        return {
            "inputDataConfig": {"s3Uri": self.input_uri},
            "outputDataConfig": {
                "s3Uri": self.job_folder_uri,
                "encryptionKeyID": self.encryption_key_id,
            },
            "successOutput": {"successOutputS3Uri": f"{self.job_folder_uri}{SUCCESS}/"},
            "failureOutput": {"failureOutputS3Uri": f"{self.job_folder_uri}{FAILURE}/"},
            "numberOfScannedFiles": self.scanned_files,
            "numberOfFilesImported": self.imported_files,
            "numberOfFilesReadWithSuccess": self.files_read_with_success,
            "numberOfFilesReadWithCustomerError": self.files_read_with_customer_error,
            "numberOfFilesReadWithServerError": self.files_read_with_server_error,
            "sizeOfScannedFilesInMB": megabytes(self.scanned_bytes),
            "sizeOfDataImportedSuccessfullyInMB": megabytes(self.imported_bytes),
            "numberOfResourcesScanned": self.resources_scanned,
            "numberOfResourcesImportedSuccessfully": self.resources_imported,
            "numberOfResourcesWithCustomerError": self.resources_with_customer_error,
            "numberOfResourcesWithServerError": self.resources_with_server_error,
        }

    def to_bytes(self) -> bytes:
        """Return Manifest.json."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False).encode() + b"\n"


def file_figures(outcomes: Iterable[FileOutcome]) -> FileFigures:
    """Return the counts over files that came out so."""
    return FileFigures.of(
        (outcome.file.size, outcome.status, outcome.totals.imported) for outcome in outcomes
    )


def outcomes_by_file(
    inputs: Sequence[InputFile], files: Sequence[int], results: Sequence[ShardResult]
) -> list[FileOutcome]:
    """Group results by the file they belong to. ``files[i]`` is the file of shard i, ``results[i]``
    its result.

    A customer error ends a file: how many lines lie before its later shards is not known any more.
    A server error does not; its lines were counted.
    """
    outcomes: list[FileOutcome] = []
    at = 0
    for number, file in enumerate(inputs):
        shards, bases, dropped = list[ShardResult](), list[int](), list[int]()
        base, ended = 0, False
        while at < len(files) and files[at] == number:
            result = results[at]
            at += 1
            if ended:
                dropped.append(result.index)
                continue
            shards.append(result)
            bases.append(base)
            base += result.lines
            ended = result.broken is not None and result.broken.status == 400
        outcomes.append(FileOutcome(file, tuple(shards), tuple(bases), tuple(dropped)))
    return outcomes


def finding_parts(
    results: Sequence[ShardResult], counted: Iterable[ShardResult]
) -> tuple[FindingPart, ...]:
    """Return which parts have findings, given the results of all shards in order, and of those that
    count.
    """
    numbers = {shard.index for shard in counted if shard.totals.rules}
    parts: dict[int, list[FindingPiece]] = {}
    for result in results:
        size = dict(result.pieces).get(CAUSES)
        if size:
            piece = FindingPiece(result.index, size, counts=result.index in numbers)
            parts.setdefault(result.part, []).append(piece)
    return tuple(FindingPart(number, tuple(pieces)) for number, pieces in parts.items())
