"""Undecided: the kinds of things that cannot be decided offline, and the keys that they are counted
by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

__all__ = [
    "UNDECIDED",
    "LineUndecided",
    "UndecidedCode",
    "bounds_key",
    "codes_in",
    "names_in",
    "slicing_key",
    "undecided_by_kind",
]

_SLICING = "slicing: "
_BOUNDS = "beyond bounds: "
UNDECIDED: Mapping[str, str] = {
    "codes": "codes that could not be decided offline",
    "slicings": "values whose slice could not be decided",
    "bounds": "checks that would take more steps than they may",
}
"""Kind -> what is counted. The key of a code is its value set or code system, that of a slicing the
word and what is wrong with the profile, that of a check beyond its bounds the words and the check.
"""


class UndecidedCode(NamedTuple):
    """A code that a value set could not decide: the value set's canonical url, with its version
    where it has one; the code and its system as they stand in the data, None where there is none.
    """

    value_set: str
    system: str | None
    code: str | None


LineUndecided = Counter[str | UndecidedCode]
"""What could not be decided of a line -> how often: by its key, and beside that, where it was a
code, by the code.
"""


def names_in(counts: LineUndecided) -> Counter[str]:
    """Return what was counted of a line by its key."""
    return Counter({key: count for key, count in counts.items() if isinstance(key, str)})


def codes_in(counts: LineUndecided) -> Counter[UndecidedCode]:
    """Return what was counted of a line by its code."""
    return Counter({key: count for key, count in counts.items() if not isinstance(key, str)})


def slicing_key(fault: str) -> str:
    """Return the key by which a value is counted whose slice a profile does not let one tell."""
    return _SLICING + fault


def bounds_key(check: str) -> str:
    """Return the key by which a check is counted that takes more steps than it may."""
    return _BOUNDS + check


def undecided_by_kind(counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return what was counted under each kind: key -> how many."""
    kinds: dict[str, dict[str, int]] = {kind: {} for kind in UNDECIDED}
    for key, count in counts.items():
        kinds[_kind(key)][key] = count
    return kinds


def _kind(key: str) -> str:
    if key.startswith(_SLICING):
        return "slicings"
    return "bounds" if key.startswith(_BOUNDS) else "codes"
