"""Lost slices: slices that nothing can be told of because what they name is not held."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..checks.compilation import Compilation
from .named_slices import slicings_of
from .narrowing import ProfileCompiler

__all__ = ["lost_slices"]


def lost_slices(
    compilation: Compilation, urls: Iterable[str], unheld: Collection[str]
) -> list[str]:
    """Return why slices of profiles cannot be decided, where it is for want of a definition.

    urls    of the profiles
    unheld  canonical urls of profiles and value sets that are not at hand
    """
    lost: dict[str, None] = {}
    for url in urls if unheld else ():
        definition = compilation.definitions.fetch("StructureDefinition", url)
        if definition is None or definition.get("derivation") != "constraint":
            continue
        for _, slices in slicings_of(ProfileCompiler(compilation, definition)):
            for fault in slices.faults():
                if any(each in fault.split() or f"{each}," in fault for each in unheld):
                    lost[fault] = None
    return list(lost)
