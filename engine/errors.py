"""Errors that the engine raises: a user's mistake or a store that says no.

Bad data is never an exception (see Issue).
"""

from __future__ import annotations

from bulkfhir.validators.errors import BulkfhirError

__all__ = [
    "AccessDenied",
    "Changed",
    "ConfigurationError",
    "EngineError",
    "Held",
    "Incomplete",
    "NotFound",
    "NothingToRead",
    "StorageError",
    "Unavailable",
]


class EngineError(BulkfhirError):
    """The root: its text is one sentence for the person who started the job."""


class ConfigurationError(EngineError):
    """An option or a combination of them that cannot work."""


class Incomplete(EngineError):
    """Others have not yet done their part."""


class NothingToRead(EngineError):
    """The source exists but holds no NDJSON."""


class StorageError(EngineError):
    """A file or an object could not be listed, read, written or deleted."""

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(uri, reason)
        self.uri = uri
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.uri}: {self.reason}"


class NotFound(StorageError):
    """There is nothing at this place."""


class AccessDenied(StorageError):
    """The user may not."""


class Changed(StorageError):
    """The object is no longer the one that was listed."""


class Held(StorageError):
    """Another process holds this place."""


class Unavailable(StorageError):
    """The store does not answer for now: it is throttled, down or out of reach.

    lapsed   credentials fetched anew may cure it
    """

    def __init__(self, uri: str, reason: str, *, lapsed: bool = False) -> None:
        super().__init__(uri, reason)
        self.lapsed = lapsed
