"""CreateFHIRDatastore, UpdateFHIRDatastore, RestoreFHIRDatastore, DescribeFHIRDatastore,
ListFHIRDatastores, DeleteFHIRDatastore and the three tag operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any

from ..jobs import (
    Datastore,
    DatastoreStatus,
    DatastoreStore,
    ExportStore,
    JobStore,
    UnknownDatastoreError,
    default_package,
)
from .called_as import CALLED_AS, SIGNED_FOR
from .creation import create_once
from .errors import conflict, not_found, validation
from .paging import PAGE_SIZE, next_token, position

__all__ = ["DatastoreOperations"]

_UPDATED = frozenset(
    {
        "IdentityProviderConfiguration",
        "AnalyticsConfiguration",
        "NlpConfiguration",
        "ProfileConfiguration",
        "BackupConfiguration",
    }
)
"""Settings that may be changed later. All but the profiles are kept and answered, no more."""
_CHOSEN = _UPDATED | {"DatastoreTypeVersion", "SseConfiguration"}
_DEFAULTS: Mapping[str, Any] = {
    "SseConfiguration": {"KmsEncryptionConfig": {"CmkType": "AWS_OWNED_KMS_KEY"}}
}


class DatastoreOperations:
    """Data stores and their tags over the wire.

    region    of ARNs and endpoints where a request's signature names none; a data store is there
              in every region, and the client's stands in its ARN
    account   what stands in ARNs
    """

    def __init__(
        self, jobs: JobStore, datastores: DatastoreStore, region: str, account: str
    ) -> None:
        self._jobs, self._exports = jobs, ExportStore(jobs.database)
        self._datastores = datastores
        self._region = region
        self._account = account

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a data store, CREATING; with a ClientToken seen before, return the earlier one."""
        return self._created("CreateFHIRDatastore", request, _DEFAULTS)

    def restore(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a data store with the settings of another, deleted or not, but for those that the
        request states. No resources are kept here, so that there are none to bring back.
        """
        source = self._datastores.datastore(request["SourceDatastoreId"])
        return self._created("RestoreFHIRDatastore", request, source.settings)

    def _created(
        self, operation: str, request: Mapping[str, Any], defaults: Mapping[str, Any]
    ) -> dict[str, Any]:
        _profiles_named(request)
        database = self._datastores.database
        datastore_id = create_once(database, operation, request, self._add, defaults)
        store = self._datastores.datastore(datastore_id)
        return self._brief(store) | {"DatastoreStatus": str(DatastoreStatus.CREATING)}

    def _add(self, request: Mapping[str, Any], connection: Connection) -> str:
        settings = {name: request[name] for name in sorted(_CHOSEN) if name in request}
        store = self._datastores.create(
            name=request.get("DatastoreName"), settings=settings, connection=connection
        )
        self._datastores.tag(self._kept_by(store), _tags(request.get("Tags", ())), connection)
        return store.id

    def update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Change the name and the settings of a data store that is ACTIVE; imports that begin from
        now on follow them.
        """
        store = self._datastores.datastore(request["DatastoreId"])
        if store.status() is not DatastoreStatus.ACTIVE:
            raise conflict(f"Data store {store.id} is {store.status()}")
        _profiles_named(request)
        settings = {**store.settings} | {
            name: request[name] for name in sorted(_UPDATED) if name in request
        }
        name = request.get("DatastoreName", store.name)
        updated = self._datastores.update(store.id, name=name, settings=settings)
        return {"DatastoreProperties": self._properties(updated)}

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer DescribeFHIRDatastore: the properties of one data store."""
        return {
            "DatastoreProperties": self._properties(
                self._datastores.datastore(request["DatastoreId"])
            )
        }

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data stores that meet every filter given, newest first, deleted ones among
        them.
        """
        begin = position("ListFHIRDatastores", request) or 0
        limit = request.get("MaxResults", PAGE_SIZE)
        stores = [
            store for store in self._datastores.all() if _meets(store, request.get("Filter", {}))
        ]
        # The position counts from the oldest, so that data stores created meanwhile do not shift
        # the pages.
        if begin:
            stores = stores[-begin:]
        answer: dict[str, Any] = {
            "DatastorePropertiesList": [self._properties(store) for store in stores[:limit]]
        }
        if len(stores) > limit:
            answer["NextToken"] = next_token("ListFHIRDatastores", request, len(stores) - limit)
        return answer

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Set a data store DELETING. Raise ConflictException while an import waits or runs."""
        store = self._datastores.datastore(request["DatastoreId"])
        if store.status() is not DatastoreStatus.ACTIVE:
            raise conflict(f"Data store {store.id} is {store.status()}")
        if self._jobs.unfinished(store.id) or self._exports.unfinished(store.id):
            raise conflict(f"Data store {store.id} has a job that is not finished")
        return self._brief(self._datastores.delete(store.id)) | {
            "DatastoreStatus": str(DatastoreStatus.DELETING)
        }

    def tag(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer TagResource: add tags, or change them."""
        self._datastores.tag(self._tagged(request["ResourceARN"]), _tags(request["Tags"]))
        return {}

    def untag(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer UntagResource: take tags away."""
        self._datastores.untag(self._tagged(request["ResourceARN"]), request["TagKeys"])
        return {}

    def tags(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer ListTagsForResource."""
        tags = self._datastores.tags(self._tagged(request["ResourceARN"]))
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def arn(self, datastore_id: str) -> str:
        """Return the ARN of a data store, in the region of the request that is being answered."""
        return self._arn(datastore_id, SIGNED_FOR.get() or self._region)

    def _arn(self, datastore_id: str, region: str) -> str:
        partition = next(
            (
                name
                for prefix, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
                if region.startswith(prefix)
            ),
            "aws",
        )
        owner = f"{region}:{self._account}"
        return f"arn:{partition}:healthlake:{owner}:datastore/fhir/{datastore_id}"

    def _kept_by(self, store: Datastore) -> str:
        """Return the ARN by which the tags of a data store are kept, whichever the client's is."""
        return self._arn(store.id, self._region)

    def _tagged(self, arn: str) -> str:
        try:
            store = self._datastores.datastore(arn.rpartition("/")[2])
        except UnknownDatastoreError:
            store = None
        if store is None or self.arn(store.id) != arn or store.status() is DatastoreStatus.DELETED:
            raise not_found(f"There is no resource {arn}")
        return self._kept_by(store)

    def _brief(self, store: Datastore) -> dict[str, Any]:
        region = SIGNED_FOR.get() or self._region
        own = CALLED_AS.get() or f"https://healthlake.{region}.amazonaws.com"
        endpoint = f"{own}/datastore/{store.id}/r4/"
        return {
            "DatastoreId": store.id,
            "DatastoreArn": self.arn(store.id),
            "DatastoreStatus": str(store.status()),
            "DatastoreEndpoint": endpoint,
        }

    def _properties(self, store: Datastore) -> dict[str, Any]:
        properties = self._brief(store) | {"CreatedAt": store.created_at} | dict(store.settings)
        if store.name is not None:
            properties["DatastoreName"] = store.name
        if backup := properties.pop("BackupConfiguration", None):
            properties["BackupStatusInfo"] = {"Configuration": backup}
        return properties


def _profiles_named(request: Mapping[str, Any]) -> None:
    """Refuse default profiles that are named in another form than an import here understands."""
    for text in request.get("ProfileConfiguration", {}).get("DefaultProfiles", ()):
        if default_package(text) is None:
            raise validation(
                f"DefaultProfiles: {text} is not the name and version of a package, such as "
                "hl7.fhir.us.core#6.1.0"
            )


def _tags(tags: Any) -> dict[str, str]:
    keys = [tag["Key"] for tag in tags]
    for key in keys:
        if keys.count(key) > 1:
            raise validation(f"The tag key {key} is given twice")
    return {tag["Key"]: tag["Value"] for tag in tags}


def _meets(store: Datastore, wanted: Mapping[str, Any]) -> bool:
    return (
        wanted.get("DatastoreName") in (None, store.name)
        and wanted.get("DatastoreStatus") in (None, store.status())
        and store.created_at < wanted.get("CreatedBefore", float("inf"))
        and store.created_at > wanted.get("CreatedAfter", float("-inf"))
    )
