"""Which slice a value belongs to: a slice's discriminators as one condition on the value (FHIR R4,
section 5.1.0.8).

As in HL7's validator each discriminator's path is followed through the slice's definition to the
element that fixes something, and what that element fixes (value, pattern, type, existence, value
set, profile) becomes a condition on the data. Where that validator gives up, more is asked: what
elements on the way fix, values of every type, what the other discriminators say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..checks.surroundings import Scope
from ..economy.light_dataclass import dataclass
from ..fhirpath import FhirPathError, UndecidedError, invariant
from ..rules.fixed import mismatch_of_fixed, mismatch_of_pattern
from ..schema import Discriminator, Property, TypeRef
from ..schema.profile_tree import ProfileNode
from .discriminator_paths import Place, Tree, Undecidable, follow, steps_of
from .fixing import fixing, quoted
from .value_tests import Selection, Test, always, masked

__all__ = ["SliceTest", "distinguishing_url", "slice_test"]

_OF_CODES = frozenset(
    {("coding",), ("coding", "code"), ("coding", "system"), ("code",), ("system",)}
)
"""The parts of a concept of which a value set says what they may be."""
_BY_URL = Discriminator("value", "url")
_BY_VALUE = frozenset({"value", "pattern"})


@dataclass(frozen=True, slots=True)
class SliceTest:
    """A test that tells whether a value is in one slice.

    holds  (JSON value, companion, scope) -> whether the value is in the slice; None where that
           cannot be decided
    fault  why it cannot be decided, "" where it always can
    needs  (names, text): a value that is in the slice has the text, perhaps among others, at the
           path of these names of members
    """

    holds: Test
    fault: str = ""
    needs: tuple[tuple[tuple[str, ...], str], ...] = ()


def slice_test(
    tree: Tree, discriminators: tuple[Discriminator, ...], node: ProfileNode, prop: Property
) -> SliceTest:
    """Return the test of one slice for values of a property."""
    if not discriminators:
        return SliceTest(always(False))
    try:
        return _Conditions(tree, node, prop).made(discriminators)
    except Undecidable as fault:
        return SliceTest(always(None), _placed(fault, tree, node))


def _placed(fault: Undecidable, tree: Tree, node: ProfileNode) -> str:
    """Return what is wrong with a slice, naming it where the fault lies in what it refers to."""
    text, named = str(fault), f"{tree.url}: {node.element.id}"
    return text if text.startswith(named) else f"{named}: {text.removeprefix(f'{tree.url}: ')}"


def distinguishing_url(
    tree: Tree, discriminators: tuple[Discriminator, ...], node: ProfileNode
) -> str | None:
    """Return the url that alone tells a slice of extensions apart; None where it is told otherwise.

    An extension's url is the canonical of its definition, so that one that is not held is told by
    it, too.
    """
    if discriminators != (_BY_URL,):
        return None
    try:
        for trail in _trails(tree, node, _BY_URL):
            if trail[-1].element.max == 0:
                return None
            if trail[-1].element.fixed is not None:
                return str(trail[-1].element.fixed[1])
    except Undecidable:
        return _canonical(node)
    return None


def _canonical(node: ProfileNode) -> str | None:
    """Return the url of the one extension that a slice is of."""
    urls = [url for t in node.element.types if t.code == "Extension" for url in t.profiles]
    return urls[0].partition("|")[0] if len(urls) == 1 else None


def _trails(tree: Tree, node: ProfileNode, discriminator: Discriminator) -> Iterator[list[Place]]:
    """Yield the ways to the elements that may say what a discriminator's path must be: in the
    profile, then in the profiles of the slice's type. Raises Undecidable.
    """
    path = discriminator.path
    if path == "value" and node.element.fixed is not None:
        yield [Place(tree, node, path, ())]
        return
    steps = steps_of(path)
    of_source = discriminator.type == "profile" and steps[-1] == "resolve()"
    if of_source:
        steps.pop()
        if not steps:
            yield [Place(tree, node, path, ())]
            return
    for start in [None, *(url for t in node.element.types for url in t.profiles)]:
        where, element = (tree, node) if start is None else tree.other(start)
        trail = follow(where, element, steps, into_references=not of_source)
        if trail is not None:
            yield trail


class _Conditions:
    """The conditions that the discriminators of one slice put on values of one property: as
    FHIRPath where that has words for it, else as tests.
    """

    def __init__(self, tree: Tree, node: ProfileNode, prop: Property) -> None:
        self._tree = tree
        self._node = node
        self._prop = prop
        self._texts: list[str] = []
        self._tests: list[Test] = []
        self._fault = ""
        self._needs: list[tuple[tuple[str, ...], str]] = []

    def made(self, discriminators: tuple[Discriminator, ...]) -> SliceTest:
        """Return the test that all of them make. Raises Undecidable where they say nothing."""
        try:
            said = [self._plain(each) for each in discriminators]
        except Undecidable:
            said = []
        # HL7's validator gives up here, with an error for every value of the element; R4 mostly
        # decides (docs/decisions, 004).
        if not any(said):
            self._texts, self._tests, self._fault, self._needs = [], [], "", []
            self._more(discriminators)
        return SliceTest(self._joined(), self._fault, tuple(self._needs))

    def _plain(self, discriminator: Discriminator) -> bool:
        """Add what the end of a path says, as HL7's validator reads it; tell whether it says
        anything. Raises Undecidable.
        """
        trails = _trails(self._tree, self._node, discriminator)
        return any(self._says(trail, discriminator) for trail in trails)

    def _says(self, trail: list[Place], discriminator: Discriminator) -> bool:
        path, kind, element = discriminator.path, discriminator.type, trail[-1].element
        if element.max == 0:
            self._texts.append(f"{path}.empty()")
        elif kind == "type":
            self._texts.append(self._typed(trail[-1], path))
        elif kind == "profile":
            self._of_profiles(trail[-1], path)
        elif kind == "exists":
            if element.min < 1:
                raise self._tree.fault(self._node, f"neither requires nor forbids {path}")
            self._texts.append(f"{path}.exists()")
        elif stated := element.fixed or element.pattern:
            self._fixed(stated, path)
        else:
            return self._bound(trail[-1], path)
        return True

    def _fixed(self, stated: tuple[str, Any], path: str) -> None:
        """Add that a path leads to a stated value. Raises Undecidable."""
        self._texts.append(fixing(self._tree, self._node, stated, path))
        kind, value = stated
        names = self._names(path)
        if names is not None and kind == "CodeableConcept":
            names = (*names, "coding", "code")
            self._needs += [(names, each["code"]) for each in value["coding"] if "code" in each]
        elif names is not None and isinstance(value, str):
            self._needs.append((names, value))

    def _names(self, path: str) -> tuple[str, ...] | None:
        """Return the names of the members that a path leads through; None where it is more than
        names, or where a choice or a resource's type decides on them.
        """
        schema, kind, names = self._tree.compilation.schema, self._prop.type, path.split(".")
        for name in names:
            found = schema.about(kind, name) if name.isalpha() else []
            if len(found) != 1 or found[0].json_name != name:
                return None
            kind = found[0].type
        return tuple(names)

    def _typed(self, place: Place, path: str) -> str:
        element = place.element
        names = [t.code.rpartition("/")[2] for t in element.types] or (
            [element.path] if "." not in element.path else []
        )
        if not names:
            raise self._tree.fault(self._node, f"has no type to be told apart by at {path}")
        return "(" + " or ".join(f"{path.partition('[')[0]} is {name}" for name in names) + ")"

    def _of_profiles(self, place: Place, path: str) -> None:
        of_target = path == "resolve()" or path.endswith(".resolve()")

        def urls(ref: TypeRef) -> tuple[str, ...]:
            return ref.targets if of_target else ref.profiles

        refs = place.element.types
        every = [url for ref in refs for url in urls(ref)]
        unknown = [url for url in every if not self._is_known(url)]
        if not every:
            self._texts.append("true")
        elif not unknown:
            follows = (f"{path}.conformsTo({quoted(url)})" for url in every)
            self._texts.append("(" + " or ".join(follows) + ")")
        else:
            kinds = {ref.code for ref in refs if not of_target and set(urls(ref)) & set(unknown)}
            known = [url for url in every if url not in unknown]
            kinds = set() if kinds & {"Resource", "DomainResource"} else kinds
            self._tests.append(self._selected(path).following(known, frozenset(kinds)))
            self._blame(f"the profile {unknown[0]} is not known")

    def _is_known(self, url: str) -> bool:
        return self._tree.compilation.schema.head(url) is not None

    def _bound(self, place: Place, path: str) -> bool:
        binding = place.element.binding
        if binding is None or binding.strength != "required" or not binding.value_set:
            return False
        self._tests.append(self._selected(path).in_value_set(binding.value_set))
        self._blame(f"is told apart by codes of {binding.value_set}, which cannot all be decided")
        return True

    def _more(self, discriminators: tuple[Discriminator, ...]) -> None:
        """Add what the discriminators say that HL7's validator does not read."""
        faults: list[Undecidable] = []
        parts: dict[str, tuple[Any, list[tuple[str, ...]]]] = {}
        for each in discriminators:
            try:
                self._anywhere(each, parts)
            except Undecidable as fault:
                faults.append(fault)
        for path, (value, rests) in parts.items():
            test = self._selected(path).matching(mismatch_of_pattern, masked(value, rests))
            self._tests.append(test)
        if not self._texts and not self._tests:
            paths = ", ".join(each.path for each in discriminators)
            raise (
                faults[0]
                if faults
                else self._tree.fault(self._node, f"is not told apart by {paths}")
            )
        # Of two discriminators of which one cannot be read, the other still rules values out.
        if faults:
            self._fault = _placed(faults[0], self._tree, self._node)
            self._tests.append(always(None))

    def _anywhere(
        self,
        discriminator: Discriminator,
        parts: dict[str, tuple[Any, list[tuple[str, ...]]]],
    ) -> None:
        """Add what a path's elements say, its last one first; ``parts`` gets the parts of values
        that stand above: path -> the whole value and the paths in it. Raises Undecidable.
        """
        try:
            for trail in _trails(self._tree, self._node, discriminator):
                if self._said_on(trail, discriminator, parts):
                    return
        except Undecidable:
            # An extension's url is the canonical of its definition, so that it tells even one not
            # held.
            url = _canonical(self._node) if discriminator == _BY_URL else None
            if url is None:
                raise
            self._texts.append(f"({quoted(url)} in url)")

    def _said_on(
        self,
        trail: list[Place],
        discriminator: Discriminator,
        parts: dict[str, tuple[Any, list[tuple[str, ...]]]],
    ) -> bool:
        if any(place.element.max == 0 for place in trail[1:]):
            self._texts.append(f"{discriminator.path}.empty()")
            return True
        if discriminator.type not in _BY_VALUE:
            return self._says(trail, discriminator)
        for place in reversed(trail):
            if (stated := place.element.fixed or place.element.pattern) is None:
                if place.rest in ((), *_OF_CODES) and self._bound(place, place.path):
                    return True
            elif place is trail[-1]:
                self._value(place, discriminator.path)
                return True
            elif place.rest and masked(stated[1], [place.rest]) is not None:
                parts.setdefault(place.path, (stated[1], []))[1].append(place.rest)
                return True
        return False

    def _value(self, place: Place, path: str) -> None:
        stated = place.element.fixed or place.element.pattern
        assert stated is not None
        try:
            self._fixed(stated, path)
        except Undecidable:
            mismatch = mismatch_of_fixed if place.element.fixed else mismatch_of_pattern
            self._tests.append(self._selected(path).matching(mismatch, stated[1]))

    def _selected(self, path: str) -> Selection:
        try:
            return Selection(self._tree.compilation, path, self._prop)
        except FhirPathError as error:
            raise self._no_path(error) from error

    def _blame(self, text: str) -> None:
        self._fault = self._fault or str(self._tree.fault(self._node, text))

    def _no_path(self, error: FhirPathError) -> Undecidable:
        return self._tree.fault(self._node, f"has a discriminator that is no FHIRPath: {error}")

    def _joined(self) -> Test:
        if not self._texts:
            return _all(self._tests)
        compilation, prop = self._tree.compilation, self._prop
        try:
            made = invariant(" and ".join(self._texts), prop.type, compilation.model)
        except FhirPathError as error:
            raise self._no_path(error) from error
        holds, holds_for, scope_of = made.holds, made.holds_for, compilation.fhirpath_scope

        def of_primitive(value: Any, companion: Any, scope: Scope) -> bool | None:
            try:
                return holds_for(value, scope_of(scope), companion)
            except UndecidedError:
                return None

        def of_object(value: Any, companion: Any, scope: Scope) -> bool | None:
            try:
                return type(value) is dict and holds(value, scope_of(scope))
            except UndecidedError:
                return None
            except (AttributeError, KeyError, TypeError):
                return False  # data of another form than the type's: the walk reports it

        first: Test = of_primitive if prop.is_primitive else of_object
        return _all([first, *self._tests])


def _all(tests: list[Test]) -> Test:
    """Return the test that all hold: one that does not decides, however many are undecided."""
    if len(tests) == 1:
        return tests[0]

    def test(value: Any, companion: Any, scope: Scope) -> bool | None:
        answer: bool | None = True
        for each in tests:
            said = each(value, companion, scope)
            if said is False:
                return False
            if said is None:
                answer = None
        return answer

    return test
