"""StartFHIRExportJob, DescribeFHIRExportJob, ListFHIRExportJobs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from sqlite3 import Connection
from typing import Any, Final

from ..jobs import (
    Database,
    DatastoreStore,
    ExportJob,
    ExportStore,
)
from .creation import create_once
from .job_answers import (
    must_be_active,
    page_answer,
    page_asked,
    properties_of,
    started,
    the_job,
)

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
        store = self._datastores.datastore(request["DatastoreId"])
        must_be_active(store, "an export")
        self._tried(request["OutputDataConfig"]["S3Configuration"])
        job_id = create_once(self._database, "StartFHIRExportJob", request, self._add, {})
        status = self._exports.job(job_id).status
        self._submitted()
        return started(job_id, status, store)

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
        store = self._datastores.datastore(request["DatastoreId"])
        job = the_job(self._exports.job, request["JobId"], store, "export")
        return {"ExportJobProperties": properties_of(job)}

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the jobs of one data store that meet every filter given, newest first."""
        store = self._datastores.datastore(request["DatastoreId"])
        jobs, before = self._exports.page(**page_asked("ListFHIRExportJobs", request, store))
        found = [properties_of(job) for job in jobs]
        return page_answer("ListFHIRExportJobs", request, "ExportJobPropertiesList", found, before)
