"""The work of a night: its export is imported, and too many rejected lines stop the pipeline.

airflow_dag.py and dagster_assets.py call it; copy one of them beside this file.
"""

from __future__ import annotations

from bulkfhir import JobResult, JobStatus, import_job

__all__ = ["RejectedError", "import_night"]


class RejectedError(RuntimeError):
    """More lines were rejected than whoever sends the data promised: to try again is no use."""


def import_night(
    night: str, exports: str, results: str, *, most_rejected: float = 0.01
) -> JobResult:
    """Import the export of a night, ``<exports>/<night>``, and return how its job ended.

    The job is called as the night is. A try that was killed is gone on with, and a night that is
    complete is refused by ConfigurationError: delete its folder to have it done again.

    most_rejected  the share of lines that may be rejected, from 0 to 1

    Raises RejectedError for more than that, RuntimeError where the job failed.
    """
    job = import_job(
        f"{exports}/{night}",
        results,
        level="structure-only",
        sink="parquet",
        job_id=night,
        resume=True,
    )
    if job.status is not JobStatus.COMPLETED and job.manifest is None:
        raise RuntimeError(job.message or job.status.value)
    totals = job.summary.totals
    rejected = totals.scanned - totals.imported
    if rejected > most_rejected * totals.scanned:
        raise RejectedError(f"{rejected:,} of {totals.scanned:,} lines rejected: {job.job_folder}")
    return job
