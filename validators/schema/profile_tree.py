"""A profile's snapshot as a tree: every element under its parent, every slice beside the element
that it slices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from ..economy.light_dataclass import dataclass
from .element import ElementSchema, element_schema

__all__ = ["Group", "ProfileNode", "profile_tree"]


@dataclass(slots=True)
class ProfileNode:
    """One element, or one slice of it, with the groups of its children in the order of the
    snapshot.
    """

    element: ElementSchema
    groups: list[Group] = field(default_factory=list)
    _of_paths: dict[str, tuple[ElementSchema, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def elements_at(self, path: str) -> tuple[ElementSchema, ...]:
        """Return what is said of the elements of a path below this one, in each slice above them.

        path   of a type's element, of which there are so many: what is found is kept
        """
        found = self._of_paths.get(path)
        if found is None:
            found = self._of_paths[path] = tuple(_elements_at(self, path))
        return found


@dataclass(slots=True)
class Group:
    """All that a profile says of one child name: the element itself, and its slices (re-slices
    among them).
    """

    node: ProfileNode
    slices: list[ProfileNode] = field(default_factory=list)


def _elements_at(node: ProfileNode, path: str) -> Iterator[ElementSchema]:
    for group in node.groups:
        for each in (group.node, *group.slices):
            if each.element.path == path:
                yield each.element
            elif path.startswith(f"{each.element.path}."):
                yield from _elements_at(each, path)


_last: list[tuple[Mapping[str, Any], ProfileNode]] = []
"""The definition whose tree was built last, with it: who looks whether a profile is sound mostly
compiles it next, and of one with thousands of slices the tree is a third of the cost.
"""


def profile_tree(definition: Mapping[str, Any]) -> ProfileNode:
    """Return the tree of a StructureDefinition that has a snapshot, its root node being the
    resource or type itself. Nobody may change it.
    """
    for known, top in _last[:]:
        if known is definition:
            return top
    top = _built(definition)
    _last[:] = [(definition, top)]
    return top


def _built(definition: Mapping[str, Any]) -> ProfileNode:
    root, *rest = (element_schema(e, definition["url"]) for e in definition["snapshot"]["element"])
    top = ProfileNode(root)
    above: list[ProfileNode] = [top]  # the last node seen at every depth
    for element in rest:
        depth = element.path.count(".")
        parent, node = above[depth - 1], ProfileNode(element)
        last = parent.groups[-1] if parent.groups else None
        if (
            last is not None
            and element.slice_name is not None
            and last.node.element.path == element.path
        ):
            last.slices.append(node)
        else:
            parent.groups.append(Group(node))
        del above[depth:]
        above.append(node)
    return top
