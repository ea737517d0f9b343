"""Taken members: what each operation takes of what the service's model lets a client state. All
else is refused by name, so that no newer model's member is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from .errors import validation

__all__ = ["TAKEN", "refuse_others"]

_PAGE: Final = frozenset({"NextToken", "MaxResults"})
_JOBS: Final = _PAGE | {
    "DatastoreId",
    "JobName",
    "JobStatus",
    "SubmittedBefore",
    "SubmittedAfter",
}
_JOB: Final = frozenset({"DatastoreId", "JobId"})
_NEW_JOB: Final = frozenset({"DatastoreId", "JobName", "DataAccessRoleArn", "ClientToken"})
_SETTINGS: Final = frozenset(
    {
        "IdentityProviderConfiguration",
        "AnalyticsConfiguration",
        "NlpConfiguration",
        "ProfileConfiguration.DefaultProfiles",
    }
)
_NEW_STORE: Final = _SETTINGS | {"DatastoreName", "SseConfiguration", "ClientToken", "Tags"}

TAKEN: Final[Mapping[str, frozenset[str]]] = {
    "StartFHIRImportJob": _NEW_JOB
    | {
        "InputDataConfig.S3Uri",
        "JobOutputDataConfig.S3Configuration.S3Uri",
        "JobOutputDataConfig.S3Configuration.KmsKeyId",
        "ValidationLevel",
    },
    "DescribeFHIRImportJob": _JOB,
    "ListFHIRImportJobs": _JOBS,
    "StartFHIRExportJob": _NEW_JOB
    | {
        "OutputDataConfig.S3Configuration.S3Uri",
        "OutputDataConfig.S3Configuration.KmsKeyId",
    },
    "DescribeFHIRExportJob": _JOB,
    "ListFHIRExportJobs": _JOBS,
    "CreateFHIRDatastore": _NEW_STORE | {"DatastoreTypeVersion", "BackupConfiguration"},
    "UpdateFHIRDatastore": _SETTINGS | {"DatastoreId", "DatastoreName", "BackupConfiguration"},
    "RestoreFHIRDatastore": _NEW_STORE | {"SourceDatastoreId", "RestoreConfiguration"},
    "DescribeFHIRDatastore": frozenset({"DatastoreId"}),
    "ListFHIRDatastores": _PAGE
    | {
        "Filter.DatastoreName",
        "Filter.DatastoreStatus",
        "Filter.CreatedBefore",
        "Filter.CreatedAfter",
    },
    "DeleteFHIRDatastore": frozenset({"DatastoreId"}),
    "TagResource": frozenset({"ResourceARN", "Tags"}),
    "UntagResource": frozenset({"ResourceARN", "TagKeys"}),
    "ListTagsForResource": frozenset({"ResourceARN"}),
}
"""By operation, the paths of members that it takes, each with all that lies below it."""


def refuse_others(operation: str, request: Mapping[str, Any]) -> None:
    """Raise a ValidationException for a member of the request that the operation does not take."""
    _refuse(request, TAKEN[operation], "")


def _refuse(stated: Mapping[str, Any], taken: Collection[str], above: str) -> None:
    for name, value in stated.items():
        path = f"{above}{name}"
        if path in taken:
            continue
        if not any(one.startswith(f"{path}.") for one in taken):
            raise validation(f"{path} is not supported")
        _refuse(value, taken, f"{path}.")  # a structure, as the model has it
