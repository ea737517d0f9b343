"""The name that was perhaps meant."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["nearest_name"]


def nearest_name(name: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the name that is most like one that there is not; None where none is.

    cutoff   how alike they are at the least, from 0 to 1
    """
    from difflib import get_close_matches  # only names that are wrong need it

    near = get_close_matches(name, list(names), 1, cutoff)
    return near[0] if near else None
