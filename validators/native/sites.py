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
    CLAIMING  nothing: from here on the resource is asked about what it claims
    REBOUND   of what was found of codes, what the profiles of the resource bind anew is left out

Where that takes more than the value, the line is decoded, and a check is run in its place:

    RULES     the same, in a Bundle
    PLACED    every rule on the property
    CLAIMS    the profiles that a resource claims, all of each
    PROFILE   one profile inside these
    WHOLE     what a profile says of the whole object that it is laid over
    REFERENCE what a profile says of a reference

Why that is enough: a check sees its value, its scope, and what checks before it have left in the
memory of the scope. A check that asks the scope for more breaks off, and the line is explained
whole. What is left in the memory counts for ids of elements and for references to contained
resources alone, of which the acceptor tells no site. A profile is run where something of it is in
doubt that is no question about a value; the resources of entries that are not in doubt are known to
follow what they claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..checks.check import Check, Issues, union
from ..checks.conformance import shown
from ..checks.exactness import InexactNumberError
from ..checks.surroundings import Scope
from ..explainer.repeats import without_repeats
from ..explainer.resource_walk import Explainer
from ..issue import Issue, any_fails
from ..memory import Memory
from ..profiles.narrowing import ProfileCompiler
from ..rules import cardinality, claimed_profiles
from ..rules.invariant import BROKEN
from ..schema import Property, TypeSchema
from ..schema.head import Head
from ..undecided import LineUndecided, UndecidedCode, codes_in, names_in
from ..values.decoding import decode
from .answers import REMARK, YES, Told
from .decoded_line import DecodedLine, Step
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

(
    ANSWER,
    VALUE,
    NAME,
    MISSING,
    RULES,
    PLACED,
    CLAIMS,
    PROFILE,
    WHOLE,
    REFERENCE,
    CLAIMING,
    REBOUND,
) = range(12)
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


class _OfEntry(Nowhere):
    """The scope of a value in the resource of an entry."""

    __slots__ = ()
    enclosed = True


class _Place(NamedTuple):
    """Where a value stands.

    location      of the value
    owner         the location of the object that has the property
    of            the type of that object, the property, and whether the value is an item of the
                  property's array; None of a resource
    held          the type of the value's members, None where it is a primitive
    around        the scope in which nothing but the value is known
    steps         the way to it from the line's own resource
    """

    location: str
    owner: str
    of: tuple[TypeSchema, Property, bool] | None
    held: TypeSchema | None
    around: type[Nowhere]
    steps: Sequence[Step]


class _Finding(NamedTuple):
    """What there is to say at a site.

    undecided   by its key, once for each time
    codes       that were undecided, once for each time
    fails       whether an issue fails the line
    marks       a number for what tells each issue from others; none for one that has to be looked
                at beside the others
    steps       the way to the value
    laid        the profiles that are laid around it, the outermost first: overlays by number
    """

    issues: Sequence[Issue]
    undecided: Sequence[str]
    codes: Sequence[UndecidedCode]
    fails: bool
    marks: Sequence[int]
    steps: Sequence[Step]
    laid: Sequence[int]


class _InPlace(NamedTuple):
    """A site at which a check is run in the decoded line.

    doubted   RULES, PLACED, CLAIMS, PROFILE, WHOLE, or REFERENCE
    check     the number of the profile's overlay; of the question about a reference
    laid      the profiles that are laid around it, the outermost first: overlays by number
    """

    doubted: int
    check: int
    place: _Place
    laid: Sequence[int]


class _Claiming(NamedTuple):
    """That what was told of a resource from here on is told of the profiles that it claims.

    claims   the identities of the profiles
    """

    place: _Place
    claims: Sequence[str]


class _Rebound(NamedTuple):
    """That all was told of a resource, and of the profiles that it claims, which may bind anew what
    its type binds.

    resource   its location
    steps      the way to it
    """

    resource: str
    steps: Sequence[Step]
    type: str
    profiles: Any


_Site = _Finding | _InPlace | _Claiming | _Rebound
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
        self._sites: list[bytes | _Site] = []
        self._lines_memory = Memory(_LINES)
        self._lines: dict[bytes, _Line] = self._lines_memory.table()
        self._looks: dict[int, Callable[[bytes, _Place, Scope], Issues]] = {
            VALUE: self._value,
            NAME: self._name,
            MISSING: self._missing,
            RULES: self._rules,
        }
        self._in_place: dict[int, Callable[[_InPlace], Check | None]] = {
            RULES: self._rules_in_place,
            PLACED: self._property_rules,
            CLAIMS: self._claims,
            PROFILE: self._profile,
            WHOLE: self._of_whole,
            REFERENCE: self._reference,
        }
        self._claimed: dict[str, Check | None] = {}
        self._of_wholes: dict[int, Check | None] = {}
        self._signers: dict[int, tuple[str, str]] = {}

    def learn(self, first: int, sites: Sequence[bytes]) -> None:
        """Take the sites whose numbers come from ``first`` on; with 0 all others are forgotten."""
        if first == 0:
            self._sites.clear()
            self._lines_memory.clear()
        self._sites += sites

    def told(
        self, kind: int, identity: str | None, numbers: bytes, line: Callable[[], bytes]
    ) -> Told | None:
        """Return what there is to say of a line, in document order, each once; None where it takes
        more than its sites.

        kind     the number of its type
        numbers  of its sites, as native 32-bit words
        line     gives its bytes
        """
        known = self._lines.get(numbers)
        if known is None:
            known = self._line(numbers, line)
        return None if known is _UNTOLD else Told(self._table.types[kind], identity, *known)

    def _line(self, numbers: bytes, line: Callable[[], bytes]) -> _Line:
        try:
            sites: list[_Site] = []
            for number in memoryview(numbers).cast("I"):
                site = self._sites[number]
                if isinstance(site, bytes):
                    site = self._sites[number] = self._read(site)
                sites.append(site)
            if _InPlace in map(type, sites):
                return self._together(sites, self._decoded(line(), sites))
            return self._lines_memory.keep(self._lines, numbers, self._together(sites, None))
        except (NeedsContextError, InexactNumberError):
            return _UNTOLD
        except Exception:  # noqa: BLE001
            return _UNTOLD  # a bug in a rule: it shows again at the wall around the resource

    def _together(self, sites: Sequence[_Site], line: DecodedLine | None) -> _Line:
        issues: list[Issue] = []
        undecided: list[str] = []
        codes: list[UndecidedCode] = []
        marks: list[int] = []
        count = 0
        claiming: _Claiming | None = None
        failing: set[int] = set()
        for site in sites if line is None else self._in_turn(sites, line, issues):
            if type(site) is _Finding:
                issues += site.issues
                undecided += site.undecided
                codes += site.codes
                marks += site.marks
                count += len(site.issues)
                if site.fails and site.laid:
                    failing.add(site.laid[0])
            elif type(site) is _InPlace:
                assert line is not None, "it was decoded for this site"
                found = self._found_in_place(site, line)
                issues += found
                if site.laid and any_fails(found):
                    failing.add(site.laid[0])
            elif type(site) is _Claiming:
                claiming = site
                if line is not None:
                    line.claim(site.place.steps, site.claims)
            elif type(site) is _Rebound:
                if claiming is not None and line is not None:
                    failed = {self._head(number).identity for number in failing}
                    line.settle(claiming.place.steps, claiming.claims, failed)
                claiming, failing = None, set()
                issues[:] = self._without_rebound(issues, site)
        if line is not None:
            undecided += names_in(line.undecided).elements()
            codes += codes_in(line.undecided).elements()
        if not sites:
            return _UNTOLD
        fails = any_fails(issues)
        if line is not None or len(set(marks)) < count:
            issues = without_repeats(issues)
        return (
            issues if fails else (),
            Counter(undecided) if undecided else {},
            Counter(codes) if codes else {},
        )

    def _read(self, site: bytes) -> _Site:
        check, doubted, steps, overlays = memoryview(site)[:16].cast("I")
        behind = 16 + 4 * steps
        path, text = site[16:behind], site[behind + 4 * overlays :]
        laid = memoryview(site)[behind : behind + 4 * overlays].cast("I").tolist()
        place = self._places.get(path) or self._place(path)
        is_in_place = PLACED <= doubted <= REFERENCE
        if self._explainer.asked_profiles and (laid or is_in_place):
            raise NeedsContextError
        if doubted in (CLAIMING, REBOUND):
            kind, profiles = _held(place).name, read_value(text)
            if doubted == REBOUND:
                return _Rebound(place.location, place.steps, kind, profiles)
            return _Claiming(place, self._profiles_of(profiles, kind))
        if is_in_place or (doubted == RULES and not text):
            return _InPlace(doubted, check, place, laid)
        return self._finding(check, doubted, place, text, laid)

    def _finding(
        self, check: int, doubted: int, place: _Place, text: bytes, laid: Sequence[int]
    ) -> _Finding:
        if doubted == ANSWER:
            found, undecided = self._answer(check, text)
        else:
            scope = unplaced(self._hooks, place.around)
            found, undecided = self._looks[doubted](text, place, scope), scope.undecided
            if check != NO_CHECK and not found and not undecided:
                self._hearing.keep(check, text.strip(b'"'), YES)
        above = place.owner if doubted == VALUE else place.location
        issues = self._signed([_placed(issue, above) for issue in found or ()], laid)
        return _Finding(
            tuple(issues),
            tuple(names_in(undecided).elements()) if undecided else (),
            tuple(codes_in(undecided).elements()) if undecided else (),
            any_fails(issues),
            [hash((one.location, one.rule, one.element)) for one in issues if _is_plain(one)],
            place.steps,
            laid,
        )

    def _signed(self, issues: list[Issue], laid: Sequence[int]) -> list[Issue]:
        """Let issues say the profiles that they are of, as the check of a profile does."""
        if issues:
            for number in reversed(laid):
                url, name = self._signers.get(number) or self._signer(number)
                for issue in issues:
                    issue.profile = issue.profile or url
                    if name != url:
                        issue.naming(url, name)
        return issues

    def _signer(self, number: int) -> tuple[str, str]:
        definitions = self._explainer.definitions
        definition = definitions.fetch("StructureDefinition", self._url(number))
        assert definition is not None, "it was laid"
        found = self._signers[number] = definition["url"], shown(definition, definitions)
        return found

    def _head(self, number: int) -> Head:
        head = self._explainer.schema.head(self._url(number))
        assert head is not None, "it was laid"
        return head

    def _url(self, number: int) -> str:
        url = self._table.overlays[number]
        assert isinstance(url, str), "the acceptor tells of whole profiles"
        return url

    # In the decoded line

    def _in_turn(
        self, sites: Sequence[_Site], line: DecodedLine, issues: list[Issue]
    ) -> Iterator[_Site]:
        """Yield the sites of a line that is decoded, but for those in the resource of an entry that
        something before it refers to: of these the issues get what was found then.
        """
        told: dict[int, bool] = {}
        for site in sites:
            entry = self._entry_of(site)
            if entry is not None and entry not in told:
                found = line.found(("entry", entry, "resource"))
                told[entry] = found is not None
                issues += [_placed(one, f"Bundle.entry[{entry}].resource") for one in found or ()]
            if entry is None or not told[entry]:
                yield site

    def _entry_of(self, site: _Site) -> int | None:
        """Return the entry whose resource is walked through when a site is come to; None of what is
        elsewhere, or laid over the resource by what the Bundle claims.
        """
        steps = site.place.steps if isinstance(site, (_InPlace, _Claiming)) else site.steps
        if len(steps) < 3 or steps[0] != "entry" or steps[2] != "resource":
            return None
        laid = site.laid if isinstance(site, (_Finding, _InPlace)) else ()
        if laid and self._head(laid[0]).type == "Bundle":
            return None
        assert isinstance(steps[1], int), "entries are an array"
        return steps[1]

    def _decoded(self, line: bytes, sites: Sequence[_Site]) -> DecodedLine:
        resource = decode(line)
        if isinstance(resource, Issue):
            raise NeedsContextError
        made = DecodedLine(resource)
        if resource.get("resourceType") == "Bundle":
            in_doubt = {steps[1] for steps in map(_steps_in_doubt, sites) if len(steps) > 1}
            for number, entry in enumerate(resource.get("entry", ())):
                if number not in in_doubt and "resource" in entry:
                    resource = entry["resource"]
                    claims = resource.get("meta", {}).get("profile", ())
                    followed = self._profiles_of(claims, resource["resourceType"])
                    made.settle(("entry", number, "resource"), followed)
        return made

    def _profiles_of(self, claims: Sequence[str], kind: str) -> list[str]:
        """Return the identities of claimed profiles, all of which are on the type."""
        heads = [self._explainer.schema.head(url) for url in claims]
        return [head.identity for head in heads if head is not None and head.type == kind]

    def _found_in_place(self, site: _InPlace, line: DecodedLine) -> list[Issue]:
        check = self._in_place[site.doubted](site)
        value, scope = line.at(site.place.steps)
        found = check(value, scope) if check is not None else None
        issues = [_placed(issue, site.place.location) for issue in found or ()]
        return self._signed(issues, site.laid)

    def _rules_in_place(self, site: _InPlace) -> Check | None:
        walk = self._explainer.object_walk(_held(site.place).name)
        if site.place.of is None:
            return union(walk.rules_but(claimed_profiles.RULE))

        def rules(value: Any, scope: Scope) -> Issues:
            found = [rule(value, scope) or () for rule in walk.rules(tuple(value))]
            return [issue for issues in found for issue in issues]

        return rules

    def _property_rules(self, site: _InPlace) -> Check | None:
        of = site.place.of
        if of is None or of[0].name == _BESIDE:
            raise NeedsContextError
        return union(self._explainer.property_rules(of[1]))

    def _claims(self, site: _InPlace) -> Check | None:
        schema = _held(site.place)
        if schema.name not in self._claimed:
            self._claimed[schema.name] = claimed_profiles.RULE.check(schema, self._explainer)
        return self._claimed[schema.name]

    def _profile(self, site: _InPlace) -> Check | None:
        return self._explainer.profile_check(self._url(site.check))

    def _of_whole(self, site: _InPlace) -> Check | None:
        if site.check not in self._of_wholes:
            definitions = self._explainer.definitions
            definition = definitions.fetch("StructureDefinition", self._url(site.check))
            assert definition is not None, "it was laid"
            compiler = ProfileCompiler(self._explainer, definition)
            checks = self._explainer.narrowing_checks(compiler.root())
            self._of_wholes[site.check] = union(checks)
        return self._of_wholes[site.check]

    def _reference(self, site: _InPlace) -> Check | None:
        return self._table.references[site.check]

    def _without_rebound(self, issues: list[Issue], site: _Rebound) -> list[Issue]:
        """Return what was found so far without what the profiles of a resource bind anew: of the
        resource is what was found last.
        """
        inside = f"{site.resource}."
        bound: dict[int, Issue] = {}
        for number in range(len(issues) - 1, -1, -1):
            issue = issues[number]
            if not f"{issue.location}.".startswith(inside):
                break
            if claimed_profiles.may_be_rebound(issue):
                bound[number] = issue.copied()
                bound[number].location = issue.location.removeprefix(inside)
        if not bound:
            return issues
        claims = {"meta": {"profile": site.profiles}}
        kept = claimed_profiles.without_rebound_bindings(
            [*bound.values()], self._explainer, site.type, claims
        )
        left = {id(issue) for issue in kept or ()}
        return [
            issue
            for number, issue in enumerate(issues)
            if number not in bound or id(bound[number]) in left
        ]

    # At the value alone

    def _place(self, path: bytes) -> _Place:
        schema = self._explainer.schema
        kind, *steps = memoryview(path).cast("I")
        held: TypeSchema | None = schema.type(self._table.types[kind - _TYPE])
        of: tuple[TypeSchema, Property, bool] | None = None
        location = owner = self._table.types[kind - _TYPE]
        around: type[Nowhere] = _OfLine
        way: list[Step] = []
        for step in steps:
            if step & _ITEM:
                assert of is not None, "a resource is no array"
                location = owner = f"{location}[{step - _ITEM}]"
                way.append(step - _ITEM)
                of = *of[:2], True
            elif step & _TYPE:
                if way[-1] == "resource":  # of an entry
                    around = _OfEntry
                else:
                    around = _Contained
                held, of = schema.type(self._table.types[step - _TYPE]), None
            else:
                assert held is not None, "primitives have no members"
                within, owner, name = held, location, self._table.names.known()[step]
                way.append(name)
                prop = within.properties.get(name)
                if prop is None:  # what stands beside a primitive
                    prop = within.properties[name.removeprefix("_")]
                    held = schema.type(_BESIDE)
                else:
                    held = None if prop.is_primitive else schema.type(prop.type)
                of = within, prop, False
                location = f"{location}.{prop.step}"
        place = _Place(location, owner, of, held, around, tuple(way))
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
        walk = self._explainer.object_walk(held.name)
        rules: Sequence[Check] = walk.rules(tuple(value))
        if place.of is None and place.around is _OfLine:
            scope, rules = Scope(value, scope.undecided), walk.rules_but(claimed_profiles.RULE)
        found: list[Issue] = []
        for rule in rules:
            found += rule(value, scope) or ()
        return found


def _held(place: _Place) -> TypeSchema:
    if place.held is None or place.held.name == _BESIDE:
        raise NeedsContextError
    return place.held


def _steps_in_doubt(site: _Site) -> Sequence[Step]:
    """Return the way to a site that may fail the resource around it; nothing for another one."""
    if isinstance(site, _InPlace):
        return site.place.steps
    return site.steps if isinstance(site, _Finding) and site.fails else ()


def _placed(issue: Issue, above: str) -> Issue:
    if type(issue) is not Issue:
        raise NeedsContextError  # the resource as a whole has to settle it
    copy = issue.copied()
    copy.location = f"{above}.{copy.location}" if copy.location else above
    return copy


def _is_plain(issue: Issue) -> bool:
    """Tell whether an issue repeats no other one that stands elsewhere."""
    return issue.violation is not None and issue.violation.declaration is not BROKEN
