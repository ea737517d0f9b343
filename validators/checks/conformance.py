"""Conformance: what is found in the resources of a line, and which of its values follow which
profiles; each question is answered once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..economy.line_memory import LineMemory
from ..verdicts.issue import Issue
from ..verdicts.undecided import LineUndecided

if TYPE_CHECKING:
    from ..definitions import Definitions

__all__ = ["Conformance", "shown"]

_MOST_NESTED: Final = 12
"""How many questions may wait for one another.

Guides ask two or three deep (a Bundle's entry, its target, what that one contains). Each takes some
forty frames of Python's stack, and a line could chain as many as it has contained resources.
"""

_Key = tuple[int, str]


def shown(profile: Mapping[str, Any], definitions: Definitions) -> str:
    """Return the name of a profile for a message: its url, and its version where more than one is
    at hand.
    """
    from ..schema.head import head_of  # compiled types, for messages alone

    url = str(profile["url"])
    several = len(definitions.versions("StructureDefinition", url)) > 1
    return head_of(profile).identity if several else url


class Conformance:
    """The answers about the values of one line.

    A question that comes back while it is open is answered with yes: what leads back to itself is
    no fault, as HL7's validator has it (``ResourceValidationTracker``).

    undecided  the line's counter, where a question that is nested too deep is counted
    memory     what FHIRPath found in the line
    came_back  whether any question came back while it was open
    """

    __slots__ = (
        "_answers",
        "_findings",
        "_nested",
        "_open",
        "_provisional",
        "_undecided",
        "came_back",
        "memory",
    )

    def __init__(self, undecided: LineUndecided) -> None:
        self._answers: dict[_Key, bool] = {}
        self._findings: dict[_Key, list[Issue] | None] = {}
        self._open: set[_Key] = set()
        self._provisional = 0
        self._nested = 0
        self._undecided = undecided
        self.memory = LineMemory()
        self.came_back = False

    def ask(self, value: Any, url: str, find: Callable[[], bool]) -> bool:
        """Tell whether a value, an object of the line, follows a profile; found when first asked.

        A question that is nested too deep is counted as undecided under the profile's url, and
        answered with yes.
        """
        key = id(value), url
        known = self._answers.get(key)
        if known is not None:
            if key in self._open:
                self._provisional += 1
                self.came_back = True
            return known
        if self._nested >= _MOST_NESTED:
            self._undecided[url] += 1
            self._provisional += 1
            return True
        self._answers[key] = True
        self._open.add(key)
        self._nested += 1
        try:
            found = self._answers[key] = find()
        finally:
            self._nested -= 1
            self._open.discard(key)
        return found

    def claim(self, value: Any, url: str) -> None:
        """Note that a value is being checked against a profile that it claims itself: whoever asks
        meanwhile is told yes, since the claim is judged where it stands.
        """
        key = id(value), url
        if key not in self._answers:
            self._answers[key] = True
            self._open.add(key)

    def settle(self, value: Any, url: str, follows: bool) -> None:
        """Note what came of a claim, for those who ask later."""
        key = id(value), url
        self._answers[key] = follows
        self._open.discard(key)

    def found(self, value: Any, name: str) -> list[Issue] | None:
        """Return what was found in a resource by a profile or type, nothing in an empty list; None
        where that is not kept.
        """
        key = id(value), name
        if key not in self._findings:
            return None
        return [one.copied() for one in self._findings[key] or ()]

    def findings(
        self,
        value: Any,
        name: str,
        undecided: LineUndecided,
        find: Callable[[], list[Issue] | None],
    ) -> list[Issue] | None:
        """Return what is wrong with a resource of the line by the profile or type of a name; found
        when first asked, and told anew to whoever asks later.

        Not kept is what counted something as undecided, since that counts each time; what rests on
        an answer to an open question, which may turn out another one; and what is still to be
        placed (kinds of Issue of their own).

        undecided  the counter that ``find`` uses
        """
        key = id(value), name
        if key in self._findings:
            return self.found(value, name) or None
        provisional, counted = self._provisional, undecided.total()
        found = find()
        if (
            self._provisional == provisional
            and undecided.total() == counted
            and not (found and any(type(one) is not Issue for one in found))
        ):
            self._findings[key] = found and [one.copied() for one in found]
        return found
