"""The import job's own rules, beside those of any validator."""

from __future__ import annotations

from bulkfhir.validators import Issue
from bulkfhir.validators.values.form_faults import RESOURCE_TYPE_NO_NAME
from bulkfhir.validators.verdicts.declaration import Declaration

__all__ = [
    "IMPORT_RULES",
    "bad_type",
    "missing_id",
    "too_large",
    "too_long",
    "unreadable",
]

ID_REQUIRED = Declaration(
    "id-required",
    "error",
    "required",
    "Missing required id field in resource json",
    "a resource that an import job stores has an id",
    unplaced=True,
)
LINE_LENGTH = Declaration(
    "line-length",
    "fatal",
    "too-long",
    "The line is longer than {limit} bytes and was not read",
    "a line has at most 256 MiB",
)
RESOURCE_SIZE = Declaration(
    "resource-size",
    "error",
    "too-long",
    "The Binary has {size} bytes; HealthLake's limit is {limit}",
    "a Binary is no larger than HealthLake's limit",
)
UNREADABLE_FILE = Declaration(
    "unreadable-file",
    "fatal",
    "processing",
    "{reason}",
    "a file can be read to its end",
)
_FILE_NOT_PROCESSED = UNREADABLE_FILE.also(UNREADABLE_FILE.template, code="exception")
_TYPE_NO_PATH = RESOURCE_TYPE_NO_NAME.also(
    RESOURCE_TYPE_NO_NAME.template, quotes=RESOURCE_TYPE_NO_NAME.quotes, code="value"
)

IMPORT_RULES = ID_REQUIRED, LINE_LENGTH, RESOURCE_SIZE, UNREADABLE_FILE


def missing_id(resource_type: str | None) -> Issue:
    """Return the issue for a resource without an id, which has no place to be put."""
    return Issue.of(ID_REQUIRED(), resource_type or "")


def bad_type(resource_type: str | None) -> Issue:
    """Return the issue for a type that no sink could store, whoever accepted it: the type becomes a
    part of paths.
    """
    return Issue.of(_TYPE_NO_PATH(name=str(resource_type)), severity="error")


def too_long(limit: int) -> Issue:
    """Return the issue for a line of more bytes than are read."""
    return Issue.of(LINE_LENGTH(limit=f"{limit:,}"))


def too_large(size: int, limit: int) -> Issue:
    """Return the issue for a Binary of more bytes than HealthLake takes."""
    return Issue.of(RESOURCE_SIZE(size=f"{size:,}", limit=f"{limit:,}"), "Binary")


def unreadable(reason: str, status: int) -> Issue:
    """Return the issue for a file that was not read to its end: by its own fault, or by ours where
    the status is 500.
    """
    rule = _FILE_NOT_PROCESSED if status == 500 else UNREADABLE_FILE
    return Issue.of(rule(reason=reason))
