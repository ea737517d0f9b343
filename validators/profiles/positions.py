"""Positions: slices that are told apart by the places of their values in a list (the discriminator
type ``position``, which FHIR has since R5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..checks.surroundings import Scope
from ..schema import Slicing
from ..schema.profile_tree import ProfileNode
from .discriminator_paths import Tree
from .discriminators import SliceTest
from .value_tests import Test, always

__all__ = ["positions_of"]


def positions_of(tree: Tree, slicing: Slicing, nodes: Sequence[ProfileNode]) -> list[SliceTest]:
    """Return the tests of slices told apart by position, which get the position in the place of the
    companion.

    Each slice but the last must have a fixed number of values; behind one that has not, nothing can
    be told.
    """
    tests: list[SliceTest] = []
    start: int | None = 0
    for node in nodes:
        least, most = node.element.min, node.element.max
        if start is None or len(slicing.discriminators) != 1:
            fault = tree.fault(node, "is told apart by a position that is not fixed")
            tests.append(SliceTest(always(None), str(fault)))
            continue
        tests.append(SliceTest(_between(start, None if most is None else start + most)))
        start = start + most if most is not None and least == most else None
    return tests


def _between(start: int, end: int | None) -> Test:
    def test(value: Any, position: Any, scope: Scope) -> bool:
        return start <= position and (end is None or position < end)

    return test
