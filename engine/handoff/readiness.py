"""Readiness: everything that an import into HealthLake needs, looked at before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from bulkfhir.validators.light_dataclass import dataclass

from ..errors import ConfigurationError
from .aws_clients import AwsClients
from .bucket_requirements import bucket_requirements
from .data_requirements import data_requirements
from .requirement import Requirement, Unasked, asked, met, unknown, unmet
from .role_requirements import key_requirements, role_requirements
from .sending import bucket_folder

__all__ = ["Readiness"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """An import that is to be looked at.

    source, output   ``s3://`` folders
    datastore_id     None: the data store is not looked at
    """

    source: str
    output: str
    role: str
    encryption_key_id: str
    level: str
    datastore_id: str | None = None

    def requirements(self) -> Iterator[Requirement]:
        """Yield what HealthLake needs, one after the other. Nothing is changed anywhere.

        Raises ConfigurationError for places that are not on S3, and where no region is set.
        """
        source, output = (
            bucket_folder(place).removeprefix("s3://") for place in (self.source, self.output)
        )
        clients = AwsClients()
        region, client = clients.region, partial(clients.make, attempts=3)
        if not region:
            raise ConfigurationError("no region is set: AWS_DEFAULT_REGION names the data store's")
        if self.datastore_id:
            yield _datastore(client("healthlake"), self.datastore_id)
        for bucket in dict.fromkeys(place.partition("/")[0] for place in (source, output)):
            yield from bucket_requirements(client("s3"), bucket, region)
        key_arn, found = key_requirements(client("kms"), self.encryption_key_id, region)
        yield from found
        yield from role_requirements(client("iam"), self.role, source, output, key_arn)
        yield from data_requirements(f"s3://{source}/", self.level)


def _datastore(healthlake: Any, datastore_id: str) -> Requirement:
    subject = f"data store {datastore_id}"
    try:
        with asked():
            found = healthlake.describe_fhir_datastore(DatastoreId=datastore_id)
    except Unasked as error:
        if error.code in ("ResourceNotFoundException", "ValidationException"):
            return unmet(subject, str(error), "aws healthlake list-fhir-datastores shows them")
        return unknown(subject, str(error), "needs healthlake:DescribeFHIRDatastore")
    status = found["DatastoreProperties"]["DatastoreStatus"]
    if status != "ACTIVE":
        return unmet(subject, f"is {status}", "wait until it is ACTIVE, or name another")
    return met(subject, "is ACTIVE")
