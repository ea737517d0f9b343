"""Sites: what the explainer's checks say of the values in doubt of a line, and of nothing else in
it.

The acceptor tells the sites in the order in which the explainer would come to them, and has proven
all that is around them. Of a site this is run, in a scope in which nothing but the value is known:

    ANSWER    what the acceptor asks about such a value: codes, a reference, an extension, a rule
              on values
    VALUE     all checks of the property, on the value: form, format, codes
    NAME      the check of a name that the type does not have
    MISSING   the check of required elements, on the names that are there
    RULES     every rule on objects of the type, on the object

Why that is enough: a check sees its value, its scope, and what checks before it have left in the
memory of the scope. A check that asks the scope for more breaks off, and the line is explained
whole. What is left in the memory counts for ids of elements and for references to contained
resources alone, of which the acceptor tells no site.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from ..checks.check import Issues
from ..checks.exactness import InexactNumberError
from ..checks.surroundings import Scope
from ..explainer.repeats import without_repeats
from ..explainer.resource_walk import Explainer
from ..issue import Issue, any_fails
from ..memory import Memory
from ..rules import cardinality
from ..rules.invariant import BROKEN
from ..schema import Property, TypeSchema
from ..undecided import LineUndecided, UndecidedCode, codes_in, names_in
from .answers import REMARK, YES, Told
from .hearing import Hearing
from .questions import (
    NeedsContextError,
    Nowhere,
    Outermost,
    read_text,
    read_value,
)
from .records import NO_CHECK
from .unseen import unplaced, unseeing

__all__ = ["SiteWalk"]

ANSWER, VALUE, NAME, MISSING, RULES = range(5)
"""What is in doubt at a site: ``Doubted`` in ``native/src/accept/walk/sites.rs``."""
_ITEM, _TYPE = 1 << 31, 1 << 30
"""Mark the steps of a path that are no names: positions in arrays, types of resources."""
_BESIDE: Final = "Element"
"""The type of what stands beside a primitive, whose extensions know the element: another walk."""
_PLACES, _LINES = 16_384, 4_096
"""Places, and lists of sites, that are remembered: some 16 MB each at the most. Of sites there are
as many as the acceptor numbers.
"""


class _OfLine(Outermost):
    """The scope of a value in a line's own resource, which is no Bundle."""

    __slots__ = ()
    enclosed = False


class _Contained(Nowhere):
    """The scope of a value in a contained resource."""

    __slots__ = ()
    enclosed = False


class _Place(NamedTuple):
    """Where a value stands.

    location      of the value
    owner         the location of the object that has the property
    of            the type of that object, the property, and whether the value is an item of the
                  property's array; None of a resource
    held          the type of the value's members, None where it is a primitive
    is_contained  whether it stands in a contained resource
    """

    location: str
    owner: str
    of: tuple[TypeSchema, Property, bool] | None
    held: TypeSchema | None
    is_contained: bool


class _Finding(NamedTuple):
    """What there is to say at a site.

    undecided   by its key, once for each time
    codes       that were undecided, once for each time
    fails       whether an issue fails the line
    marks       a number for what tells each issue from others; none for one that has to be looked
                at beside the others
    """

    issues: Sequence[Issue]
    undecided: Sequence[str]
    codes: Sequence[UndecidedCode]
    fails: bool
    marks: Sequence[int]


_Line = tuple[Sequence[Issue], Mapping[str, int], Mapping[UndecidedCode, int]]
"""What there is to say of lines with the same sites: see ``Told``."""
_UNTOLD: Final[_Line] = ((), {}, {})
"""Of lines that take more than their sites."""


class SiteWalk:
    """The walk over sites; one per validator, not thread-safe.

    explainer   says what fails no resource, too
    hearing     of the same
    """

    def __init__(self, explainer: Explainer, hearing: Hearing) -> None:
        self._explainer = explainer
        self._hearing = hearing
        self._table = hearing.table
        self._hooks = unseeing(explainer.hooks)
        self._places_memory = Memory(_PLACES)
        self._places: dict[bytes, _Place] = self._places_memory.table()
        self._sites: list[bytes | _Finding] = []
        self._lines_memory = Memory(_LINES)
        self._lines: dict[bytes, _Line] = self._lines_memory.table()
        self._looks: dict[int, Callable[[bytes, _Place, Scope], Issues]] = {
            VALUE: self._value,
            NAME: self._name,
            MISSING: self._missing,
            RULES: self._rules,
        }

    def learn(self, first: int, sites: Sequence[bytes]) -> None:
        """Take the sites whose numbers come from ``first`` on; with 0 all others are forgotten."""
        if first == 0:
            self._sites.clear()
            self._lines_memory.clear()
        self._sites += sites

    def told(self, kind: int, identity: str | None, numbers: bytes) -> Told | None:
        """Return what there is to say of a line, in document order, each once; None where it takes
        more than its sites.

        kind     the number of its type
        numbers  of its sites, as native 32-bit words
        """
        known = self._lines.get(numbers)
        if known is None:
            line = self._line(memoryview(numbers).cast("I"))
            known = self._lines_memory.keep(self._lines, numbers, line)
        return None if known is _UNTOLD else Told(self._table.types[kind], identity, *known)

    def _line(self, numbers: Sequence[int]) -> _Line:
        issues: list[Issue] = []
        undecided: list[str] = []
        codes: list[UndecidedCode] = []
        marks: list[int] = []
        fails = False
        try:
            for number in numbers:
                site = self._sites[number]
                if isinstance(site, bytes):
                    self._sites[number] = site = self._finding(site)
                issues += site.issues
                undecided += site.undecided
                codes += site.codes
                marks += site.marks
                fails = fails or site.fails
        except (NeedsContextError, InexactNumberError):
            return _UNTOLD
        except Exception:  # noqa: BLE001
            return _UNTOLD  # a bug in a rule: it shows again at the wall around the resource
        if not fails and not numbers:
            return _UNTOLD
        if len(set(marks)) < len(issues):
            issues = without_repeats(issues)
        return (
            issues if fails else (),
            Counter(undecided) if undecided else {},
            Counter(codes) if codes else {},
        )

    def _finding(self, site: bytes) -> _Finding:
        check, doubted, steps = memoryview(site)[:12].cast("I")
        behind = 12 + 4 * steps
        path, text = site[12:behind], site[behind:]
        place = self._places.get(path) or self._place(path)
        if doubted == ANSWER:
            found, undecided = self._answer(check, text)
        else:
            scope = unplaced(self._hooks, _Contained if place.is_contained else _OfLine)
            found, undecided = self._looks[doubted](text, place, scope), scope.undecided
            if check != NO_CHECK and not found and not undecided:
                self._hearing.keep(check, text.strip(b'"'), YES)
        above = place.owner if doubted == VALUE else place.location
        issues = [_placed(issue, above) for issue in found or ()]
        return _Finding(
            tuple(issues),
            tuple(names_in(undecided).elements()) if undecided else (),
            tuple(codes_in(undecided).elements()) if undecided else (),
            any_fails(issues),
            [hash((one.location, one.rule, one.element)) for one in issues if _is_plain(one)],
        )

    def _place(self, path: bytes) -> _Place:
        schema = self._explainer.schema
        kind, *steps = memoryview(path).cast("I")
        held: TypeSchema | None = schema.type(self._table.types[kind - _TYPE])
        of: tuple[TypeSchema, Property, bool] | None = None
        location = owner = self._table.types[kind - _TYPE]
        is_contained = False
        for step in steps:
            if step & _ITEM:
                assert of is not None, "a resource is no array"
                location = owner = f"{location}[{step - _ITEM}]"
                of = *of[:2], True
            elif step & _TYPE:
                held, of = schema.type(self._table.types[step - _TYPE]), None
                is_contained = True
            else:
                assert held is not None, "primitives have no members"
                within, owner, name = held, location, self._table.names.known()[step]
                prop = within.properties.get(name)
                if prop is None:  # what stands beside a primitive
                    prop = within.properties[name.removeprefix("_")]
                    held = schema.type(_BESIDE)
                else:
                    held = None if prop.is_primitive else schema.type(prop.type)
                of = within, prop, False
                location = f"{location}.{prop.step}"
        place = _Place(location, owner, of, held, is_contained)
        return self._places_memory.keep(self._places, path, place)

    def _answer(self, check: int, text: bytes) -> tuple[Issues, LineUndecided]:
        answer = self._table.said(check, text)
        self._hearing.keep(check, text, answer)
        if answer.value == 0 and not answer.found:
            raise NeedsContextError
        undecided = LineUndecided(answer.undecided)
        del undecided[REMARK]
        return answer.found, undecided

    def _value(self, text: bytes, place: _Place, scope: Scope) -> Issues:
        if place.of is None or place.of[0].name == _BESIDE:
            raise NeedsContextError
        within, prop, is_item = place.of
        value = read_text(text[1:-1]) if text.startswith(b'"') else read_value(text)
        if is_item:
            return self._explainer.value_check(prop)(value, scope)
        check = self._explainer.object_walk(within.name).member_check(prop.json_name)
        return check(value, {prop.json_name: value}, scope)

    def _name(self, text: bytes, place: _Place, scope: Scope) -> Issues:
        held, member = _held(place), read_value(b"{" + text + b"}")
        (name,) = member
        if name in held.properties or name.removeprefix("_") in held.properties:
            raise NeedsContextError
        check = self._explainer.object_walk(held.name).member_check(name)
        return check(member[name], member, scope)

    def _missing(self, text: bytes, place: _Place, scope: Scope) -> Issues:
        held = _held(place)
        required = [element for element in held.elements if element.min]
        lacking = {id(required[number]) for number in memoryview(text).cast("I")}
        there = {
            name: None
            for name, prop in held.properties.items()
            if prop.element.min and id(prop.element) not in lacking
        }
        check = cardinality.RULE.check(held, self._explainer)
        return None if check is None else check(there, scope)

    def _rules(self, text: bytes, place: _Place, scope: Scope) -> Issues:
        held, value = _held(place), read_value(text)
        if place.of is None and not place.is_contained:
            scope = Scope(value, scope.undecided)
        found: list[Issue] = []
        for rule in self._explainer.object_walk(held.name).rules(tuple(value)):
            found += rule(value, scope) or ()
        return found


def _held(place: _Place) -> TypeSchema:
    if place.held is None or place.held.name == _BESIDE:
        raise NeedsContextError
    return place.held


def _placed(issue: Issue, above: str) -> Issue:
    if type(issue) is not Issue:
        raise NeedsContextError  # the resource as a whole has to settle it
    copy = issue.copied()
    copy.location = f"{above}.{copy.location}" if copy.location else above
    return copy


def _is_plain(issue: Issue) -> bool:
    """Tell whether an issue repeats no other one that stands elsewhere."""
    return issue.violation is not None and issue.violation.declaration is not BROKEN
