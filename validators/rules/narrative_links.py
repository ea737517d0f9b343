"""Links inside narratives (FHIR R4, section 2.4): ``#anchor`` and ``#image`` lead somewhere in the
resource. The XHTML itself is a primitive format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import Reads, Rule, Twin
from ..checks.surroundings import Scope
from ..schema import TypeSchema
from ..values.narrative import read_div, resolve_anchors
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE"]


_HOLDERS = ("text", "section", "entry", "parameter")
"""What may hold a narrative, or a resource that has one."""


NARRATIVE_LANGUAGE = Declaration(
    "narrative-language",
    "error",
    "processing",
    "A narrative without words needs a lang attribute where the resource has a language",
    "a narrative of pictures alone says its language where the resource has one",
    reference=("JSON",),
)


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of a resource's narratives that need the resource around them (FHIR R4,
    section 2.4): their links lead to ids that are there, and a narrative in a stated language has
    words. None for types that are no resources.
    """
    if schema.kind != "resource":
        return None
    start = len(schema.name) + 1

    def check(value: Any, scope: Scope) -> Issues:
        issues: list[Issue] = []
        if scope.parent is None and _may_have_links(
            value
        ):  # the line's own resource asks for all that is inside
            issues = resolve_anchors(value)
            for issue in issues:
                issue.location = issue.location[start:]
        if "language" in value:
            issues += _language(value.get("text"))
        return issues or None

    return check


def _may_have_links(value: dict[str, Any]) -> bool:
    for name in _HOLDERS:
        if name in value:
            return True
    contained = value.get("contained")
    return type(contained) is list and any(
        type(one) is dict and _may_have_links(one) for one in contained
    )


def _language(text: Any) -> list[Issue]:
    """Return the issue of a resource in a stated language whose narrative is pictures alone: HL7's
    validator breaks on it, and so refuses it (docs/decisions).
    """
    div = text.get("div") if type(text) is dict else None
    if type(div) is not str or not read_div(div).wordless:
        return []
    return [Issue.of(NARRATIVE_LANGUAGE(), "text.div")]


RULE = Rule(
    "links in narratives",
    ("object",),
    build,
    Twin("narrative_links"),
    Reads(("language", "contained", *_HOLDERS), opens=True),
)
