"""Sites: what the explainer's checks say of the values in doubt of a line, and of nothing else in
it.

The acceptor tells the sites in the order in which the explainer would come to them, and has proven
all that is around them. Of a site this is run, in a scope in which nothing but the value is known
(``lone_checks``):

    ANSWER    what the acceptor asks about such a value: codes, a reference, an extension, a rule
              on values
    VALUE     all checks of the property, on the value: form, format, codes
    NAME      the check of a name that the type does not have
    MISSING   the check of required elements, on the names that are there
    RULES     every rule on objects of the type, on the object
    CLAIMING  nothing: from here on the resource is asked about what it claims
    REBOUND   of what was found of codes, what the profiles of the resource bind anew is left out

Where that takes more than the value, the line is decoded, and a check is run in its place
(``placed_checks``):

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

from ..checks.conformance import shown
from ..checks.exactness import InexactNumberError
from ..explainer.repeats import without_repeats
from ..explainer.resource_walk import Explainer
from ..issue import Issue, any_fails
from ..memory import Memory
from ..profiles.narrowing import sign
from ..rules import claimed_profiles
from ..rules.invariant import BROKEN
from ..schema.head import Head
from ..undecided import UndecidedCode, codes_in, names_in
from ..values.decoding import decode
from .answers import Told
from .decoded_line import DecodedLine, Step
from .hearing import Hearing
from .lone_checks import LoneChecks
from .placed_checks import InPlace, PlacedChecks
from .questions import NeedsContextError, read_value
from .site_kinds import ANSWER, CLAIMING, PLACED, REBOUND, REFERENCE, RULES, VALUE
from .site_place import Places, SitePlace, held

__all__ = ["SiteWalk"]

_LINES: Final = 4_096
"""Lists of sites that are remembered: some 16 MB at the most. Of sites there are as many as the
acceptor numbers.
"""


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


class _Claiming(NamedTuple):
    """That what was told of a resource from here on is told of the profiles that it claims.

    claims   the identities of the profiles
    """

    place: SitePlace
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


_Site = _Finding | InPlace | _Claiming | _Rebound
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
        self._table = hearing.table
        self._places = Places(explainer.schema, hearing.table)
        self._lone = LoneChecks(explainer, hearing)
        self._placed = PlacedChecks(explainer, hearing.table)
        self._sites: list[bytes | _Site] = []
        self._lines_memory = Memory(_LINES)
        self._lines: dict[bytes, _Line] = self._lines_memory.table()
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
            if InPlace in map(type, sites):
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
            elif type(site) is InPlace:
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
        place = self._places.at(path)
        is_in_place = PLACED <= doubted <= REFERENCE
        if self._explainer.asked_profiles and (laid or is_in_place):
            raise NeedsContextError
        if doubted in (CLAIMING, REBOUND):
            kind, profiles = held(place).name, read_value(text)
            if doubted == REBOUND:
                return _Rebound(place.location, place.steps, kind, profiles)
            return _Claiming(place, self._profiles_of(profiles, kind))
        if is_in_place or (doubted == RULES and not text):
            return InPlace(doubted, check, place, laid)
        return self._finding(check, doubted, place, text, laid)

    def _finding(
        self, check: int, doubted: int, place: SitePlace, text: bytes, laid: Sequence[int]
    ) -> _Finding:
        if doubted == ANSWER:
            found, undecided = self._lone.answer(check, text)
        else:
            found, undecided = self._lone.found(check, doubted, place, text)
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
                sign(issues, *(self._signers.get(number) or self._signer(number)))
        return issues

    def _signer(self, number: int) -> tuple[str, str]:
        definitions = self._explainer.definitions
        definition = definitions.fetch("StructureDefinition", self._table.url_of(number))
        assert definition is not None, "it was laid"
        found = self._signers[number] = definition["url"], shown(definition, definitions)
        return found

    def _head(self, number: int) -> Head:
        head = self._explainer.schema.head(self._table.url_of(number))
        assert head is not None, "it was laid"
        return head

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
        steps = site.place.steps if isinstance(site, (InPlace, _Claiming)) else site.steps
        if len(steps) < 3 or steps[0] != "entry" or steps[2] != "resource":
            return None
        laid = site.laid if isinstance(site, (_Finding, InPlace)) else ()
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

    def _found_in_place(self, site: InPlace, line: DecodedLine) -> list[Issue]:
        check = self._placed.check(site)
        value, scope = line.at(site.place.steps)
        found = check(value, scope) if check is not None else None
        issues = [_placed(issue, site.place.location) for issue in found or ()]
        return self._signed(issues, site.laid)

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


def _steps_in_doubt(site: _Site) -> Sequence[Step]:
    """Return the way to a site that may fail the resource around it; nothing for another one."""
    if isinstance(site, InPlace):
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
