"""The name that was perhaps meant by one that there is not: a command, an option, a rule, a
package, an element.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["near_name"]


def near_name(
    name: str, names: Iterable[str], *, cutoff: float = 0.75, alone: bool = False
) -> str | None:
    """Return the name that differs from a wrong one by its case, or else the one that is most like
    it; None where none is.

    cutoff   how alike they are at the least, from 0 to 1
    alone    None too where there are several
    """
    from difflib import get_close_matches  # takes a millisecond, and only wrong names need it

    known = list(names)
    same = [each for each in known if each.lower() == name.lower()]
    near = same or get_close_matches(name, known, 2, cutoff)
    return near[0] if near and not (alone and len(near) > 1) else None
