"""ImportJob: what is known of one import job, as the store keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..job_terms.job_status import JobStatus

__all__ = ["ImportJob", "Origin", "Sample"]

Origin = Literal["endpoint", "command", "array"]
"""Who runs the job: the endpoint's runner, the command (or program) that called the engine itself,
or an array scheduler's processes, on whatever machine.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """One import job.

    id             32 lowercase hexadecimal digits
    input_uri      as the caller named it
    output_uri     the job's own folder, ending in ``/``
    level          strict | structure-only | minimal
    times          seconds since the epoch, with a fraction
    progress       the figures of JobProgressReport under their names in the API
    done           share of the input's bytes that is read, 0 to 1
    findings       errors by rule with their first examples, for the job page
    attempt        how often the job was begun; a process of an earlier attempt can change nothing
                   any more
    process        identity of the process that runs it, where ``origin`` is "command"
    work_folder    where its work lies, unless that is in the job's own folder
    """

    id: str
    datastore_id: str
    input_uri: str
    output_uri: str
    level: str
    submit_time: float
    status: JobStatus = JobStatus.SUBMITTED
    name: str | None = None
    kms_key_id: str | None = None
    role_arn: str | None = None
    start_time: float | None = None
    end_time: float | None = None
    message: str | None = None
    progress: Mapping[str, float] = field(default_factory=dict)
    done: float = 0.0
    findings: tuple[Mapping[str, Any], ...] = ()
    origin: Origin = "endpoint"
    process: str | None = None
    attempt: int = 0
    work_folder: str | None = None

    def properties(self) -> dict[str, Any]:
        """Return ImportJobProperties of the HealthLake API: every member that applies, times as
        epoch seconds.
        """
        output: dict[str, Any] = {"S3Uri": self.output_uri}
        if self.kms_key_id:
            output["KmsKeyId"] = self.kms_key_id
        members: dict[str, Any] = {
            "JobId": self.id,
            "JobName": self.name,
            "JobStatus": str(self.status),
            "SubmitTime": self.submit_time,
            "EndTime": self.end_time,
            "DatastoreId": self.datastore_id,
            "InputDataConfig": {"S3Uri": self.input_uri},
            "JobOutputDataConfig": {"S3Configuration": output},
            "JobProgressReport": dict(self.progress) or None,
            "DataAccessRoleArn": self.role_arn,
            "Message": self.message,
            "ValidationLevel": self.level,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a job stood at one moment: what the job page draws over time."""

    at: float
    scanned: int
    imported: int
    failed: int
