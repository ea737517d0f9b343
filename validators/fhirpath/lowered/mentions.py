"""Mentions: an expression can see the members of a resource whose names it mentions, and nothing
else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..evaluation import PER_ITEM
from ..model import TypeModel
from ..syntax import Call, External, Member, Tree, Variable, children

__all__ = ["descends", "mentions"]

_ALL_SEEING: Final = frozenset({"children", "conformsTo", "resolve", "slice", "checkModifiers"})
"""Functions that look at more than what is named.

``resolve`` finds its own way to what is contained.
"""


def mentions(tree: Tree, type_name: str, model: TypeModel) -> dict[str, frozenset[str]] | None:
    """Return the JSON names of a resource type's properties that decide on an expression, each with
    the names inside that count; no names inside means the whole value.

    None where the expression may look at anything, or at the resource as such.
    """
    nodes = list(_nodes(tree))
    if any(isinstance(node, Call) and node.name in _ALL_SEEING for node in nodes) or _sees_itself(
        tree
    ):
        return None
    anywhere = {
        node.name for node in nodes if isinstance(node, Member) and _is_descent(node.source)
    }
    named = {node.name for node in nodes if isinstance(node, Member)} | {
        "extension" for node in nodes if isinstance(node, Call) and node.name == "extension"
    }
    found: dict[str, frozenset[str]] = {}
    for p in model.properties(type_name).values():
        leads = not p.is_primitive and any(
            _leads_to(name, p.type, model, set()) for name in anywhere
        )
        if leads or p.name in named or p.json_name in named:
            whole = leads or p.is_primitive or p.element.is_choice or p.type == "Resource"
            inside = frozenset[str]() if whole else _inside(nodes, p.name, p.type, model)
            found |= dict.fromkeys(
                _with_companion(p.json_name, is_primitive=p.is_primitive), inside
            )
    return found


def descends(tree: Tree) -> bool:
    """Tell whether an expression goes through all members of what it is evaluated on."""
    return any(_is_descent(node) for node in _nodes(tree))


def _sees_itself(tree: Tree, *, of_item: bool = False) -> bool:
    """Tell whether an expression looks at the resource otherwise than by a name.

    of_item: it is evaluated on something inside.
    """
    match tree:
        case Member(External() | Variable(), _):
            return False
        case Member(Call(source), _) if _is_descent(tree.source):
            return not (source is None or isinstance(source, External | Variable)) and _sees_itself(
                source, of_item=of_item
            )
        case External():
            return tree.name in ("resource", "rootResource", "context")
        case Variable():
            return not of_item
        case Call(None, _, _) if not of_item:
            return True
        case Call(source, name, arguments):
            inside = of_item or (source is not None and name in PER_ITEM)
            return (source is not None and _sees_itself(source, of_item=of_item)) or any(
                _sees_itself(one, of_item=inside) for one in arguments
            )
        case _:
            return any(_sees_itself(one, of_item=of_item) for one in children(tree))


def _is_descent(tree: Tree | None) -> bool:
    return isinstance(tree, Call) and tree.name == "descendants"


def _leads_to(name: str, type_name: str, model: TypeModel, visited: set[str]) -> bool:
    """Tell whether something of that name may be anywhere inside a value of a type."""
    # an inline resource may hold anything
    if type_name == "Resource":
        return True
    # types nest in themselves, as Extension does
    if type_name in visited:
        return False
    visited.add(type_name)
    found = model.properties(type_name).values()
    return any(
        name in (p.name, p.json_name)
        or (not p.is_primitive and _leads_to(name, p.type, model, visited))
        for p in found
    )


def _inside(nodes: list[Tree], name: str, type_name: str, model: TypeModel) -> frozenset[str]:
    """The members of the values of a name that an expression mentions; none where it looks at such
    a value itself.
    """
    sources = [
        node.source
        for node in nodes
        if isinstance(node, Member) and isinstance(node.source, Member) and node.source.name == name
    ]
    if len(sources) < sum(isinstance(node, Member) and node.name == name for node in nodes):
        return frozenset()
    wanted = {
        node.name
        for node in nodes
        if isinstance(node, Member) and isinstance(node.source, Member) and node.source.name == name
    }
    within = [
        p for p in model.properties(type_name).values() if p.name in wanted or p.json_name in wanted
    ]
    return frozenset(
        one for p in within for one in _with_companion(p.json_name, is_primitive=p.is_primitive)
    )


def _with_companion(name: str, *, is_primitive: bool) -> tuple[str, ...]:
    return (name, "_" + name) if is_primitive else (name,)


def _nodes(tree: Tree) -> Iterator[Tree]:
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(children(node))
