"""Values that were seen before: data say the same concepts and references over and over, so what
was found in one is remembered.

Not a rule of its own: it stands before the checks of a property and answers for them, where the
verdict hangs on nothing but the value.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

import orjson

from ..checks.check import Issues, copied
from ..checks.resolution import FRAGMENTS, PLAIN, TYPES_KEPT, contained_by_id
from ..checks.surroundings import Scope
from ..economy.lazy_pattern import lazy_pattern
from ..economy.memory import Memory
from ..schema import Property
from ..values.primitives import QUIET
from .form import PropertyCheck

__all__ = ["remembered"]

_CONCEPT = frozenset({"coding", "text"})
_CODING = frozenset({"system", "version", "code", "display", "userSelected"})
_LENGTH = 512

_LOCAL = lazy_pattern(r"#[A-Za-z0-9\-.]{1,64}")
_DISPLAY = 100_000


def remembered(
    prop: Property, check: PropertyCheck, memory: Memory, *, warnings: bool
) -> PropertyCheck:
    """Return the check of a property with a memory of values that had nothing to be counted; the
    check itself for a property of another type than those that are remembered, or with constraints
    of its own.
    """
    if any(c.key != "ele-1" for c in prop.element.constraints):
        return check
    if prop.type == "Reference":
        return _References(prop, check, memory, QUIET["string"][0] if warnings else None).check
    if prop.type in ("CodeableConcept", "Coding"):
        return _whole(prop, check, memory)
    return check


def _is_coding(value: Any) -> bool:
    return value.__class__ is dict and _CODING.issuperset(value)


def _is_concept(value: Any) -> bool:
    if value.__class__ is not dict or not _CONCEPT.issuperset(value):
        return False
    codings = value.get("coding", ())
    return codings.__class__ in (list, tuple) and all(map(_is_coding, codings))


def _whole(prop: Property, check: PropertyCheck, memory: Memory) -> PropertyCheck:
    """Return the check of codes that are known by their JSON text, written again. Unlike a tuple of
    the parts the text tells true from 1, and takes no Python.

    Remembered is what has neither ids nor extensions nor anything else whose verdict hangs on what
    is around it.
    """
    is_one: Callable[[Any], bool] = _is_coding if prop.type == "Coding" else _is_concept

    def is_plain(value: Any) -> bool:
        return all(map(is_one, value)) if value.__class__ is list else is_one(value)

    known: dict[bytes, Issues] = memory.table((prop.element.path, prop.type, prop.element.binding))
    dumps = orjson.dumps

    def checked(value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        try:
            text = dumps(value)
        except TypeError:  # a number of an odd form, or too deep
            return check(value, owner, scope)
        if text in known:
            return copied(known[text])
        counted = scope.undecided.total()
        issues = check(value, owner, scope)
        # A value that counted something as undecided must count it each time that it comes.
        if len(text) <= _LENGTH and scope.undecided.total() == counted and is_plain(value):
            # A copy: what orjson gives holds on to the 4 kB that it was written into.
            memory.keep(known, bytes(memoryview(text)), copied(issues))
        return issues

    return checked


class _References:
    """References of one property: known by their text, plain ones by the type that they lead to; a
    display need only be there.

    In a Bundle references may lead to other entries: there all are checked.

    proven   texts that were found good, shared by all properties that allow the same types
    types    types that were found good, None for the one that a UUID does not tell
    held     the same of contained resources
    quiet    displays of which there is nothing to say, where more can be said of one than that it
             is empty
    """

    def __init__(
        self, prop: Property, check: PropertyCheck, memory: Memory, quiet: Container[str] | None
    ) -> None:
        self._check = check
        self._memory = memory
        self._proven = memory.table(prop.type_ref)
        self._of_types, self._of_held = Memory(TYPES_KEPT), Memory(TYPES_KEPT)
        self._types: dict[str | None, None] = self._of_types.table()
        self._held: dict[str | None, None] = self._of_held.table()
        self._quiet = quiet
        self.check = self._several if prop.is_list else self._single

    def _single(self, value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        if scope.enclosed:
            return self._check(value, owner, scope)
        if self._knows(value, scope):
            return None
        issues = self._check(value, owner, scope)
        if issues is None:
            self._learn(value, scope)
        return issues

    def _several(self, value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        if scope.enclosed:
            return self._check(value, owner, scope)
        if value.__class__ is list and value and all(self._knows(one, scope) for one in value):
            return None
        issues = self._check(value, owner, scope)
        if issues is None:
            for one in value:
                self._learn(one, scope)
        return issues

    def _knows(self, value: Any, scope: Scope) -> bool:
        try:
            rest = 1
            if "reference" in value:
                reference = value["reference"]
                if reference not in self._proven and not self._leads_well(reference, scope):
                    return False
                if len(value) == 1:
                    return True
                rest = 2
            if len(value) != rest or (display := value["display"]).__class__ is not str:
                return False
            return 0 < len(display) < _DISPLAY if self._quiet is None else display in self._quiet
        except (KeyError, TypeError):  # of another form
            return False

    def _leads_well(self, reference: str, scope: Scope) -> bool:
        plain = PLAIN.fullmatch(reference)
        if plain is not None:
            if plain[1] not in self._types:
                return False
            self._memory.keep(self._proven, reference, None)
            return True
        if scope.parent is not None or _held_type(reference, scope) not in self._held:
            return False
        scope.memo.setdefault(FRAGMENTS, set()).add(reference[1:])
        return True

    def _learn(self, value: dict[str, Any], scope: Scope) -> None:
        reference = value.get("reference")
        if reference is None or "type" in value or len(reference) > _LENGTH:
            return
        if reference.startswith("#"):
            name = _held_type(reference, scope) if scope.parent is None else None
            if name is not None:
                self._of_held.keep_early(self._held, name, None)
            return
        self._memory.keep(self._proven, reference, None)
        if (plain := PLAIN.fullmatch(reference)) is not None:
            self._of_types.keep_early(self._types, plain[1], None)


def _held_type(reference: str, scope: Scope) -> str | None:
    """Return the type of the contained resource that a reference leads to; None where it leads to
    none.
    """
    if _LOCAL.fullmatch(reference) is None:
        return None
    target = contained_by_id(scope).get(reference[1:])
    name = target.get("resourceType") if target is not None else None
    return name if type(name) is str else None
