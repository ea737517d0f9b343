"""Member checks: what a profile says of the members of an object. Profiles say something of dozens
of names, and objects have few of them: which checks concern an object is worked out once for its
names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..checks.check import Check, Issues, added, union
from ..checks.surroundings import Scope
from ..economy.memory import Memory

__all__ = ["MemberCheck", "of_members"]


class MemberCheck(NamedTuple):
    """A check of an object that is about members of some names.

    present   whether it may find something where one of the names is there
    absent    whether it may find something where none of them is
    """

    check: Check
    names: frozenset[str]
    present: bool = True
    absent: bool = False

    def concerns(self, names: frozenset[str]) -> bool:
        """Tell whether the check may find something in an object of these names."""
        return self.absent if self.names.isdisjoint(names) else self.present


def of_members(checks: Sequence[MemberCheck], memory: Memory) -> Check | None:
    """Return the checks as one that runs in order those that concern an object; None where there
    are none.

    memory   where the names of objects are kept
    """
    if not checks:
        return None
    every = union([each.check for each in checks])
    assert every is not None
    shapes: dict[tuple[str, ...], tuple[Check, ...]] = memory.table(object())

    def met(names: tuple[str, ...]) -> tuple[Check, ...]:
        present = frozenset(names)
        return memory.keep(
            shapes, names, tuple(each.check for each in checks if each.concerns(present))
        )

    def check(value: Any, scope: Scope) -> Issues:
        if value.__class__ is not dict:  # a primitive, by a profile on its type
            return every(value, scope)
        names = tuple(value)
        concerned = shapes.get(names)
        issues: Issues = None
        for each in met(names) if concerned is None else concerned:
            found = each(value, scope)
            if found is not None:
                issues = added(issues, found)
        return issues

    return check
