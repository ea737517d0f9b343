"""Tree: the elements of a StructureDefinition by name and slice, as its flat list of ElementDefinitions means them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Node", "elements_of", "tree_of"]

Element = dict[str, Any]


@dataclass(slots=True)
class Node:
    """One element with what lies below it.

    name      last step of the path: ``value[x]``
    element   its ElementDefinition; empty where a differential only passes through
    children  in the order of the definition; none where the type's own children apply unchanged
    slices    of this element, in order; a slice of a slice (``a/b``) stands among them
    """

    name: str
    slice_name: str | None = None
    element: Element = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    slices: list[Node] = field(default_factory=list)

    def child(self, name: str) -> Node | None:
        return next((child for child in self.children if child.name == name), None)

    def slice(self, name: str) -> Node | None:
        return next((node for node in self.slices if node.slice_name == name), None)

    def copy(self) -> Node:
        """A tree that can be changed without touching this one. Values inside the ElementDefinitions are shared: replace them, never change them."""
        return Node(self.name, self.slice_name, dict(self.element), [child.copy() for child in self.children], [node.copy() for node in self.slices])


def tree_of(elements: Sequence[Mapping[str, Any]]) -> Node:
    """The tree of a snapshot's or differential's elements. Slices are told by element ids, and by order where ids are missing."""
    root = Node(str(elements[0]["path"]).partition(".")[0])
    addresses: dict[int, tuple[str | None, ...]] = {}  # depth -> slice names of the element last seen there: what a missing id means
    for element in elements:
        names = str(element["path"]).split(".")
        slices = _slices(element, names, addresses)
        addresses[len(names)] = slices
        node = root
        steps = _id_names(element, names)[1:]
        for name, slice_name in zip(steps, slices[1:], strict=True):
            node = _step(node, name, slice_name)
        node.element = dict(element)
    return root


def _id_names(element: Mapping[str, Any], names: list[str]) -> list[str]:
    """The steps of the path; by the id where it has as many, as the id keeps ``value[x]`` where a path says ``valueQuantity``."""
    steps = [step.partition(":")[0] for step in str(element.get("id", "")).split(".")]
    return steps if len(steps) == len(names) else names


def _slices(element: Mapping[str, Any], names: list[str], addresses: Mapping[int, tuple[str | None, ...]]) -> tuple[str | None, ...]:
    steps = str(element.get("id", "")).split(".")
    if len(steps) == len(names):
        named = [step.partition(":")[2] or None for step in steps]
        return (*named[:-1], named[-1] or element.get("sliceName"))
    above = addresses.get(len(names) - 1, (None,) * (len(names) - 1))
    return (*above, element.get("sliceName"))


def _step(node: Node, name: str, slice_name: str | None) -> Node:
    found = node.child(name)
    if found is None:
        found = Node(name)
        node.children.append(found)
    if slice_name is None:
        return found
    wanted = found.slice(slice_name)
    if wanted is None:
        wanted = Node(name, slice_name)
        found.slices.append(wanted)
    return wanted


def elements_of(root: Node) -> list[Element]:
    """The tree as a snapshot's list: each element, its children, then its slices; with path, id and sliceName as the tree has them."""
    return list(_flat(root, root.name, root.name))


def _flat(node: Node, path: str, identifier: str) -> Iterator[Element]:
    element = {**node.element, "id": identifier, "path": path}
    if node.slice_name:
        element["sliceName"] = node.slice_name
    yield element
    for child in node.children:
        yield from _flat(child, f"{path}.{child.name}", f"{identifier}.{child.name}")
    for each in node.slices:
        yield from _flat(each, path, f"{identifier}:{each.slice_name}")
