"""Bindings of a resource's type that the profiles which it claims replace by bindings of their
own.

A profile stands in the place of its base type, and its bindings have been checked already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..checks.check import Issues
from ..economy.memory import Memory
from ..schema.profile_tree import ProfileNode
from ..terminology.code_faults import CODE_FAULTS
from ..verdicts.issue import Issue
from .extension_context import property_at

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["Rebinding"]

_BINDING_RULES = frozenset(one.name for one in CODE_FAULTS)
_KEPT = 4096
"""Answers that are kept: urls and locations come from data."""


class Rebinding:
    """The elements that profiles bind anew; one record a compilation."""

    def __init__(self, compilation: Compilation) -> None:
        self._compilation = compilation
        self._memory = Memory(_KEPT)
        self._answers: dict[tuple[str, tuple[str, ...], str], bool] = self._memory.table()

    def without(self, issues: list[Issue], name: str, resource: dict[str, Any]) -> Issues:
        """Return the issues of a resource of the named type without those of bindings that every
        profile of it replaces; None where none is left.
        """
        meta = resource.get("meta")
        claimed = meta.get("profile") if type(meta) is dict else None
        profiles = self.profiles(claimed)
        if not profiles:
            return issues
        kept = [one for one in issues if not self.replaces(name, profiles, one, one.location)]
        return kept or None

    def profiles(self, claimed: Any) -> tuple[str, ...]:
        """Return the profiles among what a resource has in ``meta.profile``; none where the
        validator is not to look at these.
        """
        if self._compilation.unknown_profile is None or type(claimed) is not list:
            return ()
        return tuple(url for url in claimed if type(url) is str)

    def replaces(self, name: str, profiles: tuple[str, ...], issue: Issue, location: str) -> bool:
        """Tell whether an issue in a resource of the named type is of a binding that all of its
        profiles replace.

        location   of the issue in the resource
        """
        if issue.profile is not None or issue.rule not in _BINDING_RULES:
            return False
        key = name, profiles, location
        known = self._answers.get(key)
        return self._memory.keep(self._answers, key, self._found(*key)) if known is None else known

    def _found(self, name: str, profiles: Sequence[str], location: str) -> bool:
        found = [tree for url in profiles if (tree := self._tree(url, name)) is not None]
        return bool(found) and all(self._rebinds(tree, name, location) for tree in found)

    def _tree(self, url: str, name: str) -> ProfileNode | None:
        """Return the tree of a profile on a type; None where the url is not known or of none."""
        head = self._compilation.schema.head(url)
        if head is None or head.is_type or head.type != name:
            return None
        return self._compilation.profile_tree(url)

    def _rebinds(self, profile: ProfileNode, name: str, location: str) -> bool:
        found = property_at(self._compilation.schema, name, location)
        if found is None:
            return False
        stated = profile.elements_at(found.element.path)
        return bool(stated) and all(each.binding != found.element.binding for each in stated)
