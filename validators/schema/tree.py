"""Tree: the elements of a StructureDefinition by name and slice, as its flat list of
ElementDefinitions means them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from ..economy.light_dataclass import dataclass

__all__ = ["TreeNode", "elements_of", "tree_of"]

Element = dict[str, Any]
Step = tuple[str, str | None]  # name, slice name


@dataclass(slots=True)
class TreeNode:
    """One element with what lies below it.

    name      last step of the path: ``value[x]``
    element   its ElementDefinition; empty where a differential only passes through
    children  in the order of the definition; none where the type's own children apply unchanged
    slices    of this element, in order; a slice of a slice (``a/b``) stands among them. They are
              added by ``add_slice``, which keeps them by name: a profile may have thousands
    """

    name: str
    slice_name: str | None = None
    element: Element = field(default_factory=dict)
    children: list[TreeNode] = field(default_factory=list)
    slices: list[TreeNode] = field(default_factory=list)
    _by_name: dict[str | None, TreeNode] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def child(self, name: str) -> TreeNode | None:
        """Return the child of that name, None where there is none."""
        return next((child for child in self.children if child.name == name), None)

    def slice(self, name: str) -> TreeNode | None:
        """Return the slice of that name, None where there is none."""
        if self._by_name is None:
            self._by_name = {node.slice_name: node for node in reversed(self.slices)}
        return self._by_name.get(name)

    def add_slice(self, node: TreeNode, place: int | None = None) -> None:
        """Put a slice before the one at a place, or behind all others."""
        self.slices.insert(len(self.slices) if place is None else place, node)
        if self._by_name is not None:
            self._by_name.setdefault(node.slice_name, node)

    def copy(self) -> TreeNode:
        """Return a tree that can be changed without touching this one.

        Values inside the ElementDefinitions are shared: replace them, never change them.
        """
        return TreeNode(
            self.name,
            self.slice_name,
            dict(self.element),
            [child.copy() for child in self.children],
            [node.copy() for node in self.slices],
        )


def tree_of(elements: Sequence[Mapping[str, Any]]) -> TreeNode:
    """Build the tree of a snapshot's or differential's elements.

    Slices are told by element ids, and by order where ids are missing.
    """
    root = TreeNode(str(elements[0]["path"]).partition(".")[0])
    steps: list[Step] = []
    for element in elements:
        steps = _identified(element) or _continued(element, steps)
        node = root
        for name, slice_name in steps[1:]:
            node = _step(node, name, slice_name)
        node.element = dict(element)
    return root


def _identified(element: Mapping[str, Any]) -> list[Step] | None:
    """The steps that the element's id names, None where it has no id to rely on.

    An id keeps ``value[x]`` where a path says ``valueQuantity``.
    """
    named = [step.partition(":") for step in str(element.get("id", "")).split(".")]
    # an id of more or fewer steps than its path does not name the element's place
    if len(named) != str(element["path"]).count(".") + 1:
        return None
    steps = [(name, slice_name or None) for name, _, slice_name in named]
    return [*steps[:-1], (steps[-1][0], steps[-1][1] or element.get("sliceName"))]


def _continued(element: Mapping[str, Any], previous: list[Step]) -> list[Step]:
    """The steps of an element without an id: its path, in the slices that the element before it
    stands in.
    """
    *above, last = str(element["path"]).split(".")
    shared: list[Step] = []
    for name, step in zip(above, previous, strict=False):
        if name != step[0]:
            break
        shared.append(step)
    return [
        *shared,
        *((name, None) for name in above[len(shared) :]),
        (last, element.get("sliceName")),
    ]


def _step(node: TreeNode, name: str, slice_name: str | None) -> TreeNode:
    found = node.child(name)
    if found is None:
        found = TreeNode(name)
        node.children.append(found)
    if slice_name is None:
        return found
    wanted = found.slice(slice_name)
    if wanted is None:
        wanted = TreeNode(name, slice_name)
        found.add_slice(wanted)
    return wanted


def elements_of(root: TreeNode) -> list[Element]:
    """Return the tree as a snapshot's list: each element, its children, then its slices; with path,
    id and sliceName as the tree has them.
    """
    return list(_flat(root, root.name, root.name))


def _flat(node: TreeNode, path: str, identifier: str) -> Iterator[Element]:
    element = {**node.element, "id": identifier, "path": path}
    if node.slice_name:
        element["sliceName"] = node.slice_name
    yield element
    for child in node.children:
        yield from _flat(child, f"{path}.{child.name}", f"{identifier}.{child.name}")
    for each in node.slices:
        yield from _flat(each, path, f"{identifier}:{each.slice_name}")
