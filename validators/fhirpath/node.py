"""An element of a resource while an expression looks at it: decoded JSON together with its type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..schema.element import Property
from .model import TypeModel

__all__ = ["Item", "Node", "all_children", "children", "typed_node"]


class Node:
    """One value in a resource.

    value   what orjson decoded: a dict, or for a primitive a str, int, float or bool; None where
            only its companion ``_x`` is there
    type    FHIR type name, or the path of a backbone element
    extra   a primitive's companion (``id``, ``extension``), None where there is none

    Collections are lists of nodes and of FHIRPath's own values: bool, int, Decimal, str, Temporal,
    Quantity.
    """

    __slots__ = ("extra", "type", "value")

    def __init__(self, value: Any, type_name: str, extra: dict[str, Any] | None = None) -> None:
        self.value = value
        self.type = type_name
        self.extra = extra

    def __repr__(self) -> str:
        return f"Node({self.type})"


Item = Any
"""A Node, or a value of FHIRPath's own."""


def _fields(node: Node) -> dict[str, Any]:
    holder = node.value if isinstance(node.value, dict) else node.extra
    return holder if isinstance(holder, dict) else {}


def typed_node(value: Any, type_name: str) -> Node:
    """Return the node of a value: an inline resource says its type, its element only Resource."""
    if isinstance(value, dict) and (kind := value.get("resourceType")).__class__ is str:
        return Node(value, kind)
    return Node(value, type_name)


def _append(found: list[Item], value: Any, type_name: str, extra: Any = None) -> None:
    if isinstance(value, dict):
        found.append(typed_node(value, type_name))
    elif value is not None or extra:
        found.append(Node(value, type_name, extra if isinstance(extra, dict) else None))


def _collect(
    fields: dict[str, Any], json_name: str, type_name: str, primitive: bool, found: list[Item]
) -> None:
    value = fields.get(json_name)
    extra = fields.get("_" + json_name) if primitive else None
    if isinstance(value, list) and not extra:  # as nearly all lists are
        found += [typed_node(each, type_name) for each in value if each is not None]
    elif isinstance(value, list) or isinstance(extra, list):
        # companions lie beside the values, place by place, and either array may be the shorter one
        values = value if isinstance(value, list) else []
        extras = extra if isinstance(extra, list) else []
        for position in range(max(len(values), len(extras))):
            _append(
                found,
                values[position] if position < len(values) else None,
                type_name,
                extras[position] if position < len(extras) else None,
            )
    elif value is not None or extra is not None:
        _append(found, value, type_name, extra)


def children(model: TypeModel, node: Node, name: str) -> list[Item]:
    """Return the children of one name, in order; a choice element is asked for without its type
    (``value``), see ``TypeModel.reachable``.
    """
    fields = _fields(node)
    found: list[Item] = []
    members = model.reachable(node.type, name)
    if len(members) == 1:
        here: Iterable[Property] = members
    else:  # asked by name: what an expression does not mention is not looked at (rules' ``reads``)
        places = model.places(node.type, name)
        here = [members[one] for one in sorted({places[key] for key in places if key in fields})]
    for member in here:
        _collect(fields, member.json_name, member.type, member.is_primitive, found)
    return found


def all_children(model: TypeModel, node: Node) -> list[Item]:
    """Return every child that the type has, in the order of the JSON object."""
    fields = _fields(node)
    if not fields:
        return []
    properties = model.properties(node.type)
    found: list[Item] = []
    for key in fields:
        bare = key.removeprefix("_")
        # the companion comes with its value
        if bare != key and bare in fields:
            continue
        member = properties.get(bare)
        if member is not None:
            _collect(fields, bare, member.type, member.is_primitive, found)
    return found
