"""Readiness: everything that an import into HealthLake needs, looked at before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import ConfigurationError
from .aws_clients import AwsClients
from .bucket_requirements import bucket_requirements
from .data_requirements import data_requirements
from .key_requirements import key_requirements, key_use
from .requirement import Requirement, Unasked, asked, met, unknown, unmet
from .role_requirements import bucket_use, role_requirements
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
        region, client = clients.region, cache(partial(clients.make, attempts=3))
        if not region:
            raise ConfigurationError("no region is set: AWS_DEFAULT_REGION names the data store's")
        datastore_arn = None
        if self.datastore_id:
            datastore_arn, of_store = _datastore(client("healthlake"), self.datastore_id)
            yield of_store
        for bucket in dict.fromkeys(place.partition("/")[0] for place in (source, output)):
            yield from bucket_requirements(client("s3"), bucket, region)
        key_arn, found = key_requirements(client("kms"), self.encryption_key_id, region)
        yield from found
        role, found = role_requirements(client("iam"), self.role, datastore_arn)
        yield from found
        if role is not None:
            yield from bucket_use(client("s3"), source, output, role)
            if key_arn is not None:
                yield from key_use(client("kms"), key_arn, role)
        yield from data_requirements(f"s3://{source}/", self.level)


def _datastore(healthlake: Any, datastore_id: str) -> tuple[str | None, Requirement]:
    """Return the ARN of the data store, None where it is not known, and whether it can be used."""
    subject = f"data store {datastore_id}"
    try:
        with asked():
            found = healthlake.describe_fhir_datastore(DatastoreId=datastore_id)
    except Unasked as error:
        if error.code in ("ResourceNotFoundException", "ValidationException"):
            mend = "aws healthlake list-fhir-datastores shows them"
            return None, unmet(subject, str(error), mend)
        return None, unknown(subject, str(error), "needs healthlake:DescribeFHIRDatastore")
    properties = found["DatastoreProperties"]
    arn, status = properties["DatastoreArn"], properties["DatastoreStatus"]
    if status != "ACTIVE":
        return arn, unmet(subject, f"is {status}", "wait until it is ACTIVE, or name another")
    return arn, met(subject, "is ACTIVE")
