"""Which slice a value belongs to: a slice's discriminators as one FHIRPath condition (FHIR R4,
section 5.1.0.8).

As in HL7's validator each discriminator's path is followed through the slice's definition to the
element that fixes something, and what that element fixes (value, pattern, type, existence, value
set, profile) becomes a condition on the data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..checks.surroundings import Scope
from ..definitions import type_url
from ..fhirpath import FhirPathError, invariant
from ..schema import Discriminator, ElementSchema, Property
from ..schema.profile_tree import Node

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["Predicate", "Tree", "Undecidable", "distinguishing_url", "slice_predicate"]

_STEP = re.compile(r"\.?([\w$`-]+(?:\[x\])?(?:\([^)]*\))?)")
_CALL = re.compile(r"(\w+)\(['\"]?([^'\")]*)['\"]?\)")
_TEXTS = frozenset({"String", "Code", "Id", "Markdown", "Uri", "Url", "Canonical", "Oid", "Uuid"})
_PARTS = {
    "Coding": frozenset({"system", "version", "code", "display"}),
    "Identifier": frozenset({"system", "value", "use", "type"}),
    "HumanName": frozenset({"use", "text", "family"}),
    "Address": frozenset(
        {"use", "type", "text", "city", "district", "state", "postalCode", "country"}
    ),
}
"""Complex types that can tell slices apart, and by which of their parts."""

Predicate = Callable[[Any, Any, Scope], bool]
"""Whether a value (JSON value, companion, scope) is in a slice."""


class Undecidable(Exception):
    """The profile's discriminators do not say how its slices are told apart."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A StructureDefinition as a tree: where paths are followed."""

    compilation: Compilation
    url: str

    def children(self, node: Node) -> Iterator[Node]:
        """The elements directly below a node, in the definition itself: each with its slices behind
        it.
        """
        for group in node.groups:
            yield group.node
            yield from group.slices

    def other(self, url: str) -> tuple[Tree, Node]:
        """The tree of another StructureDefinition. Raises Undecidable where it is not known."""
        found = self.compilation.profile_tree(url)
        if found is None:
            raise Undecidable(f"{self.url}: the profile {url} is not known")
        return Tree(self.compilation, url), found

    def fault(self, node: Node, text: str) -> Undecidable:
        return Undecidable(f"{self.url}: {node.element.id} {text}")


def slice_predicate(
    tree: Tree, discriminators: tuple[Discriminator, ...], node: Node, prop: Property
) -> Predicate:
    """Whether a value of a property is in the slice. Raises Undecidable when it cannot be said."""
    if not discriminators:
        return lambda value, companion, scope: False
    conditions = [c for d in discriminators if (c := _condition(tree, node, d)) is not None]
    if not conditions:
        raise tree.fault(node, f"is not told apart by {', '.join(d.path for d in discriminators)}")
    compilation = tree.compilation
    try:
        made = invariant(" and ".join(conditions), prop.type, compilation.model)
    except FhirPathError as error:
        raise tree.fault(node, f"has a discriminator that is no FHIRPath: {error}") from error
    holds, holds_for = made.holds, made.holds_for
    if prop.is_primitive:
        return lambda value, companion, scope: holds_for(
            value, compilation.fhirpath_scope(scope), companion
        )

    def predicate(value: Any, companion: Any, scope: Scope) -> bool:
        try:
            return type(value) is dict and holds(value, compilation.fhirpath_scope(scope))
        except (AttributeError, KeyError, TypeError):
            return False  # data of another form than the type's: the walk reports it

    return predicate


def distinguishing_url(
    tree: Tree, discriminators: tuple[Discriminator, ...], node: Node
) -> str | None:
    """The url that alone tells a slice of extensions apart; None where it is told otherwise.

    Raises Undecidable.
    """
    if len(discriminators) != 1 or discriminators[0] != Discriminator("value", "url"):
        return None
    for element in _criteria(tree, node, discriminators[0]):
        if element.max == 0:
            return None
        if element.fixed is not None:
            return str(element.fixed[1])
    return None


def _criteria(tree: Tree, node: Node, discriminator: Discriminator) -> list[ElementSchema]:
    """The elements that may say what a discriminator's path must be: in the profile, then in the
    profiles of the slice's type.
    """
    path, found = discriminator.path, []
    if path == "value" and node.element.fixed is not None:
        return [node.element]
    steps = _STEP.findall(path)
    of_source = discriminator.type == "profile" and steps[-1] == "resolve()"
    if of_source:
        steps.pop()
        if not steps:
            return [node.element]
    for where, start in [
        (tree, node),
        *(tree.other(url) for t in node.element.types for url in t.profiles),
    ]:
        target = _follow(where, start, steps, into_references=not of_source)
        if target is not None:
            found.append(target.element)
    return found


def _follow(tree: Tree, node: Node, steps: list[str], *, into_references: bool) -> Node | None:
    """The element that a path leads to; None where the slice's type makes it pointless.

    Raises Undecidable where there is none.
    """
    kinds: tuple[str, ...] = ()
    for index, step in enumerate(steps):
        call = _CALL.fullmatch(step)
        if step == "$this":
            continue
        if (
            not into_references
            and step == "reference"
            and any(t.code == "Reference" for t in node.element.types)
        ):
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
    return node


def _named(tree: Tree, node: Node, name: str, kinds: tuple[str, ...]) -> tuple[Tree, Node]:
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


def _of_type(tree: Tree, node: Node, kinds: tuple[str, ...]) -> tuple[Tree, Node]:
    types = [t for t in node.element.types if not kinds or t.code in kinds]
    if node.element.content_reference is not None:
        return tree.other(type_url(node.element.path.partition(".")[0]))
    if len(types) != 1 or len(types[0].profiles) > 1:
        raise tree.fault(node, "has not one type to look for a discriminator in")
    return tree.other(types[0].profiles[0] if types[0].profiles else type_url(types[0].code))


def _resolved(tree: Tree, node: Node) -> tuple[Tree, Node]:
    targets = [url for t in node.element.types for url in t.targets]
    if len(node.element.types) != 1 or len(targets) != 1:
        raise tree.fault(
            node, "refers to more than one profile, so that resolve() cannot tell slices apart"
        )
    return tree.other(targets[0])


def _extension(tree: Tree, node: Node, url: str) -> tuple[Tree, Node]:
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


def _condition(tree: Tree, node: Node, discriminator: Discriminator) -> str | None:
    """What a slice says of a discriminator's path; None where it says nothing."""
    for element in _criteria(tree, node, discriminator):
        condition = _stated(tree, node, element, discriminator)
        if condition is not None:
            return condition
    return None


def _stated(
    tree: Tree, node: Node, element: ElementSchema, discriminator: Discriminator
) -> str | None:
    path, kind = discriminator.path, discriminator.type
    if element.max == 0:
        return f"{path}.empty()"
    if kind == "type":
        names = [t.code.rpartition("/")[2] for t in element.types] or (
            [element.path] if "." not in element.path else []
        )
        if not names:
            raise tree.fault(node, f"has no type to be told apart by at {path}")
        return "(" + " or ".join(f"{path.partition('[')[0]} is {name}" for name in names) + ")"
    if kind == "profile":
        of_target = path == "resolve()" or path.endswith(".resolve()")
        urls = [url for t in element.types for url in (t.targets if of_target else t.profiles)]
        return (
            "(" + " or ".join(f"{path}.conformsTo({_quoted(url)})" for url in urls) + ")"
            if urls
            else "true"
        )
    if kind == "exists":
        if element.min < 1:
            raise tree.fault(node, f"neither requires nor forbids {path}")
        return f"{path}.exists()"
    stated = element.fixed or element.pattern
    if stated is not None:
        return _value_condition(tree, node, stated, path)
    if (
        element.binding is not None
        and element.binding.strength == "required"
        and element.binding.value_set
    ):
        return f"{path}.memberOf({_quoted(element.binding.value_set)})"
    return None


def _value_condition(tree: Tree, node: Node, stated: tuple[str, Any], path: str) -> str:
    kind, value = stated
    if kind == "CodeableConcept":
        if value.get("text") or not value.get("coding") or "extension" in value:
            raise tree.fault(
                node, f"is told apart by a CodeableConcept that is not of codings alone at {path}"
            )
        return " and ".join(
            f"{path}.coding.where({_parts(tree, node, 'Coding', coding)}).exists()"
            for coding in value["coding"]
        )
    if kind in _PARTS:
        return f"{path}.where({_parts(tree, node, kind, value)}).exists()"
    if kind in _TEXTS or isinstance(value, (bool, int)):
        return f"({_literal(value)} in {path})"
    raise tree.fault(node, f"is told apart by a {kind} at {path}, which is not possible")


def _parts(tree: Tree, node: Node, kind: str, value: dict[str, Any]) -> str:
    if not value or not value.keys() <= _PARTS[kind]:
        raise tree.fault(
            node,
            f"is told apart by parts of a {kind} that cannot "
            f"({', '.join(value.keys() - _PARTS[kind])})",
        )
    return " and ".join(
        _value_condition(tree, node, ("CodeableConcept", part), name)
        if isinstance(part, dict)
        else f"{name} = {_literal(part)}"
        for name, part in value.items()
    )


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
