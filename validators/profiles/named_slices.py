"""Named slices: whether a value is in the slice of a profile that an invariant names by
``slice(url, name)`` (FHIR R4, section 2.9.1.5, FHIRPath functions).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..checks.surroundings import Scope
from ..schema import Property
from .narrowing import ProfileCompiler
from .slices import Slices

__all__ = ["NamedSlices", "slicings_of"]


class NamedSlices:
    """The slices of one profile by their names, collected when one is first asked for."""

    def __init__(self, compiler: ProfileCompiler) -> None:
        self._compiler = compiler
        self._by_name: dict[str, list[tuple[Property, Slices]]] | None = None

    def holds(self, value: Any, type_name: str, name: str, scope: Scope) -> bool:
        """Tell whether a value of a type is in a slice of that name or in one of its re-slices.

        What cannot be decided is counted as undecided and is in none.
        """
        if self._by_name is None:
            self._by_name = {}
            for prop, slices in slicings_of(self._compiler):
                for named in slices.names:
                    self._by_name.setdefault(named, []).append((prop, slices))
        return any(
            self._is_in(value, name, prop, slices, scope)
            for prop, slices in self._by_name.get(name, ())
            if prop.type == type_name
        )

    @staticmethod
    def _is_in(value: Any, name: str, prop: Property, slices: Slices, scope: Scope) -> bool:
        if slices.by_position:
            return False  # a value alone has no position
        matched, _, doubtful = slices.match(value, None, prop, scope)
        slices.undecided([i for i in doubtful if slices.names[i] == name], "", scope)
        return matched is not None and f"{slices.names[matched]}/".startswith(f"{name}/")


def slicings_of(compiler: ProfileCompiler) -> Iterator[tuple[Property, Slices]]:
    """Yield every slicing of a profile with each property that is sliced."""
    waiting = [(compiler.top, compiler.type)]
    while waiting:
        node, owner = waiting.pop()
        for group in node.groups:
            properties = compiler.properties(group.node.element, owner)
            slices = compiler.slices(group, properties) if properties else None
            for prop in properties:
                if slices is not None:
                    yield prop, slices
                inner = "Element" if prop.is_primitive else prop.type
                waiting += ((each, inner) for each in (group.node, *group.slices))
