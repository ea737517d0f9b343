"""Kinds of sites."""

from __future__ import annotations

__all__ = [
    "ANSWER", "CLAIMING", "CLAIMS", "LEANING", "LINK", "MISSING", "NAME", "PART", "PLACED",
    "PROFILE", "REBOUND", "REFERENCE", "RULES", "VALUE",
]  # fmt: skip

(
    ANSWER,
    VALUE,
    NAME,
    MISSING,
    RULES,
    PLACED,
    CLAIMS,
    PROFILE,
    PART,
    REFERENCE,
    CLAIMING,
    REBOUND,
    LINK,
    LEANING,
) = range(14)
"""What is in doubt at a site: ``Doubted`` in ``native/src/accept/walk/sites.rs``."""
