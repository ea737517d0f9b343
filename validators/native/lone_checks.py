"""Lone checks: what the explainer says of a value in doubt, in a scope in which nothing but the
value is known.
"""

from __future__ import annotations

from collections.abc import Callable

from ..checks.check import Issues
from ..checks.surroundings import Scope
from ..explainer.resource_walk import Explainer
from ..rules import cardinality
from ..verdicts.undecided import LineUndecided
from .answers import REMARK, YES
from .hearing import Hearing
from .placed_checks import object_rules
from .questions import NeedsContextError, read_text, read_value
from .records import NO_CHECK
from .site_kinds import MISSING, NAME, RULES, VALUE
from .site_place import BESIDE, OfLine, SitePlace, held
from .unseen import unplaced, unseeing

__all__ = ["LoneChecks"]


class LoneChecks:
    """The checks at values alone; one per validator, not thread-safe.

    explainer   says what fails no resource, too
    hearing     of the same
    """

    def __init__(self, explainer: Explainer, hearing: Hearing) -> None:
        self._explainer = explainer
        self._hearing = hearing
        self._hooks = unseeing(explainer.hooks)
        self._looks: dict[int, Callable[[bytes, SitePlace, Scope], Issues]] = {
            VALUE: self._value,
            NAME: self._name,
            MISSING: self._missing,
            RULES: self._rules,
        }

    def found(
        self, check: int, doubted: int, place: SitePlace, text: bytes
    ) -> tuple[Issues, LineUndecided]:
        """Return what there is to say at a site, and what is left undecided.

        check     the number of the check of a primitive's format
        doubted   VALUE, NAME, MISSING, or RULES
        """
        scope = unplaced(self._hooks, place.around)
        found = self._looks[doubted](text, place, scope)
        if check != NO_CHECK and not found and not scope.undecided:
            self._hearing.keep(check, text.strip(b'"'), YES)
        return found, scope.undecided

    def answer(self, check: int, text: bytes) -> tuple[Issues, LineUndecided]:
        """Return what there is to say of what the acceptor asks, and what is left undecided."""
        answer = self._hearing.table.said(check, text)
        self._hearing.keep(check, text, answer)
        if answer.value == 0 and not answer.found:
            raise NeedsContextError
        undecided = LineUndecided(answer.undecided)
        del undecided[REMARK]
        return answer.found, undecided

    def _value(self, text: bytes, place: SitePlace, scope: Scope) -> Issues:
        if place.of is None or place.of[0].name == BESIDE:
            raise NeedsContextError
        within, prop, is_item = place.of
        value = read_text(text[1:-1]) if text.startswith(b'"') else read_value(text)
        if is_item:
            return self._explainer.value_check(prop)(value, scope)
        check = self._explainer.object_walk(within.name).member_check(prop.json_name)
        return check(value, {prop.json_name: value}, scope)

    def _name(self, text: bytes, place: SitePlace, scope: Scope) -> Issues:
        of, member = held(place), read_value(b"{" + text + b"}")
        (name,) = member
        if name in of.properties or name.removeprefix("_") in of.properties:
            raise NeedsContextError
        check = self._explainer.object_walk(of.name).member_check(name)
        return check(member[name], member, scope)

    def _missing(self, text: bytes, place: SitePlace, scope: Scope) -> Issues:
        of = held(place)
        required = [element for element in of.elements if element.min]
        lacking = {id(required[number]) for number in memoryview(text).cast("I")}
        there = {
            name: None
            for name, prop in of.properties.items()
            if prop.element.min and id(prop.element) not in lacking
        }
        check = cardinality.RULE.check(of, self._explainer)
        return None if check is None else check(there, scope)

    def _rules(self, text: bytes, place: SitePlace, scope: Scope) -> Issues:
        value = read_value(text)
        if place.of is None and place.around is OfLine:
            scope = Scope(value, scope.undecided)
        return object_rules(self._explainer, place)(value, scope)
