"""Extensions (FHIR R4, section 2.4): an absolute url; what a known definition says of value, parts
and place; modifier or not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from ..checks.check import Check, Issues, prefix_locations
from ..checks.rule import Lowered, Reads, Rule
from ..checks.surroundings import Scope
from ..definitions import CORE
from ..economy.lazy_pattern import lazy_pattern
from ..economy.memory import Memory
from ..schema import Property
from ..values.uri import is_absolute_uri
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue
from .extension_context import EXTENSION_CONTEXT, Placement, pending_context, with_bases

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE", "Extensions"]

_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_MATCHETYPE = "http://hl7.org/fhir/tools/StructureDefinition/matchetype"
_OTHER_VERSION = lazy_pattern(
    r"http://hl7\.org/fhir/[0-9]\.[0-9]/StructureDefinition/extension-..+", re.DOTALL
)
_INSIDE = "Extension.extension"  # the parts of an extension, whose urls are names
_KEPT = 4096  # urls come from data
_LATER = {
    "instance-name": ("string", "Resource.meta"),
    "instance-description": ("markdown", "Resource.meta"),
    "structuredefinition-fmm-support": ("markdown", "Element"),
}
"""Extensions that R4 does not define and its publisher uses: name -> type of the value and context.
"""

_VARIED: Final = frozenset(
    "date dateTime instant time decimal base64Binary oid uuid Address Age Annotation Attachment "
    "ContactPoint Count Distance Duration HumanName Identifier Money Period Quantity Range Ratio "
    "Reference SampledData Signature Timing".split()
)
"""Types whose values seldom come again, other than codes, words and truths."""


EXTENSION_URL = Declaration(
    "extension-url",
    "error",
    "structure",
    "Extension.url must be an absolute URL",
    "an extension has a url, which is absolute unless it is a part of another",
    section="2.4.0.1",
    reference=("Extension_EXT_Url_NotFound", "Extension_EXT_URL_Absolute"),
)
EXTENSION_URL_MISSING = EXTENSION_URL.also("Extension.url must have a value of its own")
MATCHETYPE = EXTENSION_CONTEXT.also(
    "This resource is not allowed to be a matchetype, a pattern for other resources"
)
EXTENSION_VERSION = Declaration(
    "extension-version",
    "error",
    "structure",
    "The extension URL must not contain a version: {url}",
    "the url of an extension names R4's definition, without a version",
    section="2.4.0.1",
    quotes=("url",),
)
EXTENSION_VERSION_OTHER = EXTENSION_VERSION.also(
    "Extensions of other FHIR versions are not known: {url}", quotes=("url",)
)
EXTENSION_MODIFIER = Declaration(
    "extension-modifier",
    "error",
    "structure",
    "The Extension '{url}' must be used as a modifierExtension",
    "an extension that modifies is a modifierExtension, and no other is",
    section="2.4.0.3",
    reference=("Extension_EXT_Modifier_Y",),
)
EXTENSION_NO_MODIFIER = EXTENSION_MODIFIER.also(
    "The Extension '{url}' must not be used as a modifierExtension"
)
EXTENSION_TYPE = Declaration(
    "extension-type",
    "error",
    "structure",
    "The Extension '{url}' definition allows for the types {types} but found type {found}",
    "the value of an extension is of a type that its definition allows",
    section="2.4.0.1",
    reference=("Extension_EXT_Type",),
)
EXTENSION_VALUE = Declaration(
    "extension-value",
    "error",
    "structure",
    "The Extension '{url}' definition is a simple extension, so it must contain a value",
    "an extension has a value where its definition wants one",
    section="2.4.0.1",
    reference=("Extension_EXT_Simple_ABSENT",),
)
EXTENSION_VALUE_NO_PARTS = EXTENSION_VALUE.also(
    "The Extension '{url}' definition is for a simple extension, so it must contain a value, not "
    "extensions"
)
EXTENSION_PART = Declaration(
    "extension-part",
    "error",
    "structure",
    "Sub-extension url '{name}' is not defined by the Extension {url}",
    "a part of an extension is one that its definition names",
    section="2.4.0.1",
    reference=("Extension_EXT_SubExtension_Invalid",),
    quotes=("name",),
)


class _Definition:
    """A known extension definition, compiled for one kind of place.

    types   allowed as value; empty: it holds extensions
    needs   whether its profile demands a value
    varies  whether its values, or those of its parts, seldom come again
    parts   the names of the extensions that it may hold
    placed  whether it may stand in a place of these names, whatever lies above
    check   what its definition says beyond the type Extension
    """

    def __init__(
        self,
        compilation: Compilation,
        definition: dict[str, Any],
        names: frozenset[str],
        *,
        on_resource: bool,
    ) -> None:
        elements = definition["snapshot"]["element"]
        value = next((e for e in elements if e["path"].startswith("Extension.value")), None)
        self.url: str = definition["url"]
        self.is_modifier = bool(elements[0].get("isModifier"))
        self.types = (
            {t["code"] for t in value.get("type", ())}
            if value is not None and value.get("max") != "0"
            else set()
        )
        if self.url == _FHIR_TYPE:
            self.types |= {"uri", "url"}
        self.needs = value is not None and value.get("min", 0) > 0
        self.varies = any(
            t["code"] in _VARIED
            for e in elements
            if e["path"].endswith(".value[x]") and e.get("max") != "0"
            for t in e.get("type", ())
        )
        self.parts = {
            e["fixedUri"]
            for e in elements
            if e["path"] == "Extension.extension.url" and "fixedUri" in e
        }
        self.placement = Placement.of(definition)
        self.placed = self.placement.satisfied_by(names, on_resource=on_resource)
        self.check = compilation.profile_check(self.url)

    def names(self, part: str) -> bool:
        """Tell whether a part may have a url."""
        return part in self.parts or is_absolute_uri(part)


def build(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of the extensions of one property: the url, and for a known definition its
    place, value and parts (FHIR R4, section 2.4.0.1). None for any other property.
    """
    return Extensions(prop, compilation).check if prop.type == "Extension" else None


Deciding: TypeAlias = Literal["url", "value", "place", "profile"]
"""What decides about an extension: its url alone; its whole value; its place, too; or its profile,
and that all of its parts are named.
"""


class Extensions:
    """The extensions of one kind of place."""

    def __init__(self, prop: Property, compilation: Compilation) -> None:
        path = prop.element.path
        owner = path.rpartition(".")[0]
        self.compilation = compilation
        self.is_modifier = prop.json_name == "modifierExtension"
        self.is_part = path == _INSIDE
        self.on_resource = compilation.schema.kind(owner) == "resource"
        self.names = _names(owner, compilation)
        self.memory = Memory(_KEPT)
        self.known: dict[str, _Definition | None] = self.memory.table()

    def check(self, value: Any, scope: Scope) -> Issues:
        """Return what is wrong with one extension; None where nothing is."""
        if not isinstance(value, dict):
            return None
        url = value.get("url")
        if type(url) is not str:  # one that is missing altogether is the cardinality's
            return [Issue.of(EXTENSION_URL_MISSING())] if url is None and "_url" in value else None
        one = self.definition(url)
        if one is not None:
            return self._stated(value, url, one, scope) or None
        if not self.is_part and not is_absolute_uri(url):
            return [Issue.of(EXTENSION_URL())]
        if url == _MATCHETYPE and self.on_resource:
            return [Issue.of(MATCHETYPE())]
        if _OTHER_VERSION.fullmatch(url):
            return [Issue.of(EXTENSION_VERSION_OTHER(url=url[:256]))]
        return None

    def definition(self, url: str) -> _Definition | None:
        """Return what is known of a url, and remember it; None where no definition is."""
        if url in self.known:
            return self.known[url]
        bare = url.partition("|")[0]
        stated = (
            self.compilation.definitions.fetch("StructureDefinition", bare)
            if is_absolute_uri(bare)
            else None
        )
        stated = stated or _later(url)
        made = None
        if stated is not None and stated["type"] == "Extension" and "snapshot" in stated:
            made = _Definition(self.compilation, stated, self.names, on_resource=self.on_resource)
        return self.memory.keep_early(self.known, url, made)

    def deciding(self, url: str) -> Deciding:
        """Return what decides about extensions with a url: their profile does where a whole value
        is seldom met again, and it says all that there is to say but for names of parts.
        """
        one = self.definition(url)
        if one is None:
            bare = url.partition("|")[0]
            known = self.compilation.definitions.fetch("StructureDefinition", bare) is not None
            return "value" if known else "url"
        if not one.placed:
            return "place"
        is_plain = one.url == url and one.is_modifier == self.is_modifier
        is_told = one.check is not None and (one.needs or not one.types)
        return "profile" if is_plain and is_told and one.varies else "value"

    def _stated(
        self, value: dict[str, Any], url: str, one: _Definition, scope: Scope
    ) -> list[Issue]:
        issues: list[Issue] = (
            []
            if one.placed
            else [pending_context(self.compilation, one.placement, modifier=self.is_modifier)]
        )
        if "|" in url:
            issues.append(Issue.of(EXTENSION_VERSION(url=url[:256])))
        if one.is_modifier != self.is_modifier:
            sentence = EXTENSION_NO_MODIFIER if self.is_modifier else EXTENSION_MODIFIER
            issues.append(Issue.of(sentence(url=one.url)))
        issues += self._value(value, one)
        issues += _parts(value, one) if "extension" in value and "|" not in url else ()
        if one.check is not None:
            issues += one.check(value, scope) or ()
        return issues

    def _value(self, value: dict[str, Any], one: _Definition) -> list[Issue]:
        name = next((n.lstrip("_") for n in value if n.lstrip("_").startswith("value")), None)
        found = (
            self.compilation.schema.properties("Extension").get(name) if name is not None else None
        )
        if found is not None:
            if found.type in one.types:
                return []
            types = ", ".join(sorted(one.types))
            return [Issue.of(EXTENSION_TYPE(url=one.url, types=types, found=found.type))]
        if not one.types:
            return []
        sentence = EXTENSION_VALUE_NO_PARTS if "extension" in value else EXTENSION_VALUE
        return [Issue.of(sentence(url=one.url))]


def _later(url: str) -> dict[str, Any] | None:
    found = _LATER.get(url.removeprefix(CORE)) if url.startswith(CORE) else None
    if found is None:
        return None
    kind, context = found
    elements = [{"path": "Extension"}, {"path": "Extension.value[x]", "type": [{"code": kind}]}]
    return {
        "url": url,
        "type": "Extension",
        "context": [{"type": "element", "expression": context}],
        "snapshot": {"element": elements},
    }


def _names(owner: str, compilation: Compilation) -> frozenset[str]:
    """Return what a place is called as far as its definition tells, by the path of what holds the
    extension: a type, a backbone element, or a primitive's.
    """
    holder, _, name = owner.rpartition(".")
    found = (
        compilation.schema.properties(holder).get(name)
        if compilation.schema.kind(holder) is not None
        else None
    )
    return with_bases(
        compilation,
        (
            owner.removesuffix("[x]"),
            *((found.type,) if found is not None and found.is_primitive else ()),
        ),
    )


def _parts(value: dict[str, Any], one: _Definition) -> list[Issue]:
    """Return the issues of parts whose url is a name that the definition does not have."""
    parts = value["extension"]
    issues: list[Issue] = []
    for index, part in enumerate(parts if type(parts) is list else ()):
        name = part.get("url") if type(part) is dict else None
        if type(name) is str and not one.names(name):
            issue = Issue.of(EXTENSION_PART(name=name[:128], url=one.url))
            issues += prefix_locations(f"extension[{index}]", [issue])
    return issues


RULE = Rule(
    "extensions",
    ("value",),
    build,
    Lowered("extension"),
    Reads(("url", "_url", "extension"), opens=True),
)
