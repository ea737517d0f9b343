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
    LINK      nothing: a link in a narrative leads nowhere
    REBOUND   of what was found of codes, what the profiles of the resource bind anew is left out

Where that takes more than the value, the line is decoded, and a check is run in its place
(``placed_checks``):

    RULES     the same, in a Bundle
    PLACED    every rule on the property
    CLAIMS    the profiles that a resource claims, all of each
    PROFILE   one profile inside these
    PART      a part of that: a check of the object that the profile is laid over, or all that is
              said of members of one name
    REFERENCE what a profile says of a reference
    LEANING   nothing where the entry that a reference leads to claims the profile that it has to
              follow: whether it does is told by the sites of that entry, and the line is not
              decoded; else the same as of REFERENCE

Why that is enough: a check sees its value, its scope, and what checks before it have left in the
memory of the scope. A check that asks the scope for more breaks off, and the line is explained
whole. What is left in the memory counts for ids of elements and for references to contained
resources alone, of which the acceptor tells no site. A profile is run where something of it is in
doubt that is no question about a value; the resources of entries that are not in doubt are known to
follow what they claim.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from ..checks.exactness import InexactNumberError
from ..explainer.repeats import without_repeats
from ..explainer.resource_walk import Explainer
from ..rules.invariant import BROKEN
from ..values.decoding import decode
from ..verdicts.excerpt import excerpt
from ..verdicts.issue import Issue, Severity, Verdict, any_fails
from ..verdicts.undecided import UndecidedCode, codes_in, names_in
from .astray_links import astray, take_turns
from .hearing import Hearing
from .lone_checks import LoneChecks
from .placed_checks import InPlace, PlacedChecks, placed
from .questions import NeedsContextError, read_value
from .site_findings import Claiming, Leaning, Rebound, Site, SiteFinding, mark
from .site_kinds import (
    ANSWER,
    CLAIMING,
    LEANING,
    LINK,
    PART,
    PLACED,
    REBOUND,
    REFERENCE,
    RULES,
    VALUE,
)  # fmt: skip
from .site_place import Places, SitePlace, held
from .sited_line import SitedLine, UnreadError
from .sited_profiles import SitedProfiles

__all__ = ["SiteWalk", "SitedFindings"]


class SitedFindings(NamedTuple):
    """The findings of lines with the same sites; not to be changed.

    issues      that are shown, none where nothing fails the lines
    hidden      those that are not: see ``Verdict``
    undecided   how often something was, by its key
    codes       how often each of them was undecided
    """

    issues: Sequence[Issue]
    hidden: Mapping[tuple[Severity, str], int]
    undecided: Mapping[str, int]
    codes: Mapping[UndecidedCode, int]


class _Open(NamedTuple):
    """A list of sites of which something is to be run in its place, or hangs on what a reference
    says: in each line anew.
    """

    sites: Sequence[Site]


_UNTOLD: Final = _Open(())
"""The list of lines that take more than their sites."""


class SiteWalk:
    """The walk over sites; one per validator, not thread-safe.

    explainer   says what fails no resource, too
    hearing     of the same
    max_issues  issues of a line that are shown at the most, 0 for all
    types       of resources, by number
    """

    def __init__(self, explainer: Explainer, hearing: Hearing, max_issues: int) -> None:
        self._explainer = explainer
        self._table = hearing.table
        self._places = Places(explainer.schema, hearing.table)
        self._lone = LoneChecks(explainer, hearing)
        self._placed = PlacedChecks(explainer, hearing.table)
        self._profiles = SitedProfiles(explainer, hearing.table)
        self._max_issues = max_issues
        self.types: Sequence[str] = hearing.table.types
        self._sites: list[bytes | Site] = []
        self._lists: list[bytes | _Open | SitedFindings] = []

    def learn(self, sites: tuple[int, Sequence[bytes]], lists: tuple[int, Sequence[bytes]]) -> None:
        """Take sites and lists of sites, each behind the number of the first; with 0 all others are
        forgotten.
        """
        (first, new), (first_list, new_lists) = sites, lists
        if first == 0:
            self._sites.clear()
        if first_list == 0:
            self._lists.clear()
        self._sites += new
        self._lists += new_lists

    def told(self, number: int) -> SitedFindings | None:
        """Return what there is to say of all lines with a list of sites, in document order, each
        once; None where the lines have to be looked at.
        """
        found = self._lists[number]
        if type(found) is bytes:
            found = self._lists[number] = self._together(found)
        return found if type(found) is SitedFindings else None

    def told_of(
        self, number: int, said: Sequence[bytes], line: Callable[[], bytes]
    ) -> SitedFindings | None:
        """Return what there is to say of one line, where ``told`` is None; None where it takes more
        than its sites.

        said   what its references say that are sites (LEANING), in their order
        line   gives its bytes
        """
        found = self._lists[number]
        if type(found) is not _Open or found is _UNTOLD:
            return None
        try:
            is_read = InPlace in map(type, found.sites)
            return self._in_line(found.sites, said, line, is_read=is_read)
        except (NeedsContextError, InexactNumberError):
            return None
        except Exception:  # noqa: BLE001
            return None  # a bug in a rule: it shows again at the wall around the resource

    def _together(self, numbers: bytes) -> SitedFindings | _Open:
        try:
            sites = [self._site(number) for number in memoryview(numbers).cast("I")]
            take_turns(sites)
            kinds = set(map(type, sites))
            if InPlace in kinds or Leaning in kinds:
                return _Open(sites)
            return self._all_of(sites)
        except (NeedsContextError, InexactNumberError):
            return _UNTOLD
        except Exception:  # noqa: BLE001
            return _UNTOLD  # a bug in a rule: it shows again at the wall around the resource

    def _site(self, number: int) -> Site:
        site = self._sites[number]
        if isinstance(site, bytes):
            site = self._sites[number] = self._read(site)
        return site

    def _all_of(self, sites: Sequence[Site]) -> SitedFindings | _Open:
        """Put together what is said where nothing has to be run in its place."""
        issues: list[Issue] = []
        undecided: list[str] = []
        codes: list[UndecidedCode] = []
        marks: list[int] = []
        count = 0
        for site in sites:
            if type(site) is SiteFinding:
                issues += site.issues
                undecided += site.undecided
                codes += site.codes
                marks += site.marks
                count += len(site.issues)
            elif type(site) is Rebound:
                issues = site.left_of(issues, self._explainer.rebinding)
        if not sites:
            return _UNTOLD
        if not any_fails(issues):
            issues = []
        elif len(set(marks)) < count:
            issues = without_repeats(issues)
        return self._shown(
            issues,
            Counter(undecided) if undecided else {},
            Counter(codes) if codes else {},
        )

    def _shown(
        self,
        issues: Sequence[Issue],
        undecided: Mapping[str, int],
        codes: Mapping[UndecidedCode, int],
    ) -> SitedFindings:
        shown = excerpt(Verdict(None, None, issues), self._max_issues)
        return SitedFindings(shown.issues, shown.hidden, undecided, codes)

    def _in_line(
        self,
        sites: Sequence[Site],
        said: Sequence[bytes],
        line: Callable[[], bytes],
        *,
        is_read: bool,
    ) -> SitedFindings:
        """Put together what is said where one place of the line hangs on another, or something has
        to be run in its place; then it has to be read.
        """
        places = (site.place.location for site in sites if type(site) is Leaning)
        texts = dict(zip(places, said, strict=True))
        resource = decode(line()) if is_read else None
        if isinstance(resource, Issue):
            raise NeedsContextError
        sited = SitedLine(self._explainer, resource, sites, texts, self._placed, self._profiles)
        try:
            issues, undecided = sited.told()
        except UnreadError:
            return self._in_line(sites, said, line, is_read=True)
        return self._shown(
            without_repeats(issues) if any_fails(issues) else (),
            names_in(undecided) if undecided else {},
            codes_in(undecided) if undecided else {},
        )

    def _read(self, site: bytes) -> Site:
        check, doubted, steps, overlays = memoryview(site)[:16].cast("I")
        behind = 16 + 4 * steps
        path, text = site[16:behind], site[behind + 4 * overlays :]
        laid = memoryview(site)[behind : behind + 4 * overlays].cast("I").tolist()
        place = self._places.at(path)
        is_in_place = PLACED <= doubted <= REFERENCE or doubted == LEANING
        if self._explainer.asked_profiles and (laid or is_in_place):
            raise NeedsContextError
        if doubted == LINK:
            return astray(place, text.decode())
        entry = self._entry_of(place, laid)
        if doubted in (CLAIMING, REBOUND):
            kind, profiles = held(place).name, read_value(text)
            if doubted == REBOUND:
                claimed = self._explainer.rebinding.profiles(profiles)
                return Rebound(place, kind, claimed, entry)
            return Claiming(place, self._explainer.claims.among(profiles, kind), entry)
        if doubted == LEANING:
            return self._leaning(check, place, text, laid, entry)
        if is_in_place or (doubted == RULES and not text):
            part = int.from_bytes(text, sys.byteorder) if doubted == PART else 0
            return InPlace(doubted, check, part, place, laid, entry)
        return self._finding(check, doubted, place, text, laid, entry)

    def _leaning(
        self, check: int, place: SitePlace, text: bytes, laid: Sequence[int], entry: int | None
    ) -> Site:
        overlay, target = memoryview(text).cast("I")
        in_place = InPlace(REFERENCE, check, 0, place, laid, entry)
        profile, targets = self._profiles.head(overlay).identity, self._table.targets[check]
        return Leaning(profile, target, targets, in_place, place, laid, entry)

    def _entry_of(self, place: SitePlace, laid: Sequence[int]) -> int | None:
        """Return the entry whose resource is walked through when a site is come to; None of what is
        elsewhere, or laid over the resource by what the Bundle claims.
        """
        steps = place.steps
        if len(steps) < 3 or steps[0] != "entry" or steps[2] != "resource":
            return None
        if laid and self._profiles.head(laid[0]).type == "Bundle":
            return None
        assert isinstance(steps[1], int), "entries are an array"
        return steps[1]

    def _finding(
        self,
        check: int,
        doubted: int,
        place: SitePlace,
        text: bytes,
        laid: Sequence[int],
        entry: int | None,
    ) -> SiteFinding:
        if doubted == ANSWER:
            found, undecided = self._lone.answer(check, text)
        else:
            found, undecided = self._lone.found(check, doubted, place, text)
        above = place.owner if doubted == VALUE else place.location
        issues = self._profiles.signed(placed(found, above), laid)
        return SiteFinding(
            tuple(issues),
            tuple(names_in(undecided).elements()) if undecided else (),
            tuple(codes_in(undecided).elements()) if undecided else (),
            any_fails(issues),
            [mark(one) for one in issues if _is_plain(one)],
            laid,
            entry,
        )


def _is_plain(issue: Issue) -> bool:
    """Tell whether an issue repeats no other one that stands elsewhere."""
    return issue.violation is not None and issue.violation.declaration is not BROKEN
