"""FHIR XML as FHIR JSON, for the few supporting files of HL7's cases that come as XML (narratives
are left out).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from bulkfhir.validators.definitions import core, type_url

__all__ = ["to_json"]

Json = dict[str, Any]
_NAMESPACE = "{http://hl7.org/fhir}"
_NUMBERS = {"integer": int, "unsignedInt": int, "positiveInt": int, "decimal": float}


def to_json(text: str) -> Json:
    """The resource that the XML holds.

    Raises ET.ParseError for what is no XML, KeyError for unknown elements.
    """
    root = ET.fromstring(text)
    name = root.tag.removeprefix(_NAMESPACE)
    return {"resourceType": name, **_children(root, name)}


def _children(node: ET.Element, context: str) -> Json:
    made: Json = {}
    for child in node:
        name = child.tag.removeprefix(_NAMESPACE)
        if (
            not child.tag.startswith(_NAMESPACE)
            or name in ("text", "contained")
            and context[0].isupper()
            and "." not in context
        ):
            continue
        kind, inner, is_list = _element(context, name)
        if kind[0].islower():
            _primitive(made, name, kind, is_list, child)
        elif is_list:
            made.setdefault(name, []).append(_with_url(child, _children(child, inner)))
        else:
            made[name] = _with_url(child, _children(child, inner))
    return made


def _with_url(node: ET.Element, value: Json) -> Json:
    return {**{key: node.attrib[key] for key in ("id", "url") if key in node.attrib}, **value}


def _primitive(made: Json, name: str, kind: str, is_list: bool, node: ET.Element) -> None:
    value: Any = node.attrib.get("value")
    if value is not None:
        value = value == "true" if kind == "boolean" else _NUMBERS.get(kind, str)(value)
    if is_list:
        made.setdefault(name, []).append(value)
    elif value is not None:
        made[name] = value
    beside = _children(node, "Element")
    if beside and not is_list:
        made["_" + name] = beside


def _element(context: str, name: str) -> tuple[str, str, bool]:
    """The type of an element, where its children are found, and whether it is a list."""
    structure = core().fetch("StructureDefinition", type_url(context.split(".")[0]))
    for element in (structure or {})["snapshot"]["element"]:
        path = element["path"]
        if path.rpartition(".")[0] != context:
            continue
        last = path.rpartition(".")[2]
        types = [kind["code"] for kind in element.get("type", ())]
        is_list = element.get("base", {}).get("max", element["max"]) not in ("0", "1")
        if last.endswith("[x]") and name.startswith(last[:-3]):
            code = next((t for t in types if name == last[:-3] + t[0].upper() + t[1:]), None)
            if code:
                return code, code, is_list
        elif last == name and "contentReference" in element:
            return "Backbone", element["contentReference"].rpartition("#")[2], is_list
        elif last == name:
            code = "id" if types[0].startswith("http://hl7.org/fhirpath/") else types[0]
            return code, path if code in ("BackboneElement", "Element") else code, is_list
    raise KeyError(f"{context}.{name}")
