"""Other versions: the resource types and the members of resources that R4 does not have, and DSTU2,
STU3, R4B or R5 do.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pkgutil import get_data

__all__ = ["versions_with"]

_FILE = "other_versions.txt"
"""Made by tests/oracle/make_other_versions.py: ``# VERSION``, then a line a resource type."""


def versions_with(resource_type: str, member: str = "") -> tuple[str, ...]:
    """Return the versions of FHIR that have a member of a resource, or without one the type itself,
    where R4 has it not; the oldest first.
    """
    return _table().get((resource_type, member), ())


@cache
def _table() -> Mapping[tuple[str, str], tuple[str, ...]]:
    data = get_data(__name__, _FILE)
    assert data is not None, "only a loader without data has none"
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    version = ""
    for line in data.decode().splitlines():
        if line.startswith("# "):
            version = line[2:]
            continue
        name, *members = line.split()
        for member in members or [""]:
            found[name, member] = (*found.get((name, member), ()), version)
    return found
