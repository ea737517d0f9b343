"""Choices: how a differential narrows ``value[x]``, by type slices or by the short form
``valueQuantity``.
"""

from __future__ import annotations

from collections.abc import Mapping

from .tree import Element, TreeNode

__all__ = ["BY_TYPE", "choice_code", "close_types", "gather_choices", "types_of_slices"]

BY_TYPE: Element = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False}
"""How choices are sliced where nothing is said; rules depend on which types have a slice."""


def choice_code(choice: TreeNode, name: str) -> str | None:
    """Return ``Quantity`` when ``name`` is ``valueQuantity`` and the choice ``value[x]`` allows
    that type; None for any other name.
    """
    if not choice.name.endswith("[x]") or not name.startswith(choice.name[:-3]):
        return None
    suffix = name[len(choice.name) - 3 :]
    return next(
        (
            entry["code"]
            for entry in choice.element.get("type", ())
            if entry["code"][0].upper() + entry["code"][1:] == suffix
        ),
        None,
    )


def gather_choices(node: TreeNode, children: list[TreeNode], *, sliced: bool) -> list[TreeNode]:
    """Return the differential's children, with ``valueQuantity`` as what it is short for: the slice
    of that name of ``value[x]``.

    Inside a slice a single such child is ``value[x]`` itself, as HL7's validator has it; its type
    is narrowed when the differential goes into it.
    """
    gathered: dict[str, TreeNode] = {}
    for child in sorted(
        children, key=lambda each: not each.name.endswith("[x]")
    ):  # ``value[x]`` itself before its short forms
        choice = (
            None
            if node.child(child.name)
            else next((each for each in node.children if choice_code(each, child.name)), None)
        )
        if choice is None:
            gathered[child.name] = child
            continue
        whole = gathered.get(choice.name) or TreeNode(choice.name)
        short = [
            TreeNode(choice.name, each.slice_name or child.name, each.element, each.children)
            for each in child.slices or [child]
        ]
        gathered[choice.name] = TreeNode(
            choice.name, None, whole.element, whole.children, [*whole.slices, *short]
        )
    return [
        _unsliced(node, each) if sliced and each.name.endswith("[x]") else each
        for each in gathered.values()
    ]


def _unsliced(node: TreeNode, choice: TreeNode) -> TreeNode:
    target = node.child(choice.name)
    if target is None or target.slices or choice.element or len(choice.slices) != 1:
        return choice
    (short,) = choice.slices
    code = choice_code(target, str(short.slice_name))
    if code is None:
        return choice
    narrowed = (
        {"type": [entry for entry in target.element["type"] if entry["code"] == code]}
        if short.children
        else {}
    )
    return TreeNode(choice.name, None, {**narrowed, **short.element}, short.children)


def types_of_slices(node: TreeNode, differential: TreeNode) -> dict[str, str]:
    """Return slice name -> type, when a choice element is sliced by type; else nothing."""
    slicing: Element = {
        **BY_TYPE,
        **node.element.get("slicing", {}),
        **differential.element.get("slicing", {}),
    }
    if not node.name.endswith("[x]") or slicing["discriminator"] != BY_TYPE["discriminator"]:
        return {}
    found: dict[str, str] = {}
    for each in (*node.slices, *differential.slices):
        entries = each.element.get("type", ())
        code = (
            entries[0]["code"]
            if len({entry["code"] for entry in entries}) == 1
            else choice_code(node, str(each.slice_name))
        )
        if code:
            found[str(each.slice_name)] = code
    return found if all(str(each.slice_name) in found for each in differential.slices) else {}


def close_types(node: TreeNode, by_type: Mapping[str, str], *, narrowed: bool) -> None:
    """Change the choice's types, minimum and slicing to what its slices by type say about it.

    A required slice leaves no other type. Where the differential names only types (``narrowed``),
    the others go. Slices for all types close the slicing.
    """
    required = [
        by_type[str(each.slice_name)]
        for each in node.slices
        if each.element.get("min", 0) > 0 and str(each.slice_name) in by_type
    ]
    prohibited = {
        by_type[str(each.slice_name)]
        for each in node.slices
        if each.element.get("max") == "0" and str(each.slice_name) in by_type
    }
    kept = set(required[:1]) or (
        set(by_type.values()) if narrowed else {entry["code"] for entry in node.element["type"]}
    )
    left = [entry for entry in node.element["type"] if entry["code"] in kept]
    node.element["type"] = [entry for entry in left if entry["code"] not in prohibited] or left
    if required:
        node.element["min"] = 1
    closed = all(entry["code"] in by_type.values() for entry in node.element["type"])
    node.element["slicing"] = {**BY_TYPE, "rules": "closed" if closed else "open"}
