"""An object that lets a check see the members that its rule declares, and refuses any other.

In tests every check that declares what it reads is handed such objects: a rule that looks at a
member which it does not declare would be spared by shapes, or overlooked by its twin.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from bulkfhir.validators.checks.check import Check, Issues
from bulkfhir.validators.checks.compilation import Compilation
from bulkfhir.validators.checks.rule import Everything, Reads, Rule
from bulkfhir.validators.checks.surroundings import Scope

__all__ = ["Refusing", "UndeclaredReadError", "declared_only", "install"]


class UndeclaredReadError(BaseException):
    """A check looked at a member that its rule does not declare.

    No Exception, so that no wall around one resource takes it for a crash of one line.
    """


class Refusing(dict[str, Any]):
    """The members of an object, of which only some may be looked at."""

    def __init__(self, value: dict[str, Any], seen: frozenset[str], rule: str) -> None:
        super().__init__(value)
        self._seen, self._rule = seen, rule

    def _refuse(self, what: str) -> None:
        raise UndeclaredReadError(
            f"the rule '{self._rule}' looks at {what}, but declares {sorted(self._seen)}: "
            "declare it in `reads`, and look at the rule's twin"
        )

    def _look(self, name: object) -> None:
        if name not in self._seen:
            self._refuse(repr(name))

    def get(self, name: str, default: Any = None) -> Any:
        self._look(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self._look(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._look(name)
        return super().__contains__(name)

    def _all(self, *_: object) -> Any:
        self._refuse("all members")

    __iter__ = __len__ = __bool__ = __eq__ = keys = values = items = copy = _all
    __hash__ = None  # type: ignore[assignment]


def declared_only(check: Check, reads: Reads | Everything, rule: str) -> Check:
    """Return a check that is handed the members that it declares, and no other."""
    if isinstance(reads, Everything):
        return check
    members, opens = reads.members, reads.opens

    def checked(value: Any, scope: Scope) -> Issues:
        if value.__class__ is not dict or (opens and not members.isdisjoint(value)):
            return check(value, scope)
        return check(Refusing(value, members, rule), scope)

    return checked


def install() -> None:
    """Hand every check, in full and as a shape leaves it, what its rule declares."""
    whole, left = Rule.check, Rule.left

    def check(self: Rule, subject: Any, compilation: Compilation) -> Check | None:
        made = whole(self, subject, compilation)
        if made is None:
            return None
        return declared_only(made, self.reads_of(subject, compilation), self.name)

    def check_left(
        self: Rule, made: Check, subject: Any, compilation: Compilation, names: AbstractSet[str]
    ) -> Check | None:
        rest = left(self, made, subject, compilation, names)
        if rest is None or rest is made:
            return rest
        return declared_only(rest, self.reads_of(subject, compilation), self.name)

    Rule.check, Rule.left = check, check_left  # type: ignore[method-assign]
