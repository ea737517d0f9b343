"""Rule: values that occur once in a resource: ids of elements, and security labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import Reads, Rule, Twin
from ..checks.surroundings import Scope
from ..schema import Property, TypeSchema
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["ELEMENT_IDS", "SECURITY_LABELS"]


DUPLICATE_ID = Declaration(
    "duplicate-id",
    "error",
    "business-rule",
    "Duplicate id value '{id}'",
    "no two elements of a resource have one id",
    section="2.24.0.2",
    reference=("DUPLICATE_ID",),
    quotes=("id",),
)
DUPLICATE_SECURITY = Declaration(
    "duplicate-security",
    "error",
    "duplicate",
    "Duplicate: '{label}'",
    "a security label stands once in a resource",
    section="2.24.5",
    reference=("Meta_RES_Security_Duplicate",),
    quotes=("label",),
)


def build_element(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check that no two elements of a resource have one id (FHIR R4, section 2.24.0.2).
    None for any property but the id of an element.

    ElementDefinitions are excepted: a StructureDefinition has each id twice.
    """
    path = prop.element.path
    if (
        prop.json_name != "id"
        or path == "ElementDefinition.id"
        or compilation.schema.kind(path.removesuffix(".id")) == "resource"
    ):
        return None

    def check(value: Any, scope: Scope) -> Issues:
        if type(value) is not str:
            return None
        seen = scope.memo.setdefault("ids", set())
        if value in seen:
            return [Issue.of(DUPLICATE_ID(id=value[:64]))]
        seen.add(value)
        return None

    return check


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check that Meta.security is a set (FHIR R4, section 2.24.5). None for any other
    type.
    """
    if schema.name != "Meta":
        return None

    def check(value: Any, scope: Scope) -> Issues:
        labels = value.get("security")
        if type(labels) is not list or len(labels) < 2:
            return None
        issues: list[Issue] = []
        seen: set[str] = set()
        for n, key in enumerate(
            f"{label.get('system')}#{label.get('code')}" for label in labels if type(label) is dict
        ):
            if key in seen:
                issues.append(Issue.of(DUPLICATE_SECURITY(label=key[:128]), f"security[{n}]"))
            seen.add(key)
        return issues or None

    return check


ELEMENT_IDS = Rule("ids of elements", ("value",), build_element, Twin("ids"))
SECURITY_LABELS = Rule(
    "ids and labels that occur once",
    ("object",),
    build,
    Twin("ids"),
    Reads(("security",)),
)
