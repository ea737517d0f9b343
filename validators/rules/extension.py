"""Extensions (FHIR R4, section 2.4): an absolute url; what a known definition says of value, content and place; modifier or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..issue import Issue
from ..primitives import is_absolute_uri
from ..schema import Property
from .rule import Check, Issues, Scope

if TYPE_CHECKING:
    from ..explainer import Explainer

__all__ = ["build"]

_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_INSIDE = "Extension.extension"  # the parts of an extension, whose urls are names


class _Definition:
    """A known extension definition, compiled: types allowed as value (empty: it holds extensions), and the profile's own check."""

    def __init__(self, explainer: Explainer, definition: dict[str, Any]) -> None:
        elements = definition["snapshot"]["element"]
        value = next((e for e in elements if e["path"].startswith("Extension.value")), None)
        self.url: str = definition["url"]
        self.is_modifier = bool(elements[0].get("isModifier"))
        self.types = {t["code"] for t in value.get("type", ())} if value is not None and value.get("max") != "0" else set()
        if self.url == _FHIR_TYPE:
            self.types |= {"uri", "url"}
        self.check = explainer.profile_check(definition["url"])


def _error(rule: str, text: str) -> Issue:
    return Issue("error", "structure", rule, "", text)


def build(found: Property, explainer: Explainer) -> Check | None:
    if found.type != "Extension":
        return None
    schema, modifier, inside = explainer.schema, found.json_name == "modifierExtension", found.element.path == _INSIDE
    known: dict[str, _Definition | None] = {}

    def definition(url: str) -> _Definition | None:
        try:
            return known[url]
        except KeyError:
            bare = url.partition("|")[0]
            stated = explainer.definitions.fetch("StructureDefinition", bare) if is_absolute_uri(bare) else None
            made = _Definition(explainer, stated) if stated is not None and stated["type"] == "Extension" and "snapshot" in stated else None
            if len(known) < 4096:
                known[url] = made
            return made

    def actual_type(value: dict[str, Any]) -> str | None:
        name = next((n.lstrip("_") for n in value if n.lstrip("_").startswith("value")), None)
        p = schema.properties("Extension").get(name) if name is not None else None
        return p.type if p is not None else None

    def stated(value: dict[str, Any], one: _Definition, scope: Scope) -> list[Issue]:
        issues: list[Issue] = []
        if one.is_modifier != modifier:
            issues.append(_error("extension-modifier", f"The Extension '{one.url}' must {'not ' if modifier else ''}be used as a modifierExtension"))
        kind = actual_type(value)
        if kind is not None:
            if kind not in one.types:
                issues.append(_error("extension-type", f"The Extension '{one.url}' definition allows for the types {sorted(one.types)} but found type {kind}"))
        elif one.types:
            words = "a simple extension, so it must contain a value" if "extension" not in value else "for a simple extension, so it must contain a value, not extensions"
            issues.append(_error("extension-value", f"The Extension '{one.url}' definition is {words}"))
        if one.check is not None:
            issues += one.check(value, scope) or ()
        return issues

    def check(value: Any, scope: Scope) -> Issues:
        if type(value) is not dict:
            return None
        url = value.get("url")
        if type(url) is not str:
            return None
        one = definition(url)
        if one is not None:
            return stated(value, one, scope) or None
        if not inside and not is_absolute_uri(url):
            return [_error("extension-url", "Extension.url must be an absolute URL")]
        return None

    return check
