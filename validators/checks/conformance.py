"""Conformance: which values of a line follow which profiles, each question answered once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ..definitions import Definitions

__all__ = ["Conformance", "identity", "shown"]

_MOST_NESTED: Final = 12
"""How many questions may wait for one another.

Guides ask two or three deep (a Bundle's entry, its target, what that one contains). Each takes some
forty frames of Python's stack, and a line could chain as many as it has contained resources.
"""


def identity(profile: Mapping[str, Any]) -> str:
    """Return the name by which questions about a profile are known, however it was asked for."""
    version = profile.get("version")
    return f"{profile['url']}|{version}" if version else str(profile["url"])


def shown(profile: Mapping[str, Any], definitions: Definitions) -> str:
    """Return the name of a profile for a message: its url, and its version where more than one is
    at hand.
    """
    url = str(profile["url"])
    several = len(definitions.versions("StructureDefinition", url)) > 1
    return identity(profile) if several else url


class Conformance:
    """The answers about the values of one line.

    A question that comes back while it is open is answered with yes: what leads back to itself is
    no fault, as HL7's validator has it (``ResourceValidationTracker``).

    undecided  the line's counter, where a question that is nested too deep is counted
    """

    __slots__ = ("_answers", "_nested", "_undecided")

    def __init__(self, undecided: Counter[str]) -> None:
        self._answers: dict[tuple[int, str], bool] = {}
        self._nested = 0
        self._undecided = undecided

    def ask(self, value: Any, url: str, find: Callable[[], bool]) -> bool:
        """Tell whether a value, an object of the line, follows a profile; found when first asked.

        A question that is nested too deep is counted as undecided under the profile's url, and
        answered with yes.
        """
        key = id(value), url
        known = self._answers.get(key)
        if known is not None:
            return known
        if self._nested >= _MOST_NESTED:
            self._undecided[url] += 1
            return True
        self._answers[key] = True
        self._nested += 1
        try:
            found = self._answers[key] = find()
        finally:
            self._nested -= 1
        return found

    def claim(self, value: Any, url: str) -> None:
        """Note that a value is being checked against a profile that it claims itself: whoever asks
        meanwhile is told yes, since the claim is judged where it stands.
        """
        self._answers.setdefault((id(value), url), True)

    def settle(self, value: Any, url: str, follows: bool) -> None:
        """Note what came of a claim, for those who ask later."""
        self._answers[id(value), url] = follows
