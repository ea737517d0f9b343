"""Sited profiles: what is known of the profiles that are laid around sites, by the numbers of their
overlays.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..checks.conformance import shown
from ..explainer.resource_walk import Explainer
from ..profiles.narrowing import sign
from ..schema.head import Head
from ..verdicts.issue import Issue
from .table import Table

__all__ = ["SitedProfiles"]


class SitedProfiles:
    """The profiles; one per validator, not thread-safe."""

    def __init__(self, explainer: Explainer, table: Table) -> None:
        self._explainer = explainer
        self._table = table
        self._heads: dict[int, Head] = {}
        self._names: dict[int, tuple[str, str]] = {}

    def head(self, number: int) -> Head:
        """Return what is known of a profile without compiling it."""
        found = self._heads.get(number)
        if found is None:
            found = self._explainer.schema.head(self._table.url_of(number))
            assert found is not None, "it was laid"
            self._heads[number] = found
        return found

    def signed(self, issues: list[Issue], laid: Sequence[int]) -> list[Issue]:
        """Let issues say the profiles that they are of, as the check of a profile does.

        laid   the outermost profile first
        """
        if issues:
            for number in reversed(laid):
                sign(issues, *(self._names.get(number) or self._named(number)))
        return issues

    def _named(self, number: int) -> tuple[str, str]:
        definitions = self._explainer.definitions
        definition = definitions.fetch("StructureDefinition", self._table.url_of(number))
        assert definition is not None, "it was laid"
        found = self._names[number] = definition["url"], shown(definition, definitions)
        return found
