"""Unknown profiles: what lines claim and no package at hand holds, and which package does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bulkfhir.validators.checks.claim_faults import PROFILE_UNKNOWN
from bulkfhir.validators.definitions.cache_index import index_entries, read_object
from bulkfhir.validators.definitions.guides import is_listed, package_of
from bulkfhir.validators.economy.light_dataclass import dataclass

from ..counting.causes import Cause

__all__ = ["UnknownProfile", "unknown_profiles"]


@dataclass(frozen=True, slots=True)
class UnknownProfile:
    """A profile that was claimed and is not known.

    url       as it was claimed, with its version where one was
    issues    how often
    held      packages of the standard cache that hold it, ``name#version``
    other     packages of the standard cache that hold it in another version than was claimed
    package   the package that should hold it, ``name`` or ``name#version``; "" where none is known
    """

    url: str
    issues: int
    held: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    package: str = ""

    @property
    def is_listed(self) -> bool:
        """Return whether this project itself knows the package by its name."""
        return is_listed(self.package.partition("#")[0])

    @property
    def command(self) -> str:
        """The command that makes the profile known; "" where no package is known to hold it."""
        if self.held:
            return f"--package {self.held[-1]}"
        if not self.package:
            return ""
        name = self.package if "#" in self.package else f"{self.package}#VERSION"
        return f"bulkfhir packages add {name}, then --package {name}"


def unknown_profiles(causes: Iterable[Cause]) -> tuple[UnknownProfile, ...]:
    """Return the profiles that findings say are not known, the most frequent first."""
    counts = Counter[str]()
    for cause in causes:
        if cause.rule == PROFILE_UNKNOWN.name:
            values = PROFILE_UNKNOWN.values_in(cause.message)
            if values is not None:
                counts[values["url"]] += cause.issues
    if not counts:
        return ()
    held = _held({url.partition("|")[0] for url in counts})
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(_placed(url, issues, held) for url, issues in ranked)


def _placed(claimed: str, issues: int, held: Mapping[str, list[tuple[str, str]]]) -> UnknownProfile:
    url, _, version = claimed.partition("|")
    holders = held.get(url, [])
    same = tuple(label for label, own in holders if version in ("", own))
    other = tuple(label for label, own in holders if version not in ("", own))
    name = package_of(url)
    return UnknownProfile(
        claimed, issues, same, other, f"{name}#{version}" if name and version else name
    )


def _held(urls: set[str]) -> dict[str, list[tuple[str, str]]]:
    """Return url -> (package, version of the profile) of those that the standard cache holds."""
    from bulkfhir.validators.definitions.standard_cache import installed  # with all of packages

    found: dict[str, list[tuple[str, str]]] = {}
    for folder in installed():
        for resource in _profiles(folder / "package"):
            url, version = resource.get("url"), resource.get("version")
            if isinstance(url, str) and url in urls:
                found.setdefault(url, []).append((folder.name, str(version)))
    return found


def _profiles(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the profiles of an unpacked package, by its index where it has one."""
    try:
        if entries := index_entries(folder):
            yield from entries
            return
        for path in sorted(folder.glob("StructureDefinition-*.json")):
            yield read_object(path)
    except OSError:
        return  # a cache that cannot be read holds nothing for us
