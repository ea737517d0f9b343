"""Snapshots: a profile's whole set of elements, from its differential and its base.

StructureDefinition with a differential only -> base's snapshot as a tree, differential merged in -> StructureDefinition with a snapshot
(FHIR R4, section 5.1.0.3, and as HL7's validator makes them where the specification leaves it open)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..definitions import Definitions, type_url
from ..errors import DefinitionError
from .tree import Element, Node, elements_of, tree_of

__all__ = ["Snapshots", "snapshot"]

_BINDABLE = frozenset({"code", "Coding", "CodeableConcept", "CodeableReference", "Quantity", "string", "uri"})
_EXTENSIONS = frozenset({"extension", "modifierExtension"})
_REPLACED = ("min", "max", "maxLength", "isModifier", "type", "contentReference", "extension")
_TYPED = ("fixed", "pattern", "minValue", "maxValue")
_BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}
_BY_TYPE = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False}

Resource = dict[str, Any]


class Snapshots:
    """Definitions whose StructureDefinitions all have a snapshot: the one they came with, else one made when first asked for."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._made: dict[str, Resource] = {}
        self._making: list[str] = []

    def fetch(self, kind: str, url: str) -> Resource | None:
        """As Definitions has it. Raises DefinitionError for a profile whose snapshot cannot be made."""
        found = self._definitions.fetch(kind, url)
        return self._completed(found) if found is not None and kind == "StructureDefinition" else found

    def urls(self, kind: str) -> Iterator[str]:
        return self._definitions.urls(kind)

    def all(self, kind: str) -> Iterator[Resource]:
        for found in self._definitions.all(kind):
            yield self._completed(found) if kind == "StructureDefinition" else found

    def _completed(self, definition: Resource) -> Resource:
        if definition.get("snapshot", {}).get("element"):
            return definition
        key = f"{definition['url']}|{definition.get('version', '')}"
        if key not in self._made:
            if key in self._making:
                raise DefinitionError(definition["url"], definition.get("type", ""), f"is its own base or part: {' -> '.join(self._making)}")
            self._making.append(key)
            try:
                self._made[key] = {**definition, "snapshot": {"element": snapshot(definition, self)}}
            finally:
                self._making.pop()
        return self._made[key]


def snapshot(definition: Mapping[str, Any], definitions: Definitions) -> list[Element]:
    """The elements of a profile's snapshot, from its differential.

    definitions   must give StructureDefinitions with snapshots: the base, and types and profiles that the differential goes into
    Raises DefinitionError where the base is unknown or the differential does not fit it.
    """
    return _Profile(definition, definitions).elements()


class _Profile:
    def __init__(self, definition: Mapping[str, Any], definitions: Definitions) -> None:
        self._url = str(definition["url"])
        self._type = str(definition.get("type", ""))
        self._base_url = str(definition.get("baseDefinition", ""))
        self._differential = definition.get("differential", {}).get("element", [])
        self._definitions = definitions
        self._base = Node("")

    def elements(self) -> list[Element]:
        base = self._tree(self._base_url)
        if base is None:
            raise DefinitionError(self._url, self._type, f"its base {self._base_url or '(none stated)'} is not known")
        self._base = base
        root = base.copy()
        if self._differential:
            self._merge(root, tree_of(self._differential), root.name)
        return elements_of(root)

    def _tree(self, url: str) -> Node | None:
        found = self._definitions.fetch("StructureDefinition", url)
        return tree_of([_sourced(element, found["url"]) for element in found["snapshot"]["element"]]) if found else None

    def _merge(self, node: Node, differential: Node, path: str, *, sliced: bool = False) -> None:
        """Lays a differential's element, and all below it, over the base's; ``sliced`` says that this is a slice or stands in one."""
        unsliced = Node(node.name, None, _without(node.element, "slicing"), [child.copy() for child in node.children]) if differential.slices else node
        self._apply(node, differential.element)
        if differential.children:
            self._merge_children(node, differential.children, path, sliced=sliced)
        if differential.slices:
            self._merge_slices(node, unsliced, differential, path)

    def _merge_children(self, node: Node, children: list[Node], path: str, *, sliced: bool) -> None:
        if not node.children:
            self._unfold(node, path)
            sliced = False
        for child in _choices_gathered(node, children, sliced=sliced):
            target = node.child(child.name)
            if target is None:
                raise DefinitionError(self._url, f"{path}.{child.name}", "its base has no such element")
            self._merge(target, child, f"{path}.{child.name}", sliced=sliced and bool(child.element))

    def _merge_slices(self, node: Node, unsliced: Node, differential: Node, path: str) -> None:
        by_type = _slices_types(node, differential)
        implied = self._imply_slicing(node, differential, by_type, path)
        common = [] if implied or _is_extension_slicing(node.element["slicing"]) else differential.children  # stated once, meant for every slice
        for each in differential.slices:
            name = str(each.slice_name)
            target = node.slice(name) or self._new_slice(node, unsliced, each, path)
            if by_type and "type" not in each.element:
                code = by_type[name]
                target.element["type"] = [entry for entry in target.element.get("type", ()) if entry["code"] == code] or [{"code": code}]
            if common:
                self._merge_children(target, common, f"{path}:{name}", sliced=True)
            self._merge(target, each, f"{path}:{name}", sliced=True)
            target.element["max"] = _least(target.element.get("max"), node.element.get("max"))
        if by_type:
            _close_types(node, by_type, narrowed=not differential.element)

    def _imply_slicing(self, node: Node, differential: Node, by_type: Mapping[str, str], path: str) -> bool:
        """Gives the element the slicing that the specification implies where none is stated: extensions by url, choices by type."""
        if by_type:
            node.element["slicing"] = {**_BY_TYPE, "rules": "open"}
            return not differential.element
        if "slicing" in node.element:
            return False
        if node.name not in _EXTENSIONS:
            raise DefinitionError(self._url, path, f"is sliced ({', '.join(str(each.slice_name) for each in differential.slices)}) without saying by what")
        node.element["slicing"] = _BY_URL
        return True

    def _new_slice(self, node: Node, unsliced: Node, differential: Node, path: str) -> Node:
        name = str(differential.slice_name)
        outer = name.rpartition("/")[0]
        origin = node.slice(outer) if outer else unsliced
        if origin is None:
            raise DefinitionError(self._url, f"{path}:{name}", f"there is no slice {outer!r} to slice again")
        made = Node(node.name, name, _without(origin.element, "slicing"), [child.copy() for child in origin.children])
        if not path.endswith("xtension.value[x]"):  # the value of an extension stays required whatever its type
            made.element["min"] = 0
        siblings = [index for index, each in enumerate(node.slices) if outer and str(each.slice_name).partition("/")[0] == outer]
        node.slices.insert(siblings[-1] + 1 if siblings else len(node.slices), made)
        return made

    def _apply(self, node: Node, changes: Element) -> None:
        """What a differential's element says, over what the base's says."""
        merged = self._with_extension_root(node.element, changes)
        merged.update({key: changes[key] for key in _REPLACED if key in changes})
        for prefix in _TYPED:
            stated = [key for key in changes if _is_typed(key, prefix)]
            if stated:
                merged = {key: value for key, value in merged.items() if not _is_typed(key, prefix)} | {key: changes[key] for key in stated}
        if "binding" in changes:
            merged["binding"] = {**_without(merged.get("binding", {}), "extension"), **changes["binding"]}
        if "slicing" in changes:
            merged["slicing"] = _slicing(merged.get("slicing", {}), changes["slicing"])
        if "constraint" in changes:
            merged["constraint"] = _constraints(merged.get("constraint", []), _sourced(changes, self._url)["constraint"])
        if merged.get("type") and not any(entry.get("code") in _BINDABLE for entry in merged["type"]):
            merged.pop("binding", None)
        node.element = merged

    def _with_extension_root(self, element: Element, changes: Element) -> Element:
        """An extension that is given its definition takes cardinality and constraints from the definition's root."""
        profiles = changes["type"][0].get("profile", ()) if len(changes.get("type", ())) == 1 else ()
        current = element.get("type") or [{}]
        if not profiles or current[0].get("code") != "Extension" or profiles[0] in current[0].get("profile", ()):
            return dict(element)
        found = self._definitions.fetch("StructureDefinition", profiles[0])
        if found is None:
            return dict(element)
        root = _sourced(found["snapshot"]["element"][0], found["url"])
        taken = {key: root[key] for key in ("max", "isModifier") if key in root}
        return {**element, **taken, "constraint": _constraints(element.get("constraint", []), root.get("constraint", []))}

    def _unfold(self, node: Node, path: str) -> None:
        """Gives an element the children of its type, of the profile on its type, or of what its contentReference names."""
        reference = node.element.get("contentReference")
        if reference:
            target = self._referenced(str(reference))
            if target is None:
                raise DefinitionError(self._url, path, f"refers to {reference}, which is not there")
            node.element = {**_without(node.element, "contentReference"), "type": target.element.get("type", [])}
        else:
            target = self._type_tree(node, path)
        node.children = [child.copy() for child in target.children]

    def _referenced(self, reference: str) -> Node | None:
        url, _, identifier = reference.rpartition("#")
        node: Node | None = (self._tree(url) if url and url != self._base_url else None) or self._base
        for name in identifier.split(".")[1:]:
            node = node.child(name) if node else None
        return node

    def _type_tree(self, node: Node, path: str) -> Node:
        entries = node.element.get("type", [])
        codes = {entry["code"] for entry in entries}
        profiles = entries[0].get("profile", ()) if len(entries) == 1 else ()
        code = codes.pop() if len(codes) == 1 else "Element"
        found = self._tree(profiles[0]) if len(profiles) == 1 else None
        found = found or self._tree(code if "://" in code else type_url(code))
        if found is None:
            raise DefinitionError(self._url, path, f"has children, but its type {code} is not known")
        return found


def _without(element: Mapping[str, Any], key: str) -> Element:
    return {name: value for name, value in element.items() if name != key}


def _is_typed(key: str, prefix: str) -> bool:
    return key.startswith(prefix) and key[len(prefix) : len(prefix) + 1].isupper()


def _sourced(element: Mapping[str, Any], url: str) -> Element:
    """The element with its constraints naming who states them."""
    if all("source" in constraint for constraint in element.get("constraint", ())):
        return dict(element)
    return {**element, "constraint": [{"source": url, **constraint} for constraint in element["constraint"]]}


def _constraints(base: list[Element], added: list[Element]) -> list[Element]:
    """Constraints add up; a key that the base has keeps the base's meaning."""
    known = {constraint["key"] for constraint in base}
    return [*base, *(constraint for constraint in added if constraint["key"] not in known)]


def _slicing(base: Element, changes: Element) -> Element:
    discriminators = list(base.get("discriminator", ()))
    discriminators.extend(each for each in changes.get("discriminator", ()) if each not in discriminators)
    merged = {**base, **changes}
    return {**merged, "discriminator": discriminators} if discriminators else merged


def _is_extension_slicing(slicing: Element) -> bool:
    return slicing.get("discriminator") == _BY_URL["discriminator"] and slicing.get("rules") == "open"


def _least(one: str | None, other: str | None) -> str:
    """The smaller of two maximums."""
    numbers = [int(text) for text in (one, other) if text not in (None, "*")]
    return str(min(numbers)) if numbers else "*"


def _choice_code(choice: Node, name: str) -> str | None:
    """``Quantity``, when ``name`` is ``valueQuantity`` and the choice ``value[x]`` allows that type."""
    if not choice.name.endswith("[x]") or not name.startswith(choice.name[:-3]):
        return None
    suffix = name[len(choice.name) - 3 :]
    return next((entry["code"] for entry in choice.element.get("type", ()) if entry["code"][0].upper() + entry["code"][1:] == suffix), None)


def _choices_gathered(node: Node, children: list[Node], *, sliced: bool) -> list[Node]:
    """The differential's children, with ``valueQuantity`` as what it is short for: the slice of that name of ``value[x]``.

    Inside a slice a single such child is ``value[x]`` itself, as HL7's validator has it; its type is narrowed when the differential goes into it.
    """
    gathered: dict[str, Node] = {}
    for child in children:
        choice = next((each for each in node.children if node.child(child.name) is None and _choice_code(each, child.name)), None)
        if choice is None:
            gathered[child.name] = child
            continue
        whole = gathered.get(choice.name) or Node(choice.name)
        short = [Node(choice.name, each.slice_name or child.name, each.element, each.children) for each in child.slices or [child]]
        gathered[choice.name] = Node(choice.name, None, whole.element, whole.children, [*whole.slices, *short])
    return [_unsliced(node, each) if sliced and len(each.slices) == 1 and not each.element and each.name.endswith("[x]") else each for each in gathered.values()]


def _unsliced(node: Node, choice: Node) -> Node:
    (short,) = choice.slices
    target = node.child(choice.name)
    code = _choice_code(target, str(short.slice_name)) if target else None
    if target is None or code is None or target.slices:
        return choice
    narrowed = {"type": [entry for entry in target.element["type"] if entry["code"] == code]} if short.children else {}
    return Node(choice.name, None, {**narrowed, **short.element}, short.children)


def _slices_types(node: Node, differential: Node) -> dict[str, str]:
    """Slice name -> type, when a choice element is sliced by type; else nothing."""
    stated = differential.element.get("slicing", node.element.get("slicing", _BY_TYPE)).get("discriminator", _BY_TYPE["discriminator"])
    if not node.name.endswith("[x]") or stated != _BY_TYPE["discriminator"]:
        return {}
    found: dict[str, str] = {}
    for each in (*node.slices, *differential.slices):
        entries = each.element.get("type", ())
        code = entries[0]["code"] if len({entry["code"] for entry in entries}) == 1 else _choice_code(node, str(each.slice_name))
        if code:
            found[str(each.slice_name)] = code
    return found if all(str(each.slice_name) in found for each in differential.slices) else {}


def _close_types(node: Node, by_type: Mapping[str, str], *, narrowed: bool) -> None:
    """What slices by type say about the choice itself.

    A required slice leaves no other type. Where the differential names only types (``narrowed``), the others go. Slices for all types close the slicing.
    """
    required = [by_type[str(each.slice_name)] for each in node.slices if each.element.get("min", 0) > 0 and str(each.slice_name) in by_type]
    prohibited = {by_type[str(each.slice_name)] for each in node.slices if each.element.get("max") == "0" and str(each.slice_name) in by_type}
    kept = set(required[:1]) or (set(by_type.values()) if narrowed else {entry["code"] for entry in node.element["type"]})
    node.element["type"] = [entry for entry in node.element["type"] if entry["code"] in kept - prohibited]
    if required:
        node.element["min"] = 1
    closed = all(entry["code"] in by_type.values() for entry in node.element["type"])
    node.element["slicing"] = {**_BY_TYPE, "rules": "closed" if closed else "open"}
