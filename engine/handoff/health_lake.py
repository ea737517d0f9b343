"""HealthLake's side: an import job is begun, followed to its end, and its answer fetched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from ..errors import ConfigurationError, Unavailable
from ..job_terms.job_folder import MANIFEST
from ..storage import storage_for
from ..writing.outcomes import FAILURE
from .aws_clients import AwsClients
from .submission import Submission

__all__ = ["HealthLake"]

_ENDED: Final = frozenset(
    "COMPLETED COMPLETED_WITH_ERRORS FAILED CANCEL_COMPLETED CANCEL_FAILED".split()
)
_OURS: Final = frozenset(
    "ValidationException AccessDeniedException ResourceNotFoundException ConflictException "
    "UnrecognizedClientException InvalidSignatureException ExpiredTokenException".split()
)
"""Codes that asking again does not cure."""


class HealthLake:
    """AWS HealthLake, as boto3 finds it: credentials, region, and AWS_ENDPOINT_URL_HEALTHLAKE.

    Every method raises ConfigurationError where the service refuses, Unavailable where it does not
    answer.
    """

    def __init__(self) -> None:
        with _translated():
            self._client = AwsClients().make("healthlake", attempts=8)

    def refuse_absent(self, datastore_id: str) -> None:
        """Raise ConfigurationError where there is no such data store, or none that takes imports.
        Who may not ask is not refused.
        """
        try:
            with _translated():
                found = self._client.describe_fhir_datastore(DatastoreId=datastore_id)
        except ConfigurationError as error:
            if "AccessDenied" in str(error):
                return
            raise
        status = found["DatastoreProperties"]["DatastoreStatus"]
        if status != "ACTIVE":
            raise ConfigurationError(f"{datastore_id}: this data store is {status}, not ACTIVE")

    def start(self, submission: Submission) -> str:
        """Begin the import of what was sent and return its id. The token is the submission's id:
        beginning twice is beginning once.
        """
        output = {"S3Uri": submission.answer + "/", "KmsKeyId": submission.encryption_key_id}
        with _translated():
            begun = self._client.start_fhir_import_job(
                DatastoreId=submission.datastore_id,
                InputDataConfig={"S3Uri": submission.sent_to},
                JobOutputDataConfig={"S3Configuration": output},
                DataAccessRoleArn=submission.role,
                ValidationLevel=submission.level,
                ClientToken=submission.id,
            )
        return str(begun["JobId"])

    def follow(
        self,
        submission: Submission,
        seconds: float,
        on_answer: Callable[[Mapping[str, Any]], None],
    ) -> Mapping[str, Any]:
        """Return the ImportJobProperties of the submission's job once it has ended; ask every
        ``seconds``, and hand over each answer.
        """
        while True:
            with _translated():
                answer = self._client.describe_fhir_import_job(
                    DatastoreId=submission.datastore_id, JobId=submission.health_lake_id
                )["ImportJobProperties"]
            on_answer(answer)
            if answer["JobStatus"] in _ENDED:
                return dict(answer)
            time.sleep(seconds)

    @staticmethod
    def fetch(properties: Mapping[str, Any], folder: str) -> str:
        """Copy the Manifest and the FAILURE logs of a job into a folder here, and return the job's
        folder in it; the service's output stays where it is.
        """
        there = properties["JobOutputDataConfig"]["S3Configuration"]["S3Uri"].rstrip("/") + "/"
        here = f"{folder}/{there.rstrip('/').rpartition('/')[2]}"
        source, target = storage_for(there), storage_for(here)
        for found in source.list(there):
            relative = found.uri[len(there) :]
            if relative == MANIFEST or relative.startswith(f"{FAILURE}/"):
                target.put(target.join(here, relative), source.read(found.uri))
        return here


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        text = f"{said.get('Code')}: {said.get('Message')}"
        if said.get("Code") in _OURS:
            raise ConfigurationError(f"HealthLake refuses: {text}") from None
        raise Unavailable("HealthLake", text) from None
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(f"HealthLake cannot be asked: {error}") from None
