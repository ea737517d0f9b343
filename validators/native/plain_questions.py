"""Plain questions: those that take a value, its type and the terminology, and nothing compiled.

Nearly all that the acceptor asks about lines that are in order is of this kind: whether a code is
one, whether a text has its format. Such a question is described by the element's type and bindings,
so that a table that ships can hold it. Of References only those are plain that imply a name which
is no type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from ..checks.check import Check, Issues
from ..checks.coded_element import BoundTo, CodedElement, codes_check
from ..checks.resolution import PLAIN
from ..checks.surroundings import Scope
from ..definitions import type_url
from ..terminology import Terminology
from ..values import primitives
from ..verdicts.issue import Issue
from .answers import YES, Answer
from .questions import (
    NeedsContextError,
    Nowhere,
    Question,
    about_codings,
    about_text,
    about_value,
    judged,
)

__all__ = [
    "NUMERIC",
    "REFERENCE",
    "PlainQuestion",
    "about_primitive",
    "described",
    "plain_question",
    "told",
]

PlainQuestion = Callable[[bytes], Answer | None]
"""A ``Question`` that gives None where it takes more after all."""
REFERENCE: Final = CodedElement("Reference", ())
"""Describes the questions about references, to whichever targets."""
NUMERIC: Final = frozenset({"boolean", "integer", "positiveInt", "unsignedInt", "decimal"})
"""Primitives that JSON does not write as strings."""
_HOLDERS: Final[dict[str, Callable[[list[dict[str, str]]], Any]]] = {
    "CodeableConcept": lambda codings: {"coding": codings},
    "Coding": lambda codings: codings[0],
    "Quantity": lambda codings: codings[0],
}
"""By type, what makes of Codings the value that its check wants to see around them."""


def plain_question(element: CodedElement, terminology: Terminology, *, remarks: bool) -> Question:
    """Return the question about the codes of an element, or about the format and the codes of a
    primitive.

    remarks   whether what fails no resource is a remark (see ``judged``)
    """
    check = codes_check(element, terminology, warnings=remarks)
    holder = _HOLDERS.get(element.type)
    if holder is not None:
        assert check is not None, "codes of these types are always checked"
        return about_codings(check, holder, remarks=remarks)
    style = primitives.WARNINGS.get(element.type) if remarks else None
    form = told(primitives.CHECKS[element.type], style)
    checks = [form] if check is None else [form, check]
    return about_primitive(element.type, checks, remarks=remarks)


def described(
    kind: str, bindings: Sequence[tuple[str, str, str | None]], terminology: Terminology
) -> PlainQuestion:
    """Return the plain question of a table that shipped, by type and bindings."""
    if kind == REFERENCE.type:
        return partial(_of_reference, terminology)
    element = CodedElement(kind, [BoundTo(*bound) for bound in bindings])
    return plain_question(element, terminology, remarks=False)


def about_primitive(
    kind: str,
    checks: list[Check],
    place: Callable[[], Nowhere] = Nowhere,
    *,
    remarks: bool,
) -> Question:
    """Return the question about the values of a primitive type: the answer is yes where no check
    finds anything (see ``judged``).
    """

    def found(value: Any, scope: Scope) -> Issues:
        if kind == "xhtml" and _needs_resource(value):
            raise NeedsContextError
        return [issue for check in checks for issue in check(value, scope) or ()]

    if kind in NUMERIC:
        return about_value(
            lambda value, scope: judged(found(value, scope), scope, remarks=remarks), place
        )
    return about_text(found, place, remarks=remarks)


def told(prove: primitives.Check, style: primitives.Check | None) -> Check:
    """Return the check of a primitive's format and, where that is asked for, of its style."""

    def check(value: Any, scope: Scope) -> Issues:
        found = prove(value) or (style(value) if style is not None else None)
        return None if found is None else [Issue.of(found)]

    return check


def _of_reference(terminology: Terminology, text: bytes) -> Answer | None:
    """Answer about a reference by what it implies: nothing is said where that is no type. In
    conditional ones stand the urls of systems, whose parts look like types.
    """
    match = PLAIN.fullmatch(text[1:-1].decode()) if text[:1] == b'"' and text.isascii() else None
    if match is None or match[1] is None:
        return None
    known = terminology.definitions.versions("StructureDefinition", type_url(match[1]))
    return None if known else YES


def _needs_resource(div: str) -> bool:
    """Tell whether a narrative is judged with the resource around it: by what its links lead to, by
    the resource's language.
    """
    from ..values.narrative import read_div  # nearly all are read natively

    narrative = read_div(div)
    return bool(narrative.links or narrative.images or narrative.wordless)
