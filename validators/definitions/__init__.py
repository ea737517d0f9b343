"""Definitions: what FHIR and its packages say, by canonical url.

R4 core package -> build -> r4.zst (ships in the wheel) -> core() -> Definitions <- packages
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pkgutil import get_data
from typing import Any, Protocol

from .archive import Archive

__all__ = ["CORE", "IMPOSE_PROFILE", "Definitions", "core", "type_url"]

CORE = "http://hl7.org/fhir/StructureDefinition/"
"""Where the canonical urls of FHIR's own types and extensions begin."""
IMPOSE_PROFILE = CORE + "structuredefinition-imposeProfile"
"""The extension of a profile that names another, which its instances must also hold to."""


class Definitions(Protocol):
    """Conformance resources by kind (StructureDefinition, ValueSet, CodeSystem, SearchParameter,
    Questionnaire) and canonical url.
    """

    def fetch(self, kind: str, url: str) -> dict[str, Any] | None:
        """Return the resource, trimmed; ``url|version`` asks for exactly that version.

        None where it is not known.
        """
        ...

    def versions(self, kind: str, url: str) -> frozenset[str]:
        """Return the versions at hand of the resource of a kind and canonical url; "" is the
        version of one that states none.
        """
        ...

    def urls(self, kind: str) -> Iterator[str]:
        """Return the canonical urls of all resources of a kind."""
        ...

    def all(self, kind: str) -> Iterator[dict[str, Any]]:
        """Yield every resource of a kind."""
        ...


@cache
def core() -> Archive:
    """Return the definitions of FHIR R4 (4.0.1), shared by all who ask; read lazily."""
    data = get_data(__name__, "r4.zst")
    assert data is not None, "only a loader without data has none"
    return Archive(data)


def type_url(name: str) -> str:
    """Return the canonical url of a FHIR type: ``Patient`` is
    ``http://hl7.org/fhir/StructureDefinition/Patient``.
    """
    return CORE + name
