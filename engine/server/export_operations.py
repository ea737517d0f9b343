"""StartFHIRExportJob, DescribeFHIRExportJob, ListFHIRExportJobs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from sqlite3 import Connection
from typing import Any, Final

from ..jobs import (
    Database,
    Datastore,
    DatastoreStatus,
    DatastoreStore,
    ExportJob,
    ExportStore,
    UnknownDatastoreError,
    UnknownJobError,
)
from .constraints import allowed_text
from .creation import create_once
from .errors import not_found, validation
from .model import service
from .paging import PAGE_SIZE, next_token, position

__all__ = ["ExportOperations"]

_MARK: Final = "-FHIR_EXPORT-"
"""Stands between the ids of the data store and of the job, as an import's folder has its own."""


class ExportOperations:
    """Export jobs over the wire: requests in, store entries out.

    submitted   tells the runner of a new one
    tried       raises the API's exception where an output cannot be written to
    """

    def __init__(
        self,
        database: Database,
        exports: ExportStore,
        datastores: DatastoreStore,
        submitted: Callable[[], None],
        tried: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._database, self._exports, self._datastores = database, exports, datastores
        self._submitted, self._tried = submitted, tried

    def start(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Submit a job, SUBMITTED; with a ClientToken seen before, return the earlier one in the
        state that it has by now.
        """
        store = self._datastore(request["DatastoreId"])
        if store.status() is not DatastoreStatus.ACTIVE:
            raise validation(
                f"Data store {store.id} is {store.status()}: an export needs one that is ACTIVE"
            )
        self._tried(request["OutputDataConfig"]["S3Configuration"])
        job_id = create_once(self._database, "StartFHIRExportJob", request, self._add, {})
        status = self._exports.job(job_id).status
        self._submitted()
        return {"JobId": job_id, "JobStatus": str(status), "DatastoreId": store.id}

    def _add(self, request: Mapping[str, Any], connection: Connection) -> str:
        job_id, store = uuid.uuid4().hex, request["DatastoreId"]
        output = request["OutputDataConfig"]["S3Configuration"]
        job = ExportJob(
            id=job_id,
            datastore_id=store,
            output_uri=f"{output['S3Uri'].rstrip('/')}/{store}{_MARK}{job_id}/",
            kms_key_id=output["KmsKeyId"],
            role_arn=request["DataAccessRoleArn"],
            submit_time=time.time(),
            name=request.get("JobName"),
        )
        self._exports.add(job, connection)
        return job_id

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return one job of one data store."""
        store = self._datastore(request["DatastoreId"])
        try:
            job = self._exports.job(request["JobId"])
        except UnknownJobError:
            job = None
        if job is None or job.datastore_id != store.id:
            raise not_found(f"Data store {store.id} has no export job {request['JobId']}")
        return {"ExportJobProperties": _properties(job)}

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the jobs of one data store that meet every filter given, newest first."""
        store = self._datastore(request["DatastoreId"])
        jobs, before = self._exports.page(
            datastore_id=store.id,
            name=request.get("JobName"),
            status=request.get("JobStatus"),
            submitted_before=request.get("SubmittedBefore"),
            submitted_after=request.get("SubmittedAfter"),
            before=position("ListFHIRExportJobs", request),
            limit=request.get("MaxResults", PAGE_SIZE),
        )
        answer: dict[str, Any] = {"ExportJobPropertiesList": [_properties(job) for job in jobs]}
        if before is not None:
            answer["NextToken"] = next_token("ListFHIRExportJobs", request, before)
        return answer

    def _datastore(self, datastore_id: str) -> Datastore:
        try:
            return self._datastores.datastore(datastore_id)
        except UnknownDatastoreError:
            raise not_found(f"There is no data store {datastore_id}") from None


def _properties(job: ExportJob) -> dict[str, Any]:
    properties = job.properties()
    if "Message" in properties:
        properties["Message"] = allowed_text(service().shape_for("Message"), properties["Message"])
    return properties
