"""The slices of one element of a profile: which value is in which, how many there may be, what each
says (FHIR R4, section 5.1.0.7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..checks.bounds import undecided
from ..checks.check import Issues, added, prefix_locations
from ..checks.surroundings import Scope
from ..rules.cardinality import too_few, too_many
from ..schema import Property, Slicing
from ..schema.profile_tree import ProfileNode
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue
from ..verdicts.undecided import slicing_key
from .discriminator_paths import Tree
from .discriminators import SliceTest, distinguishing_url, slice_test
from .positions import positions_of
from .slice_tests import SliceTests
from .value_tests import always

__all__ = ["ItemCheck", "Slices", "items_of", "step_of"]

_TESTS, _TESTS_OF_A_VALUE = 10_000, 100
"""How often the values of one element are held against slices: so often, and so often more for each
of the values. Real profiles have some dozens of slices.
"""
_FEW = 3
"""So many properties are looked for one by one as fast as by the names that are there."""
_DEFAULT = "@default"
"""The slice of the values that are in no other (FHIR R4, section 5.1.0.9)."""
SLICE_AMBIGUOUS = Declaration(
    "slice-ambiguous",
    "error",
    "invalid",
    "Profile {profile}, Element matches more than one slice - {first}, {second}",
    "a value is in one slice",
    section="5.1.0.7",
    reference=("Validation_VAL_Profile_MatchMultiple",),
)
SLICE_ORDER = Declaration(
    "slice-order",
    "error",
    "invalid",
    "Profile {profile}, Element '{element}' is out of order in an ordered slicing",
    "values stand in the order of the slices, where a profile orders them",
    section="5.1.0.7",
)
SLICE_CLOSED = Declaration(
    "slice-closed",
    "error",
    "invalid",
    "This element does not match any known slice defined in the profile {profile} and slicing is "
    "CLOSED: {slices}",
    "a value is in one of the slices, where a profile allows no others",
    section="5.1.0.7",
    reference=("Validation_VAL_Profile_NotSlice",),
)
SLICING = Declaration(
    "slicing",
    "information",
    "not-supported",
    "Slicing cannot be evaluated: {reason}",
    "the slices of a profile can be told apart",
    section="5.1.0.7",
    reference=("SLICING_CANNOT_BE_EVALUATED",),
)

ItemCheck = Callable[[Any, Any, Scope], Issues]
"""Checks one value (JSON value, companion, scope); the value is None where a primitive has only its
companion.
"""
Item = tuple[Any, Any, Property, int | None]
"""A value, its companion, the property that it is of, and its place in the array, None for a
property of one value.
"""


def items_of(value: dict[str, Any], found: list[Property]) -> list[Item]:
    """Return the values of properties in an object, in the order of the properties."""
    items: list[Item] = []
    for p in found:
        raw, other = (
            value.get(p.json_name),
            value.get("_" + p.json_name) if p.is_primitive else None,
        )
        if raw is None and other is None:
            continue
        if not p.is_list:
            items.append((raw, other if type(other) is dict else None, p, None))
            continue
        if other is None:  # as nearly always
            for index, one in enumerate(raw if type(raw) is list else ()):
                if one is not None:
                    items.append((one, None, p, index))
            continue
        values, others = raw if type(raw) is list else [], other if type(other) is list else []
        for index in range(max(len(values), len(others))):
            one = values[index] if index < len(values) else None
            companion = (
                others[index] if index < len(others) and type(others[index]) is dict else None
            )
            if one is not None or companion is not None:
                items.append((one, companion, p, index))
    return items


def step_of(prop: Property, index: int | None) -> str:
    """Return the step of a value's location."""
    return prop.step if index is None else f"{prop.step}[{index}]"


class Slices:
    """The slices of one element, told apart by conditions that are compiled when a value is first
    seen.

    slicing   how they are told apart, whether others may be there, and in what order
    nodes     the slices, re-slices among them
    checks    for each slice: JSON name of a property -> what the slice says of a value of it

    ``needs_some`` tells whether there is something to say of an object without any value.
    """

    def __init__(
        self,
        tree: Tree,
        slicing: Slicing,
        nodes: list[ProfileNode],
        found: list[Property],
        checks: list[dict[str, ItemCheck | None]],
    ) -> None:
        self._tree = tree
        self.slicing = slicing
        self.nodes = nodes
        self.names = [node.element.slice_name or "" for node in nodes]
        self._found = found
        self._places = {
            name: at for at, p in enumerate(found) for name in (p.json_name, "_" + p.json_name)
        }
        self._checks = checks
        self._is_choice = found[0].element.is_choice
        self._tests: dict[str, SliceTests] = {}
        self._by_url: dict[str, int] | None = None
        self._default: int | None = None
        self._compiled = False
        self.by_position = any(d.type == "position" for d in slicing.discriminators)
        self._resliced = any("/" in name for name in self.names)
        self._needed = [at for at, node in enumerate(nodes) if node.element.min]
        self.needs_some = bool(self._needed)

    def check(self, value: dict[str, Any], scope: Scope) -> Issues:
        """Return what is wrong with the values of an object, as far as slices say it."""
        if not self._compiled:
            self._compile()
        if self._by_url is not None:
            return self._check_by_url(value, self._by_url, scope)
        items = items_of(value, self._found if len(self._found) <= _FEW else self._there(value))
        if len(items) * len(self.nodes) > _TESTS + _TESTS_OF_A_VALUE * len(items):
            beyond = undecided(f"slicing of {self._found[0].element.path}", scope)
            return beyond if self._tree.compilation.warnings else None
        issues: list[Issue] = []
        counts, doubts = dict[int, int](), dict[int, int]()
        last = -1
        for position, (item, companion, found, index) in enumerate(items):
            matched, other, doubtful = self.match(item, companion, found, scope, position)
            if doubtful:
                issues += self.undecided(doubtful, step_of(found, index), scope)
                for at in doubtful:
                    doubts[at] = doubts.get(at, 0) + 1
            if matched is not None and other is not None:
                issues.append(self._ambiguous(matched, other, step_of(found, index)))
            if matched is None:
                last = -1
                if self.slicing.rules == "closed" and not doubtful:
                    issues.append(self._unmatched(step_of(found, index)))
                continue
            if self.slicing.ordered and matched < last:
                issues.append(self._out_of_order(step_of(found, index)))
            last = matched
            counts[matched] = counts.get(matched, 0) + 1
            check = self._checks[matched][found.json_name]
            if check is not None and (said := check(item, companion, scope)):
                issues += prefix_locations(step_of(found, index), said)
        return (issues + (self._cardinality(counts, doubts) or [])) or None

    def _there(self, value: dict[str, Any]) -> list[Property]:
        """Return those of fifty properties of a choice that an object has."""
        places = {self._places[name] for name in value if name in self._places}
        return [self._found[at] for at in sorted(places)]

    def _compile(self) -> None:
        self._compiled = True
        discriminators = self.slicing.discriminators
        if self._found[0].type == "Extension":
            urls = [distinguishing_url(self._tree, discriminators, node) for node in self.nodes]
            if (
                None not in urls
                and len(set(urls)) == len(urls)
                and not any("/" in name for name in self.names)
            ):
                self._by_url = {url: index for index, url in enumerate(urls) if url is not None}
                return
        # The default is the slice of the values that are in no other (docs/decisions, 004).
        if _DEFAULT in self.names:
            self._default = self.names.index(_DEFAULT)
        self._tests = {p.json_name: SliceTests(self._tests_of(p)) for p in self._found}

    def _tests_of(self, prop: Property) -> list[SliceTest]:
        """Return the test of every slice; that of the default is in no other."""
        if self.by_position:
            return positions_of(self._tree, self.slicing, self.nodes)
        return [
            SliceTest(always(False))
            if name == _DEFAULT
            else slice_test(self._tree, self.slicing.discriminators, node, prop)
            for name, node in zip(self.names, self.nodes, strict=True)
        ]

    def _check_by_url(self, value: dict[str, Any], by_url: dict[str, int], scope: Scope) -> Issues:
        """Check extensions, told apart by their url alone: nearly all that are sliced."""
        found = self._found[0]
        items = value.get(found.json_name)
        counts: dict[int, int] = {}
        issues: Issues = None
        closed = self.slicing.rules == "closed"
        for index, item in enumerate(items) if type(items) is list else ():
            url = item.get("url") if type(item) is dict else None
            matched = by_url.get(url) if type(url) is str else None
            if matched is None:
                said = [self._unmatched(step_of(found, index))] if closed else None
            else:
                counts[matched] = counts.get(matched, 0) + 1
                check = self._checks[matched][found.json_name]
                said = check(item, None, scope) if check is not None else None
                said = None if said is None else prefix_locations(step_of(found, index), said)
            if said is not None:
                issues = added(issues, said)
        found_here = self._cardinality(counts, {})
        return found_here if issues is None else issues + (found_here or [])

    def match(
        self, value: Any, companion: Any, prop: Property, scope: Scope, position: int = 0
    ) -> tuple[int | None, int | None, Sequence[int]]:
        """Return the slice that a value is in, a second one that it must not be in as well, and the
        slices of which that cannot be decided.

        Of a slice and its re-slice the latter counts; of a choice's slices the last. A value that
        is in one slice is in none of the undecided ones, but for its re-slices.
        """
        if not self._compiled:
            self._compile()
        if self._by_url is not None:
            url = value.get("url") if type(value) is dict else None
            return (self._by_url.get(url) if type(url) is str else None), None, ()
        matched = other = None
        doubtful: list[int] = []
        for index, test in self._tests[prop.json_name].open(value):
            answer = test.holds(value, position if self.by_position else companion, scope)
            if answer is None:
                doubtful.append(index)
            if not answer:
                continue
            if (
                matched is None
                or self._is_choice
                or self.names[index].startswith(self.names[matched] + "/")
            ):
                matched = index
            elif not self.names[matched].startswith(self.names[index] + "/"):
                other = index
        # A value that is in one slice is in no undecided one, but for re-slices (docs/decisions,
        # 004).
        if matched is not None and doubtful:
            within = self.names[matched] + "/"
            doubtful = [index for index in doubtful if self.names[index].startswith(within)]
        if matched is None and not doubtful:
            matched = self._default
        return matched, other, doubtful

    def faults(self) -> list[str]:
        """Return why slices cannot always be decided."""
        if not self._compiled:
            self._compile()
        every = (test for tests in self._tests.values() for test in tests.tests)
        return [test.fault for test in every if test.fault]

    def undecided(self, doubtful: Sequence[int], step: str, scope: Scope) -> list[Issue]:
        """Count the slices of which it cannot be decided that a value is in them; return what is to
        be told of that.
        """
        if not doubtful:  # always so where urls tell them apart, without tests
            return []
        tests = self._tests[self._found[0].json_name].tests
        for index in doubtful:
            scope.undecided[slicing_key(tests[index].fault)] += 1  # the profile's fault
        if not self._tree.compilation.warnings:
            return []
        return [
            Issue.of(SLICING(reason=tests[index].fault), step, self._tree.url) for index in doubtful
        ]

    def _ambiguous(self, matched: int, other: int, step: str) -> Issue:
        fault = SLICE_AMBIGUOUS(
            profile=self._tree.url, first=self.names[matched], second=self.names[other]
        )
        return Issue.of(fault, step)

    def _out_of_order(self, step: str) -> Issue:
        return Issue.of(SLICE_ORDER(profile=self._tree.url, element=step), step)

    def _unmatched(self, step: str) -> Issue:
        fault = SLICE_CLOSED(profile=self._tree.url, slices=", ".join(self.names))
        return Issue.of(fault, step)

    def _cardinality(self, counts: dict[int, int], doubts: dict[int, int]) -> Issues:
        """Return what is wrong with how many values the slices have.

        counts  slice -> values that are in it; doubts: values that may be in it
        """
        if not self._needed and not counts:
            return None
        issues: Issues = None
        # a slice without values is wrong only where it needs one: there may be thousands of slices
        met = {at for one in counts for at in self._with_outer(one)} if self._resliced else counts
        for index in sorted({*self._needed, *met}):
            element = self.nodes[index].element
            count = self._of_slice(index, counts)
            # Values that may be in the slice can still fill it: only with none left is it missing.
            if count < element.min and count + self._of_slice(index, doubts) < element.min:
                issues = [*(issues or ()), too_few(self._tree.url, element.id, element.min, count)]
            if element.max is not None and count > element.max:
                issues = [*(issues or ()), too_many(self._tree.url, element.id, element.max, count)]
        return issues

    def _with_outer(self, index: int) -> list[int]:
        """Return a slice and those that it is a slice of."""
        name = self.names[index]
        return [at for at, outer in enumerate(self.names) if f"{name}/".startswith(f"{outer}/")]

    def _of_slice(self, index: int, counts: dict[int, int]) -> int:
        """Return how many values are counted for a slice and its re-slices."""
        if not self._resliced:
            return counts.get(index, 0)
        return counts.get(index, 0) + sum(
            n
            for other, n in counts.items()
            if self.names[other].startswith(self.names[index] + "/")
        )
