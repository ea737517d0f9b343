"""Which slice a value belongs to: a slice's discriminators as one FHIRPath condition (FHIR R4, section 5.1.0.8).

As in HL7's validator each discriminator's path is followed through the slice's definition to the element that fixes something,
and what that element fixes (value, pattern, type, existence, value set, profile) becomes a condition on the data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from .definitions import type_url
from .fhirpath import FhirPathError, compile
from .rules.rule import Scope
from .schema import Discriminator, ElementSchema, Property, Slicing
from .schema.profile import Node, profile_tree

if TYPE_CHECKING:
    from .profiles import ProfileCompiler

__all__ = ["Undecidable", "slice_predicate"]

_STEP = re.compile(r"\.?((?:[\w$`-]+(?:\[x\])?)(?:\([^)]*\))?)")
_CALL = re.compile(r"(\w+)\(['\"]?([^'\")]*)['\"]?\)")


class Undecidable(Exception):
    """The profile's discriminators do not say how its slices are told apart."""


class _Item(Protocol):
    value: Any
    companion: dict[str, Any] | None
    found: Property


Predicate = Callable[[Any, Scope], bool]


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _steps(path: str) -> list[str]:
    return _STEP.findall(path)


def slice_predicate(compiler: ProfileCompiler, slicing: Slicing | None, node: Node, found: list[Property]) -> Predicate:
    """The condition for an item (``value``, ``companion``, ``found``) to be in the slice. Raises Undecidable when it is asked."""
    explainer = compiler.explainer
    try:
        conditions = [_condition(compiler, node, d) for d in slicing.discriminators] if slicing is not None else []
        known = [c for c in conditions if c is not None]
        if not known:
            raise Undecidable(f"{compiler.url}: no discriminator of slice {node.element.id} can be evaluated")
        compiled = {p.json_name: compile(" and ".join(known), p.type, model=explainer.model) for p in found}
    except (Undecidable, FhirPathError) as reason:
        return _undecided(Undecidable(str(reason)))

    def predicate(item: _Item, scope: Scope) -> bool:
        expression = compiled[item.found.json_name]
        return expression.holds(item.value, explainer.fhirpath_scope(scope), item.companion if item.found.is_primitive else None)

    return predicate


def _undecided(reason: Undecidable) -> Predicate:
    def predicate(item: Any, scope: Scope) -> bool:
        raise reason

    return predicate


def _condition(compiler: ProfileCompiler, node: Node, discriminator: Discriminator) -> str | None:
    path, kind = discriminator.path, discriminator.type
    if kind == "profile" and (path == "resolve()" or path.endswith(".resolve()")):
        elements = list(_follow(compiler, node, _steps(path)[:-1]))
    else:
        elements = list(_follow(compiler, node, _steps(path)))
    for element in elements:
        condition = _stated(compiler, element, path, kind)
        if condition is not None:
            return condition
    return None


def _stated(compiler: ProfileCompiler, element: ElementSchema, path: str, kind: str) -> str | None:
    """What an element says of the discriminator's path, None where it says nothing."""
    if element.max == 0:
        return f"{path}.empty()"
    if kind == "type":
        return _type_condition(compiler, element, path)
    if kind == "profile":
        resolving = path == "resolve()" or path.endswith(".resolve()")
        urls = [url for t in element.types for url in (t.targets if resolving else t.profiles)]
        return "(" + " or ".join(f"{path}.conformsTo({_quoted(url)})" for url in urls) + ")" if urls else "true"
    if kind == "exists":
        if element.min >= 1:
            return f"{path}.exists()"
        raise Undecidable(f"{compiler.url}: {element.id} neither requires nor forbids {path}")
    stated = element.fixed or element.pattern
    if stated is not None:
        return _value_condition(stated[0], stated[1], path)
    if element.binding is not None and element.binding.strength == "required" and element.binding.value_set:
        return f"{path}.memberOf({_quoted(element.binding.value_set)})"
    return None


def _type_condition(compiler: ProfileCompiler, element: ElementSchema, path: str) -> str:
    names = [t.code.rpartition("/")[2] for t in element.types] or ([element.path] if "." not in element.path else [])
    if not names:
        raise Undecidable(f"{compiler.url}: {element.id} has no type to slice by")
    bare = path.partition("[")[0]
    return "(" + " or ".join(f"{bare} is {name}" for name in names) + ")"


def _value_condition(name: str, value: Any, path: str) -> str:
    if isinstance(value, dict):
        return f"{path}.where({' and '.join(_members(name, value))}).exists()"
    return f"{_literal(value)} in {path}"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else str(value)


def _members(name: str, value: dict[str, Any]) -> Iterator[str]:
    for key, item in value.items():
        if key in ("id", "extension") or key.startswith("_"):
            raise Undecidable(f"a {name} with {key} as a discriminator")
        for one in item if isinstance(item, list) else (item,):
            yield f"{key}.where({' and '.join(_members(key, one))}).exists()" if isinstance(one, dict) else f"{key} = {_literal(one)}"


def _follow(compiler: ProfileCompiler, node: Node, steps: list[str], depth: int = 0) -> Iterator[ElementSchema]:
    """The elements that a path leads to from a node: in the profile itself, then in the profiles of its types, then in the types."""
    if not steps:
        yield node.element
        return
    if depth > 20:
        return
    step, rest = steps[0], steps[1:]
    call = _CALL.fullmatch(step)
    if step == "$this":
        if not rest:
            yield node.element
        else:
            yield from _follow(compiler, node, rest, depth + 1)
    elif call and call[1] in ("ofType", "as"):
        yield from _follow(compiler, node, rest, depth + 1)
    elif call and call[1] == "extension":
        for one in _extension(node, call[2]):
            yield from _follow(compiler, one, rest, depth + 1)
    elif step == "resolve()":
        for url in [url for t in node.element.types for url in t.targets]:
            if (target := _tree(compiler, url)) is not None:
                yield from _follow(compiler, target, rest, depth + 1)
    else:
        for group in node.groups:
            name = group.node.element.name
            if step in (name, name.removesuffix("[x]")):
                yield from _follow(compiler, group.node, rest, depth + 1)
                for one in group.slices:
                    if group.node.element.is_choice:
                        yield from _follow(compiler, one, rest, depth + 1)
    for url in [url for t in node.element.types for url in t.profiles]:
        if (target := _tree(compiler, url)) is not None:
            yield from _follow(compiler, target, steps, depth + 1)
    if depth == 0 or not node.groups:
        for t in node.element.types:
            if (target := _tree(compiler, type_url(t.code))) is not None and target.element.path != node.element.path:
                yield from _follow(compiler, target, steps, depth + 1)


def _extension(node: Node, url: str) -> Iterator[Node]:
    for group in node.groups:
        if group.node.element.name in ("extension", "modifierExtension"):
            for one in group.slices:
                fixed = next((g.node.element.fixed for g in one.groups if g.node.element.name == "url"), None)
                if any(url in t.profiles for t in one.element.types) or (fixed is not None and fixed[1] == url):
                    yield one


def _tree(compiler: ProfileCompiler, url: str) -> Node | None:
    definition = compiler.explainer.definitions.fetch("StructureDefinition", url)
    return profile_tree(definition) if definition is not None and "snapshot" in definition else None
