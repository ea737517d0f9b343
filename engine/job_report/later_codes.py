"""Later codes: codes that R4's frozen copy of HL7 Terminology does not know, and a release of it in
the standard cache does. No verdict is changed by it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bulkfhir.validators.definitions.cache_index import index_entries, read_object
from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.terminology.code_faults import CODE_SYSTEM
from bulkfhir.validators.terminology.code_systems import CodeSystem

from ..counting.causes import Cause

__all__ = ["LaterCodes", "later_codes"]

_RELEASES = "hl7.terminology"
"""How the names of the packages begin in which HL7 releases its terminology."""


@dataclass(frozen=True, slots=True)
class LaterCodes:
    """Codes of one code system that are unknown here and that a release holds.

    system    canonical url of the code system
    codes     the codes, the most frequent first
    issues    how often they were found
    package   the newest release that has them, ``name#version``
    """

    system: str
    codes: tuple[str, ...]
    issues: int
    package: str


def later_codes(causes: Iterable[Cause]) -> tuple[LaterCodes, ...]:
    """Return the codes that a release in the standard cache has, by code system, the most frequent
    first; where several releases have a code the newest counts.
    """
    unknown = _unknown(causes)
    if not unknown:
        return ()
    found = defaultdict[tuple[str, str], Counter[str]](Counter)
    for folder in reversed(_releases()):
        for system in _code_systems(folder / "package", set(unknown)):
            counts = unknown[system.url]
            for code in [code for code in counts if system.lookup(code)]:
                found[system.url, folder.name][code] = counts.pop(code)
    told = [
        LaterCodes(url, tuple(code for code, _ in codes.most_common()), codes.total(), package)
        for (url, package), codes in found.items()
    ]
    return tuple(sorted(told, key=lambda one: (-one.issues, one.system, one.package)))


def _unknown(causes: Iterable[Cause]) -> dict[str, Counter[str]]:
    """Return code system -> code -> issues of the codes that are unknown in their systems."""
    unknown = defaultdict[str, Counter[str]](Counter)
    for cause in causes:
        values = CODE_SYSTEM.values_in(cause.message) if cause.rule == CODE_SYSTEM.name else None
        if values is not None:
            system, _, code = values["codes"].partition("#")
            if code:
                unknown[system.partition("|")[0]][code] += cause.issues
    return unknown


def _releases() -> list[Path]:
    from bulkfhir.validators.definitions.standard_cache import installed  # with all of packages

    return [folder for folder in installed() if folder.name.startswith(_RELEASES)]


def _code_systems(folder: Path, urls: set[str]) -> Iterator[CodeSystem]:
    """Yield the code systems of these urls in an unpacked package, found by its index."""
    try:
        for entry in index_entries(folder):
            if _is_one_of(entry, urls):
                resource = read_object(folder / Path(str(entry.get("filename"))).name)
                if _is_one_of(resource, urls):
                    yield CodeSystem(resource, lambda: None)  # its hierarchy is not asked for
    except OSError:
        return  # a cache that cannot be read holds nothing for us


def _is_one_of(resource: Mapping[str, Any], urls: set[str]) -> bool:
    url = resource.get("url")
    return resource.get("resourceType") == "CodeSystem" and isinstance(url, str) and url in urls
