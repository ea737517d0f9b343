"""Manifest.json: sums of what came of each file, under HealthLake's names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..figures.job_figures import LineFigures, megabytes
from ..job_terms.job_status import JobStatus
from ..sharding.file_outcomes import FilesSum
from .outcomes import FAILURE, SUCCESS

__all__ = ["Manifest", "line_figures_of", "status_of"]


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
        sums: FilesSum,
    ) -> Manifest:
        """Return the Manifest of a job whose files came to these sums."""
        totals, files = sums.totals, sums.figures
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


def line_figures_of(figures: Mapping[str, Any]) -> LineFigures:
    """Return the counts of a published job's lines, by the members of its Manifest."""
    return LineFigures(
        scanned=figures.get("numberOfResourcesScanned", 0),
        imported=figures.get("numberOfResourcesImportedSuccessfully", 0),
        customer_errors=figures.get("numberOfResourcesWithCustomerError", 0),
        server_errors=figures.get("numberOfResourcesWithServerError", 0),
    )


def status_of(figures: Mapping[str, Any]) -> JobStatus:
    """Return how a published job ended, by the members of its Manifest."""
    pairs = (
        ("ResourcesScanned", "ResourcesImportedSuccessfully"),
        ("ScannedFiles", "FilesReadWithSuccess"),
    )
    clean = all(figures[f"numberOf{all_}"] == figures[f"numberOf{good}"] for all_, good in pairs)
    return JobStatus.COMPLETED if clean else JobStatus.COMPLETED_WITH_ERRORS
