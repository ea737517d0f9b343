"""Changes: what one ElementDefinition of a differential says, laid over the base's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .element import TYPED
from .tree import Element

__all__ = [
    "BY_URL",
    "changed",
    "constraints_added",
    "is_extension_slicing",
    "least",
    "sourced",
    "without",
]

BY_URL: Element = {
    "discriminator": [{"type": "value", "path": "url"}],
    "ordered": False,
    "rules": "open",
}
"""How extensions are sliced where nothing is said (FHIR R4, section 5.1.0.14)."""

_BINDABLE = frozenset(
    {"code", "Coding", "CodeableConcept", "CodeableReference", "Quantity", "string", "uri"}
)
_REPLACED = ("min", "max", "maxLength", "isModifier", "type", "contentReference", "extension")


def changed(element: Mapping[str, Any], changes: Element, profile: str) -> Element:
    """Lay a differential's changes over the base's element: cardinality, types, values and
    strengths are replaced, constraints and discriminators added.

    profile   canonical url of who makes the changes, for constraints that name no source
    """
    merged = {**element, **{key: changes[key] for key in _REPLACED if key in changes}}
    for prefix in TYPED:
        stated = [key for key in changes if _is_typed(key, prefix)]
        if stated:
            merged = {key: value for key, value in merged.items() if not _is_typed(key, prefix)} | {
                key: changes[key] for key in stated
            }
    if "binding" in changes:
        merged["binding"] = {
            **without(merged.get("binding", {}), "extension"),
            **changes["binding"],
        }
    if "slicing" in changes:
        merged["slicing"] = _slicing(merged.get("slicing", {}), changes["slicing"])
    if "constraint" in changes:
        merged["constraint"] = constraints_added(
            merged.get("constraint", ()), sourced(changes, profile)["constraint"]
        )
    # the base's binding was for a type that the differential has taken away
    if merged.get("type") and not any(entry.get("code") in _BINDABLE for entry in merged["type"]):
        merged.pop("binding", None)
    return merged


def without(element: Mapping[str, Any], key: str) -> Element:
    """Return a copy of the element that lacks one key."""
    return {name: value for name, value in element.items() if name != key}


def _is_typed(key: str, prefix: str) -> bool:
    return key.startswith(prefix) and key[len(prefix) : len(prefix) + 1].isupper()


def sourced(element: Mapping[str, Any], url: str) -> Element:
    """Return a copy of the element whose constraints all name who states them: the url, where they
    name nobody themselves.
    """
    if all("source" in constraint for constraint in element.get("constraint", ())):
        return dict(element)
    return {
        **element,
        "constraint": [{"source": url, **constraint} for constraint in element["constraint"]],
    }


def constraints_added(base: Iterable[Element], added: Iterable[Element]) -> list[Element]:
    """Return the base's constraints, then the added ones; a key that the base has keeps the base's
    meaning.
    """
    known = {constraint["key"] for constraint in base}
    return [*base, *(constraint for constraint in added if constraint["key"] not in known)]


def _slicing(base: Element, changes: Element) -> Element:
    discriminators = list(base.get("discriminator", ()))
    discriminators.extend(
        each for each in changes.get("discriminator", ()) if each not in discriminators
    )
    merged = {**base, **changes}
    return {**merged, "discriminator": discriminators} if discriminators else merged


def is_extension_slicing(slicing: Element) -> bool:
    """Tell whether elements are sliced as extensions always are: by url, open."""
    return (
        slicing.get("discriminator") == BY_URL["discriminator"] and slicing.get("rules") == "open"
    )


def least(one: str | None, other: str | None) -> str:
    """Return the smaller of two maximums as ElementDefinition writes them; None and ``*`` are
    unbounded.
    """
    numbers = [int(text) for text in (one, other) if text is not None and text != "*"]
    return str(min(numbers)) if numbers else "*"
