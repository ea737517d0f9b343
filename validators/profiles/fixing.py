"""Fixing: a fixed value or pattern as FHIRPath that tells a slice apart, for the types of which
HL7's validator has words for that.
"""

from __future__ import annotations

from typing import Any

from ..schema.profile_tree import ProfileNode
from .discriminator_paths import Tree

__all__ = ["fixing", "quoted"]

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


def fixing(tree: Tree, node: ProfileNode, stated: tuple[str, Any], path: str) -> str:
    """Return the FHIRPath that holds where a path leads to a stated value (its type's name and
    JSON). Raises Undecidable where there is none.
    """
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


def _parts(tree: Tree, node: ProfileNode, kind: str, value: dict[str, Any]) -> str:
    if not value or not value.keys() <= _PARTS[kind]:
        raise tree.fault(
            node,
            f"is told apart by parts of a {kind} that cannot "
            f"({', '.join(value.keys() - _PARTS[kind])})",
        )
    return " and ".join(
        fixing(tree, node, ("CodeableConcept", part), name)
        if isinstance(part, dict)
        else f"{name} = {_literal(part)}"
        for name, part in value.items()
    )


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(value: str) -> str:
    """Return a string as FHIRPath writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
