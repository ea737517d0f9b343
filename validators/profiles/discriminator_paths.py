"""Discriminator paths: which elements of a slice's definition a discriminator's FHIRPath passes and
leads to (FHIR R4, section 5.1.0.8).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..definitions import type_url
from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from ..schema import ElementSchema
from ..schema.profile_tree import ProfileNode

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["Place", "Tree", "Undecidable", "follow", "steps_of"]

_STEP = lazy_pattern(r"\.?([\w$`-]+(?:\[x\])?(?:\([^)]*\))?)")
_CALL = lazy_pattern(r"(\w+)\(['\"]?([^'\")]*)['\"]?\)")


class Undecidable(Exception):
    """The error of a profile whose discriminators do not say how its slices are told apart."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A StructureDefinition as a tree: where paths are followed."""

    compilation: Compilation
    url: str

    def children(self, node: ProfileNode) -> Iterator[ProfileNode]:
        """Yield the elements directly below a node, in the definition itself: each with its slices
        behind it.
        """
        for group in node.groups:
            yield group.node
            yield from group.slices

    def other(self, url: str) -> tuple[Tree, ProfileNode]:
        """Return the tree of another StructureDefinition. Raises Undecidable where it is not
        known.
        """
        found = self.compilation.profile_tree(url)
        if found is None:
            raise Undecidable(f"{self.url}: the profile {url} is not known")
        return Tree(self.compilation, url), found

    def fault(self, node: ProfileNode, text: str) -> Undecidable:
        """Return the exception that says what is wrong with an element of this definition."""
        return Undecidable(f"{self.url}: {node.element.id} {text}")


@dataclass(frozen=True, slots=True)
class Place:
    """An element that a discriminator's path leads to or passes on its way.

    tree, node  its definition
    path        the FHIRPath from the slice's value to it, ``$this`` for the value itself
    rest        the names that lead from it to the end of the path; None where a function does
    """

    tree: Tree
    node: ProfileNode
    path: str
    rest: tuple[str, ...] | None

    @property
    def element(self) -> ElementSchema:
        """The element as the definition states it."""
        return self.node.element


def steps_of(path: str) -> list[str]:
    """Return the steps of a discriminator's path, a function call being one."""
    return _STEP.findall(path)


def follow(
    tree: Tree, node: ProfileNode, steps: Sequence[str], *, into_references: bool = True
) -> list[Place] | None:
    """Return the places from a slice to the end of a path, that end last; None where the slice's
    type makes the path pointless. Raises Undecidable where the path leads nowhere.
    """
    places = [Place(tree, node, "$this", _names(steps))]
    kinds: tuple[str, ...] = ()
    for index, step in enumerate(steps):
        call = _CALL.fullmatch(step)
        if step == "$this" or (step == "reference" and not into_references and _refers(node)):
            continue
        if call is None:
            tree, node = _named(tree, node, step, kinds)
            kinds = ()
        elif call[1] == "resolve":
            tree, node = _resolved(tree, node)
        elif call[1] == "extension":
            tree, node = _extension(tree, node, call[2])
        elif call[1] == "ofType":
            if call[2] not in {t.code for t in node.element.types}:
                return None
            kinds = (call[2],)
        else:
            raise tree.fault(node, f"cannot follow '{'.'.join(steps[: index + 1])}'")
        so_far = ".".join(s for s in steps[: index + 1] if s != "$this")
        places.append(Place(tree, node, so_far, _names(steps[index + 1 :])))
    return places


def _names(steps: Sequence[str]) -> tuple[str, ...] | None:
    """Return the JSON names of steps, a choice's with its type; None where a function is among
    them.
    """
    names: list[str] = []
    for step in steps:
        call = _CALL.fullmatch(step)
        if call is not None and (call[1] != "ofType" or not names):
            return None
        if call is not None:
            names[-1] += call[2][:1].upper() + call[2][1:]
        elif step != "$this":
            names.append(step.partition("[")[0])
    return tuple(names)


def _refers(node: ProfileNode) -> bool:
    return any(t.code == "Reference" for t in node.element.types)


def _named(
    tree: Tree, node: ProfileNode, name: str, kinds: tuple[str, ...]
) -> tuple[Tree, ProfileNode]:
    children = list(tree.children(node))
    if not children:
        tree, node = _of_type(tree, node, kinds)
        children = list(tree.children(node))
    for child in children:
        if child.element.slicing is None and _is_called(child.element, name):
            return tree, child
    raise tree.fault(node, f"has no element '{name}' to tell slices apart by")


def _is_called(element: ElementSchema, name: str) -> bool:
    if element.name == name:
        return True
    by_type = len(element.types) == 1 and element.path.upper().endswith(
        element.types[0].code.upper()
    )
    return (by_type or element.is_choice) and element.name.startswith(name.partition("[")[0])


def _of_type(tree: Tree, node: ProfileNode, kinds: tuple[str, ...]) -> tuple[Tree, ProfileNode]:
    types = [t for t in node.element.types if not kinds or t.code in kinds]
    if node.element.content_reference is not None:
        return tree.other(type_url(node.element.path.partition(".")[0]))
    if len(types) != 1 or len(types[0].profiles) > 1:
        raise tree.fault(node, "has not one type to look for a discriminator in")
    return tree.other(types[0].profiles[0] if types[0].profiles else type_url(types[0].code))


def _resolved(tree: Tree, node: ProfileNode) -> tuple[Tree, ProfileNode]:
    targets = [url for t in node.element.types for url in t.targets]
    if len(node.element.types) != 1 or len(targets) != 1:
        raise tree.fault(
            node, "refers to more than one profile, so that resolve() cannot tell slices apart"
        )
    return tree.other(targets[0])


def _extension(tree: Tree, node: ProfileNode, url: str) -> tuple[Tree, ProfileNode]:
    children = list(tree.children(node)) or [
        child
        for start in [tree.other(type_url(t.code))[1] for t in node.element.types]
        for child in tree.children(start)
    ]
    for child in children:
        profiles = [p for t in child.element.types for p in t.profiles]
        if (
            child.element.name == "extension"
            and child.element.slice_name
            and profiles
            and profiles[0].partition("|")[0] == url
        ):
            return (tree, child) if child.groups else tree.other(profiles[0])
    raise tree.fault(node, f"has no extension {url} to tell slices apart by")
