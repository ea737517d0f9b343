"""Value tests: what the elements at a discriminator's path must be, where FHIRPath has no words for
it (values of every type, patterns, value sets that cannot be expanded).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .. import fhirpath
from ..checks.surroundings import Scope
from ..fhirpath import Node as Item
from ..schema import Property
from ..terminology import Membership
from ..terminology.membership import FAULTS

if TYPE_CHECKING:
    from ..checks.compilation import Compilation
    from ..terminology import Terminology

__all__ = ["Selection", "Test", "always", "masked"]

Test = Callable[[Any, Any, Scope], bool | None]
"""Tells whether a value (JSON value, companion, scope) is as wanted; None where it cannot be
decided.
"""
_SURPRISED = (
    fhirpath.EvaluationError, ArithmeticError, AttributeError, KeyError, TypeError, ValueError,
)  # fmt: skip
"""What an evaluation raises for data of a form that the type does not allow, which the walk
reports."""


def always(answer: bool | None) -> Test:
    """Return the test that says the same of every value."""
    return lambda value, companion, scope: answer


def masked(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    """Return the part of a JSON value that stands at one of the paths of names; None for nothing.

    A choice may be named without its type.
    """
    if any(not path for path in paths):
        return value
    if isinstance(value, list):
        return [part for each in value if (part := masked(each, paths)) is not None] or None
    if not isinstance(value, dict):
        return None
    below: dict[str, list[Sequence[str]]] = {}
    for first, *rest in paths:
        below.setdefault(_key(value, first), []).append(rest)
    parts = {name: masked(value[name], rests) for name, rests in below.items() if name in value}
    return {name: part for name, part in parts.items() if part is not None} or None


def _key(value: dict[str, Any], name: str) -> str:
    if name in value:
        return name
    return next((key for key in value if key.startswith(name) and key[len(name)].isupper()), name)


class Selection:
    """The elements that a FHIRPath leads to from a value of a property.

    Raises FhirPathError where the path is none.
    """

    def __init__(self, compilation: Compilation, path: str, prop: Property) -> None:
        self._scope_of = compilation.fhirpath_scope
        self._terminology = compilation.terminology
        self._expression = fhirpath.compile(path, prop.type, model=compilation.model)
        self._is_object = not prop.is_primitive

    def matching(self, mismatch: Callable[[Any, Any], str | None], wanted: Any) -> Test:
        """Return the test that one of the elements is what is wanted."""

        def test(value: Any, companion: Any, scope: Scope) -> bool:
            return any(
                mismatch(item.value, wanted) is None
                for item in self._items(value, companion, scope)
            )

        return test

    def in_value_set(self, url: str) -> Test:
        """Return the test that every code of the one element is in a value set."""

        def test(value: Any, companion: Any, scope: Scope) -> bool | None:
            items = self._items(value, companion, scope)
            return _in_value_set(items[0], self._terminology, url) if len(items) == 1 else False

        return test

    def following(self, known: Sequence[str], kinds: frozenset[str]) -> Test:
        """Return the test that the one element follows a known profile; it may follow an unknown
        one where its type is among the kinds.
        """

        def test(value: Any, companion: Any, scope: Scope) -> bool | None:
            items = self._items(value, companion, scope)
            if len(items) != 1:
                return False
            item, hooks = items[0], self._scope_of(scope).hooks
            if any(hooks.conforms_to(item.value, item.type, url) for url in known):
                return True
            return None if not kinds or item.type in kinds else False

        return test

    def _items(self, value: Any, companion: Any, scope: Scope) -> list[Item]:
        if self._is_object and type(value) is not dict:
            return []
        try:
            found = self._expression.nodes(value, self._scope_of(scope), companion)
        except _SURPRISED:
            return []
        return [item for item in found if isinstance(item, Item)]


def _in_value_set(item: Item, terminology: Terminology, url: str) -> bool | None:
    """Tell whether every code of an element is in a value set; None where that is undecided."""
    value_set = terminology.value_set(url)
    if value_set is None:
        return None
    answers = value_set.answers(item.value, item.type)
    if any(answer in FAULTS for answer in answers):
        return False
    return None if any(answer is not Membership.IN for answer in answers) else bool(answers)
