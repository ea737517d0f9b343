"""InputFile: one file or object to read."""

from __future__ import annotations

from bulkfhir.validators.economy.light_dataclass import dataclass

__all__ = ["InputFile"]


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file or object to read.

    name        as the user named it: ``data/Patient.ndjson``
    uri, size, etag   as listed
    log_name    relative path of its logs: below the source, without the ending of a compression
    compression ``gz``, ``zst``, ``bz2`` or ``xz`` by the name's ending, or None
    """

    name: str
    uri: str
    size: int
    etag: str
    log_name: str
    compression: str | None
