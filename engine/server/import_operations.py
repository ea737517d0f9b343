"""StartFHIRImportJob, DescribeFHIRImportJob, ListFHIRImportJobs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from sqlite3 import Connection
from typing import Any

from ..errors import AccessDenied, StorageError
from ..figures.job_figures import JobProgressReport
from ..job_terms.job_folder import job_folder_name
from ..jobs import (
    DatastoreStore,
    ImportJob,
    JobStore,
)
from .creation import create_once
from .errors import access_denied, validation
from .job_answers import (
    must_be_active,
    page_answer,
    page_asked,
    properties_of,
    started,
    the_job,
)

__all__ = ["ImportOperations"]


class ImportOperations:
    """Import jobs over the wire: requests in, store entries out.

    Running them is the runner's; ``submitted`` tells it of a new one. ``probe`` tries whether an
    output, given with its key, can be written to, and raises StorageError.
    """

    def __init__(
        self,
        jobs: JobStore,
        datastores: DatastoreStore,
        submitted: Callable[[], None],
        probe: Callable[[str, str], None],
    ) -> None:
        self._probe = probe
        self._jobs = jobs
        self._datastores = datastores
        self._submitted = submitted

    def start(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Submit a job, SUBMITTED; with a ClientToken seen before, return the earlier one in the
        state that it has by now. The file by which HealthLake tries its access is written first.
        """
        store = self._datastores.datastore(request["DatastoreId"])
        must_be_active(store, "an import")
        self.try_access(request["JobOutputDataConfig"]["S3Configuration"])
        database, defaults = self._jobs.database, {"ValidationLevel": "strict"}
        job_id = create_once(database, "StartFHIRImportJob", request, self._add, defaults)
        status = self._jobs.job(job_id).status  # before the runner hears of it
        self._submitted()
        return started(job_id, status, store)

    def try_access(self, output: Mapping[str, Any]) -> None:
        """Raise the API's exception where the output cannot be written to."""
        try:
            self._probe(output["S3Uri"], output["KmsKeyId"])
        except AccessDenied as error:
            raise access_denied(str(error)) from None
        except StorageError as error:
            raise validation(str(error)) from None

    def _add(self, request: Mapping[str, Any], connection: Connection) -> str:
        job_id, datastore_id = uuid.uuid4().hex, request["DatastoreId"]
        output = request["JobOutputDataConfig"]["S3Configuration"]
        folder = output["S3Uri"] if output["S3Uri"].endswith("/") else output["S3Uri"] + "/"
        job = ImportJob(
            id=job_id,
            datastore_id=datastore_id,
            input_uri=request["InputDataConfig"]["S3Uri"],
            output_uri=f"{folder}{job_folder_name(datastore_id, job_id)}/",
            level=request["ValidationLevel"],
            submit_time=time.time(),
            name=request.get("JobName"),
            kms_key_id=output["KmsKeyId"],
            role_arn=request["DataAccessRoleArn"],
            progress=JobProgressReport().to_json(),
        )
        self._jobs.add(job, connection)
        return job_id

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return one job of one data store."""
        store = self._datastores.datastore(request["DatastoreId"])
        job = the_job(self._jobs.job, request["JobId"], store, "import")
        return {"ImportJobProperties": properties_of(job)}

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the jobs of one data store that meet every filter given, newest first."""
        store = self._datastores.datastore(request["DatastoreId"])
        page = self._jobs.page(**page_asked("ListFHIRImportJobs", request, store))
        found = [properties_of(job) for job in page.jobs]
        return page_answer(
            "ListFHIRImportJobs", request, "ImportJobPropertiesList", found, page.before
        )
