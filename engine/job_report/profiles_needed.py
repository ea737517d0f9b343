"""Profiles needed: the profiles that lines claim and nobody here knows, by the package that would
make them known.
"""

from __future__ import annotations

from typing import Any

from ..counting.causes import Causes
from .unknown_profiles import UnknownProfile, unknown_profiles

__all__ = ["profiles_needed"]


def profiles_needed(causes: Causes, *, values: bool) -> list[dict[str, Any]]:
    """Return an entry a package, and one for all profiles that no known package holds: how many
    profiles, how often they are claimed, and the urls that may stand.

    Without ``values`` a url stands where a package of the cache holds it, and a package where the
    cache or this project's own list has its name; all others are counted.
    """
    found: dict[str, dict[str, Any]] = {}
    for one in unknown_profiles(causes):
        package = _package(one, values=values)
        entry = found.setdefault(
            package, {"package": package or None, "profiles": 0, "claims": 0, "urls": []}
        )
        entry["profiles"] += 1
        entry["claims"] += one.issues
        if values or one.held:
            entry["urls"].append(one.url)
    return list(found.values())


def _package(one: UnknownProfile, *, values: bool) -> str:
    if one.held:
        return one.held[-1]
    if values:
        return one.package
    return one.package.partition("#")[0] if one.is_listed else ""
