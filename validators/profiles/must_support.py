"""Must support: the elements of a profile that systems must be able to handle (FHIR R4, section
5.1.0.7), as paths in JSON. No rule reads them; whoever counts how complete resources are does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["must_support"]

_Element = Mapping[str, Any]


def must_support(definition: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (id, paths) of every such element of a StructureDefinition with a snapshot; a resource
    has the element where one of the paths is there.

    An extension's path ends in a colon and its url. Left out are other slices, which only the
    values tell apart, with all that is below them, and choices of types in a list.
    """
    elements = definition.get("snapshot", {}).get("element", ())
    by_id = {str(element.get("id")): element for element in elements}
    for identity, element in by_id.items():
        if element.get("mustSupport") is True and "." in identity:
            paths = _paths(identity, by_id)
            if paths:
                yield identity, tuple(paths)


def _paths(identity: str, by_id: Mapping[str, _Element]) -> list[str]:
    """The paths of an element; none where it cannot be told by its path alone."""
    above, _, step = identity.rpartition(".")
    if not above:
        return [step]
    element = by_id.get(identity)
    parents = _paths(above, by_id)
    if element is None or not parents:
        return []
    name, _, slice_name = step.partition(":")
    if name.endswith("[x]"):
        if slice_name and not _is_type_slice(name, slice_name, element):
            return []
        if any(_is_list(by_id.get(one)) for one in _ancestors(above)):
            return []
        stem = name.removesuffix("[x]")
        return [f"{path}.{stem}{one}" for path in parents for one in _types(element)]
    if not slice_name:
        return [f"{path}.{name}" for path in parents]
    urls = [url for kind in element.get("type", ()) for url in kind.get("profile", ())]
    if name not in ("extension", "modifierExtension") or len(urls) != 1:
        return []
    return [f"{path}.{name}:{urls[0].partition('|')[0]}" for path in parents]


def _is_type_slice(name: str, slice_name: str, element: _Element) -> bool:
    stem = name.removesuffix("[x]")
    return [slice_name] == [stem + one for one in _types(element)]


def _types(element: _Element) -> list[str]:
    codes = (str(kind.get("code", "")) for kind in element.get("type", ()))
    return [code[:1].upper() + code[1:] for code in codes if code]


def _ancestors(identity: str) -> Iterator[str]:
    while "." in identity:
        yield identity
        identity = identity.rpartition(".")[0]


def _is_list(element: _Element | None) -> bool:
    return element is None or element.get("max") != "1"
