"""Unknown profiles: what lines claim and no package at hand holds, and which package does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bulkfhir.validators.definitions.standard_cache import installed
from bulkfhir.validators.rules.claimed_profiles import PROFILE_UNKNOWN

from ..counting.causes import Cause

__all__ = ["UnknownProfile", "unknown_profiles"]

_HL7 = re.compile(r"https?://hl7\.org/fhir/([a-z]{2,3})/([A-Za-z0-9-]+)/")
"""HL7's own guides: their package is named after realm and guide."""

_KNOWN = (
    ("http://fhir.de/", "de.basisprofil.r4"),
    ("https://fhir.kbv.de/StructureDefinition/KBV_PR_ERP_", "kbv.ita.erp"),
    ("https://fhir.kbv.de/StructureDefinition/KBV_PR_FOR_", "kbv.ita.for"),
    ("https://fhir.kbv.de/StructureDefinition/KBV_PR_Base_", "kbv.basis"),
)
"""How the urls of others begin, and the packages that hold them, as their publishers name them."""


_GUIDES = frozenset(
    """
    hl7.fhir.us.bulkdata hl7.fhir.us.carin-bb hl7.fhir.us.core hl7.fhir.us.davinci-atr
    hl7.fhir.us.davinci-cdex hl7.fhir.us.davinci-crd hl7.fhir.us.davinci-deqm
    hl7.fhir.us.davinci-drug-formulary hl7.fhir.us.davinci-dtr hl7.fhir.us.davinci-hrex
    hl7.fhir.us.davinci-pas hl7.fhir.us.davinci-pdex hl7.fhir.us.davinci-pdex-plan-net
    hl7.fhir.us.ecr hl7.fhir.us.mcode hl7.fhir.us.odh hl7.fhir.us.qicore
    hl7.fhir.us.sdoh-clinicalcare
    hl7.fhir.uv.bulkdata hl7.fhir.uv.extensions hl7.fhir.uv.genomics-reporting hl7.fhir.uv.ips
    hl7.fhir.uv.pocd hl7.fhir.uv.sdc hl7.fhir.uv.smart-app-launch
    hl7.fhir.uv.subscriptions-backport
    """.split()
)
"""Guides of HL7 that are known by name: what a url alone says may be made up."""


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
        name = self.package.partition("#")[0]
        return name in _GUIDES or name in (known for _, known in _KNOWN)

    @property
    def command(self) -> str:
        """What makes the profile known; "" where no package is known to hold it."""
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
    name = _package(url)
    return UnknownProfile(
        claimed, issues, same, other, f"{name}#{version}" if name and version else name
    )


def _package(url: str) -> str:
    if match := _HL7.match(url):
        return f"hl7.fhir.{match[1]}.{match[2].lower()}"
    return next((name for start, name in _KNOWN if url.startswith(start)), "")


def _held(urls: set[str]) -> dict[str, list[tuple[str, str]]]:
    """Return url -> (package, version of the profile) of those that the standard cache holds."""
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
        index = _read(folder / ".index.json").get("files")
        if isinstance(index, list) and index:
            yield from (entry for entry in index if isinstance(entry, dict))
            return
        for path in sorted(folder.glob("StructureDefinition-*.json")):
            yield _read(path)
    except OSError:
        return  # a cache that cannot be read holds nothing for us


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
