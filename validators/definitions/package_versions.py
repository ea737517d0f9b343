"""Package versions: their order, and the patterns by which dependencies ask for them."""

from __future__ import annotations

import re

__all__ = ["version_order", "version_pattern"]


def version_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that orders versions as semver does: 3.1.1 < 10.0.0, 5.0.0-ballot < 5.0.0."""
    release, _, label = version.partition("-")
    numbers = tuple(
        (1, int(part), "") if part.isdecimal() else (0, 0, part) for part in release.split(".")
    )
    return (*numbers, (0, 0, label) if label else (0, 1, ""))


def version_pattern(version: str) -> re.Pattern[str]:
    """Return a pattern for the versions that a dependency accepts: ``4.0.x`` any patch, ``latest``
    any at all, else that one.
    """
    if version in ("latest", "x", "*"):
        return re.compile(".*")
    return re.compile(
        re.escape(version.removesuffix("x")) + (r"\w+" if version.endswith(".x") else "")
    )
