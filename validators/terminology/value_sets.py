"""ValueSets: is a code in one?

Definitions -> ValueSet (parts of compose) -> code -> Membership

A value set is never expanded as a whole: one code is followed through the parts of ``compose``,
which is what the reference validator does too, and the answer is kept. What it says, measured and
read:

- includes are tried in order, the first that holds the code ends the search; so for excludes;
- inside one include, the codes of ``system`` and of every value set in ``valueSet`` are *united*,
  not intersected;
- ``expansion`` is not read where ``compose`` includes anything;
- a part for another system than the code's is passed over; ``system|version`` in data matches only
  a part with that very version;
- a version that nobody holds of a system that is held is that system as it is held, but for
  filters;
- an include of a whole system that nobody holds takes any of its codes (OPEN: taken, not checked);
  one that lists its concepts takes those;
- a filter on a system that nobody holds makes the reference give up on the whole element
  (SKIPPED_BY_REFERENCE), that of an exclude too, whether the code is included or not;
- a part that takes a whole stub (``content: not-present``), or filters one, cannot be expanded
  (UNEXPANDABLE);
- one that lists concepts of a stub takes those (the reference does so for the stubs of the R4 core,
  and is UNEXPANDABLE at those of a package);
- a value set in ``valueSet`` that is not held is skipped by the reference; here a code found
  nowhere else is then OPEN, but where another version of it is held it is out;
- a code without system, or a system without code, is in no value set;
- six value sets have rules of their own (``special_sets``), whatever ``compose`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Protocol, TypeVar

from ..economy.memory import Memory
from .code_systems import CodeSystem
from .filters import ExpansionError, Test, compile_filters
from .membership import Membership, TerminologyRules
from .near_codes import NearCodes
from .registries import SUPPORTED, registered
from .special_sets import special_codes, special_rule

__all__ = ["Sources", "ValueSet"]

# answers kept per value set: more than any value set that is checked in bulk, little memory
_KEPT = 4096
_DEEPEST = 60
"""Value sets that import one another in a chain: those that people write have a handful."""
_T = TypeVar("_T")


class Sources(Protocol):
    """The holder of what a value set is made of, and of the rules by which it is read."""

    rules: TerminologyRules

    def code_system(self, url: str) -> CodeSystem | None:
        """Return the code system of ``url`` or ``url|version``; None where it is not known."""
        ...

    def value_set(self, url: str) -> ValueSet | None:
        """Return the value set of ``url`` or ``url|version``; None where it is not known."""
        ...


class _AbandonedError(Exception):
    """The reference validator breaks here and says nothing of the element."""


class _Found(dict[tuple[str | None, str], bool]):
    """(system, code) -> whether it is certain.

    ``doubt``: more might have been found if everything were at hand.
    """

    doubt = False

    def take(self, other: _Found) -> None:
        """Add what another search found; a pair is certain where either search is certain of it."""
        for pair, certain in other.items():
            self[pair] = certain or self.get(pair, False)
        self.doubt = self.doubt or other.doubt


class _Search:
    """One search through value sets that import one another, each of which is searched once.

    Without that, a chain of sets of which each imports the next one twice would take twice as long
    for each of them.
    """

    def __init__(self) -> None:
        self._path: list[str] = []
        self._known: dict[str, Any] = {}

    def once(self, url: str, find: Callable[[], _T]) -> _T:
        """Return what is found in a set. Raises ExpansionError for one that imports itself, or that
        is imported through more sets than are followed.
        """
        if url in self._path or len(self._path) >= _DEEPEST:
            raise ExpansionError(url)
        if url not in self._known:
            self._path.append(url)
            try:
                self._known[url] = find()
            except ExpansionError as error:
                self._known[url] = error
            finally:
                self._path.pop()
        found = self._known[url]
        if isinstance(found, ExpansionError):
            raise found
        return found  # type: ignore[no-any-return]


class _Part:
    """One include or exclude."""

    def __init__(self, part: Mapping[str, Any], sources: Sources) -> None:
        system, _, version = str(part.get("system", "")).partition("|")
        self.system = system
        self.version: str | None = part.get("version") or version or None
        self.concepts = (
            frozenset(concept.get("code") for concept in part["concept"])
            if part.get("concept")
            else None
        )
        self.value_sets: Sequence[str] = part.get("valueSet", ())
        self.filters: Sequence[Mapping[str, Any]] = part.get("filter", ())
        self._sources = sources

    @cached_property
    def code_system(self) -> CodeSystem | None:
        """The code system that the part names, in the version that it names; None where it names
        none or the system is not known.
        """
        if not self.system:
            return None
        return self._sources.code_system(
            f"{self.system}|{self.version}" if self.version else self.system
        )

    @cached_property
    def _test(self) -> Test:
        if self.code_system is None:
            raise _AbandonedError
        by_property = self._sources.rules == "r4"
        return compile_filters(self.filters, self.code_system, by_property=by_property)

    def find(self, system: str | None, version: str | None, code: str, search: _Search) -> _Found:
        """Return the pairs of this part that match a code."""
        found = _Found()
        if self.system:
            if system is not None and (
                system != self.system or (version is not None and version != self.version)
            ):
                return found
            self._own(code, found)
        for url in self.value_sets:
            imported = self._sources.value_set(url)
            if imported is None:
                # another version of a value set that is held brings nothing, as in the reference
                found.doubt = found.doubt or self._sources.value_set(url.partition("|")[0]) is None
            else:
                found.take(imported.find(system, version, code, search))
        held = self.code_system
        if held is not None:
            for pair in [pair for pair in found if held.fold(pair[1]) != held.fold(code)]:
                del found[pair]
        if self.filters:
            for pair in [pair for pair in found if not self._test(pair[1])]:
                del found[pair]
        return found

    def listed(self) -> frozenset[str]:
        """Return the codes that this part lists. Raises ExpansionError where any code
        may be in it.
        """
        held = self.code_system
        if self.concepts is not None:
            return frozenset(self.concepts)
        if held is None or held.stub:
            raise ExpansionError(self.system)
        return held.codes

    def _own(self, code: str, found: _Found) -> None:
        held = self.code_system
        if held is not None and not held.stub:
            for one in self._spellings(held, code):
                found[self.system, one] = True
            return
        if held is not None and self.filters:
            raise ExpansionError(self.system)
        listed = self.concepts is None or code in self.concepts
        other = self._sources.code_system(self.system) if held is None and self.version else None
        if other is not None and not other.stub:
            if listed and other.lookup(code):
                found[self.system, code] = True
        elif self.system in SUPPORTED:
            if listed and registered(self.system, code):
                found[self.system, code] = True
        elif held is not None and self.concepts is None:
            raise ExpansionError(self.system)
        elif listed:
            found[self.system, code] = self.concepts is not None

    def _spellings(self, held: CodeSystem, code: str) -> Iterator[str]:
        """Yield the codes of the system, as it spells them, that are this one."""
        if code in held.codes:
            if self.concepts is None or code in self.concepts:
                yield code
        elif not held.case_sensitive and held.has(code):
            for one in held.codes if self.concepts is None else self.concepts & held.codes:
                if one.lower() == code.lower():
                    yield one


class ValueSet:
    """One ValueSet, searched code by code; answers are kept.

    url      canonical url, without version
    name     its title, else its name
    version  business version, where it has one
    """

    def __init__(self, resource: Mapping[str, Any], sources: Sources) -> None:
        self.url: str = resource["url"]
        self.name: str = resource.get("title") or resource.get("name") or self.url
        self.version: str | None = resource.get("version")
        compose = resource.get("compose", {})
        self._sources = sources
        self._includes = [_Part(part, sources) for part in compose.get("include", ())]
        self._excludes = [_Part(part, sources) for part in compose.get("exclude", ())]
        self._expansion = (
            frozenset()
            if self._includes
            else frozenset(_contained(resource.get("expansion", {}).get("contains", ())))
        )
        self._by_coding, self._by_code = Memory(_KEPT), Memory(_KEPT)
        self._members: dict[tuple[str | None, str | None], Membership] = self._by_coding.table()
        self._codes: dict[str, Membership] = self._by_code.table()
        self._special = special_rule(self.url, self._includes_list)

    def member(self, system: str | None, code: str | None) -> Membership:
        """Return the answer for a Coding or Quantity. Pure: equal arguments give equal answers."""
        key = (system, code)
        known = self._members.get(key)
        if known is None:
            known = self._by_coding.keep(self._members, key, self._member(system, code))
        return known

    def code(self, code: str) -> Membership:
        """Return the answer for a value of type code, string or uri, whose system is the value
        set's.
        """
        known = self._codes.get(code)
        if known is None:
            known = self._by_code.keep(self._codes, code, self._code(code))
        return known

    def answers(self, value: Any, type_name: str) -> list[Membership]:
        """Return the answer for each code of an element: a code, a Coding, a CodeableConcept."""
        if isinstance(value, str):
            return [self.code(value)]
        if not isinstance(value, dict):
            return []
        codings = value.get("coding") if type_name == "CodeableConcept" else [value]
        return [
            self.member(_string(each.get("system")), _string(each.get("code")))
            for each in (codings if isinstance(codings, (list, tuple)) else ())
            if isinstance(each, dict)
        ]

    def system_of(self, code: str) -> str | None:
        """Return the system that a bare code is taken to be of: that of the only include, or of the
        include that lists it; ``url|version`` where it has one. None where no include lists it.
        """
        if len(self._includes) == 1:
            part = self._includes[0]
        else:
            listing = [
                part
                for part in self._includes
                if part.system and part.concepts and code in part.concepts
            ]
            if not listing:
                return None
            part = listing[0]
        if not part.system:
            return None
        return f"{part.system}|{part.version}" if part.version else part.system

    def listing(self) -> frozenset[str] | None:
        """Return all bare codes that are certainly in the value set; None where any code may be."""
        candidates = self.candidates()
        return (
            None
            if candidates is None
            else frozenset(code for code in candidates if self.code(code) is Membership.IN)
        )

    def few(self, most: int) -> Sequence[tuple[str | None, str]] | None:
        """Return the pairs of system and code that are certainly in the value set, sorted, where
        there are no more than ``most`` codes; None where there are more, or any code may be in it.
        """
        candidates = self.candidates()
        if candidates is None or len(candidates) > most:
            return None
        if self._special is not None:
            return [(None, code) for code in sorted(candidates)]
        found: list[tuple[str | None, str]] = []
        for code in sorted(candidates):
            try:
                pairs = self.find(None, None, code)
            except (ExpansionError, _AbandonedError):
                return None
            found += sorted(
                (pair for pair, certain in pairs.items() if certain and pair[1] == code), key=str
            )
        return found

    @cached_property
    def near_codes(self) -> NearCodes:
        """The search for the code that was perhaps meant by one that is not in the value set."""
        return NearCodes.among(self.candidates())

    def _includes_list(self) -> frozenset[str]:
        """Return the codes that the includes list themselves."""
        return frozenset(code for part in self._includes for code in part.concepts or ())

    def find(
        self,
        system: str | None,
        version: str | None,
        code: str,
        search: _Search | None = None,
    ) -> _Found:
        """Return the pairs of system and code that this code may mean.

        Raises ExpansionError, or breaks off as the reference does.
        """
        search = search or _Search()
        return search.once(self.url, lambda: self._find(system, version, code, search))

    def _find(self, system: str | None, version: str | None, code: str, search: _Search) -> _Found:
        found = self._search(self._includes, system, version, code, search)
        for pair in self._expansion:
            if pair[1] == code and system in (None, pair[0]):
                found[pair] = True
        if found:
            for pair in self._search(self._excludes, system, version, code, search):
                found.pop(pair, None)
            return found
        with suppress(ExpansionError):  # a code that is not in it may make the reference break off
            self._search(self._excludes, system, version, code, search)
        return found

    def _search(
        self,
        parts: Sequence[_Part],
        system: str | None,
        version: str | None,
        code: str,
        search: _Search,
    ) -> _Found:
        found = _Found()
        failure: ExpansionError | None = None
        for part in parts:
            try:
                found.take(part.find(system, version, code, search))
            except ExpansionError as error:
                failure = error
            if found:
                return found
        if failure is not None:
            raise failure
        return found

    def _member(self, system: str | None, code: str | None) -> Membership:
        if self._special is not None:
            return self._special(system, code)
        if not code:
            return Membership.OUT
        url, _, version = (system or "").partition("|")
        held = self._sources.code_system(system) if system else None
        fold: Callable[[str], str] = str if held is None else held.fold

        def matches(pair: tuple[str | None, str]) -> bool:
            return pair[0] == url and fold(pair[1]) == fold(code)

        answer = self._decide(url or None, version or None, code, matches)
        return (
            Membership.OUT
            if not system and answer in (Membership.OPEN, Membership.UNEXPANDABLE)
            else answer
        )

    def _code(self, code: str) -> Membership:
        url, _, version = (self.system_of(code) or "").partition("|")
        if self._special is not None:
            return self._special(url or None, code)
        return self._decide(url or None, version or None, code, lambda pair: pair[1] == code)

    def _decide(
        self,
        system: str | None,
        version: str | None,
        code: str,
        matches: Callable[[tuple[str | None, str]], bool],
    ) -> Membership:
        try:
            found = self.find(system, version, code)
        except ExpansionError:
            return Membership.UNEXPANDABLE
        except _AbandonedError:
            return Membership.SKIPPED_BY_REFERENCE
        certain = [sure for pair, sure in found.items() if matches(pair)]
        if certain:
            return Membership.IN if any(certain) else Membership.OPEN
        return Membership.OPEN if found.doubt and not found else Membership.OUT

    def candidates(self) -> frozenset[str] | None:
        """Return every code that might be in the value set; None where there is no list of them."""
        try:
            return self._candidates(_Search())
        except ExpansionError:
            return None

    def _candidates(self, search: _Search) -> frozenset[str]:
        if self._special is not None:
            listed = special_codes(self.url)
            if listed is None:
                raise ExpansionError(self.url)
            return frozenset(listed)
        return search.once(self.url, lambda: self._listed(search))

    def _listed(self, search: _Search) -> frozenset[str]:
        candidates = {code for _, code in self._expansion}
        for part in self._includes:
            if part.system:
                candidates |= part.listed()
            for url in part.value_sets:
                imported = self._sources.value_set(url)
                if imported is None:
                    raise ExpansionError(url)
                candidates |= imported._candidates(search)  # noqa: SLF001  # another value set
        return frozenset(candidates)


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _contained(contains: Any) -> Iterator[tuple[str | None, str]]:
    for one in contains:
        if isinstance(one.get("code"), str) and not one.get("abstract"):
            yield one.get("system"), one["code"]
        yield from _contained(one.get("contains", ()))
