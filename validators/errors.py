"""Errors before any data is read: configuration, packages, definitions.

Bad data never raises; it becomes an Issue.
"""

from __future__ import annotations

__all__ = ["BulkfhirError", "DefinitionError", "PackageError"]


class BulkfhirError(Exception):
    """Root of every error that a user of this package can cause and mend; its text is one sentence
    for a person.
    """


class PackageError(BulkfhirError):
    """The error of a FHIR package that cannot be found, is damaged, is hostile, or is made for
    another FHIR version.
    """


class DefinitionError(BulkfhirError):
    """The error of a definition that contradicts itself or its base; names the profile and the
    element.
    """

    def __init__(self, profile: str, element: str, message: str) -> None:
        super().__init__(f"{profile}, element '{element}': {message}")
        self.profile = profile
        self.element = element
