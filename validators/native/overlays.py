"""Profiles for the acceptor: what a profile says beyond its base type, as groups of members with
their checks and slices.

Follows ``profiles.narrowing.ProfileCompiler`` step by step and asks it wherever it can: the
narrowed elements, the types that are left, and which slice a value is in are its own answers. What
has no counterpart in the table (re-slices, rules on what stands beside a primitive) asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from ..checks.check import Check
from ..checks.compilation import Compilation
from ..checks.surroundings import Scope
from ..economy.lazy_pattern import lazy_pattern
from ..profiles.narrowing import ProfileCompiler
from ..profiles.slices import Slices
from ..schema import Property, Slicing, TypeRef
from ..schema.profile_tree import Group, ProfileNode
from .answers import YES
from .conditions import Conditions
from .questions import NeedsContextError
from .records import NO_CHECK, items, string, u8, u16, u32
from .table import ProfileParts, Table
from .tags import RecordTag, ValueTag
from .value_records import TYPE_ALONE, Values

__all__ = ["Overlays"]

_ASK: Final = u8(ValueTag.ASK)
_ALL_ASKED: Final = items([_ASK]) + items([])
_NOTHING: Final = items([]) + items([])
_UNBOUNDED: Final = 0xFFFFFFFF
_MOST_SLICES: Final = 60
_NAME: Final = lazy_pattern(r"[A-Za-z]\w*")
_TYPE_ALONE: Final[dict[str, tuple[str, ...]]] = {"resourceType": ()}
_OF_EVERY_RESOURCE: Final = frozenset({"meta", "implicitRules", "language"})
_STANDING_IN: Final[dict[str, Any]] = {
    "boolean": True,
    "integer": 1,
    "positiveInt": 1,
    "unsignedInt": 1,
    "decimal": 1,
}
"""Values that show their type and nothing else, where that is all that a slice is told by; dates
are strings.
"""


_BY_TARGET: Final = ("profile", "resolve()")


class _NoCounterpartError(Exception):
    """Something that the table cannot say."""


class Overlays:
    """The records of overlays; each is lowered when the acceptor first asks for it."""

    def __init__(
        self, compilation: Compilation, table: Table, values: Values, conditions: Conditions
    ) -> None:
        self._compilation = compilation
        self._table = table
        self._values = values
        self._conditions = conditions

    def of_profiles(self, urls: Sequence[str]) -> int:
        """Return the number of an overlay that is those of several known profiles together."""
        numbers = [self._values.profile(url) for url in urls]
        if len(numbers) == 1:
            return numbers[0]
        together = items(u8(ValueTag.OVERLAY) + u32(number) for number in numbers) + items([])
        return self._table.overlay(lambda: together)

    def record(self, number: int) -> bytes:
        """Return the record of an overlay."""
        subject = self._table.overlays[number]
        made = (
            self._profile(number, subject)
            if isinstance(subject, str)
            else u8(False) + u16(0) + subject()
        )
        return u8(RecordTag.OVERLAY) + u32(number) + made

    def _profile(self, number: int, url: str) -> bytes:
        definition = self._compilation.definitions.fetch("StructureDefinition", url)
        assert definition is not None
        compiler = ProfileCompiler(self._compilation, definition)
        name = definition["type"]
        own: list[tuple[bytes, Check]] = []
        checks = [_ASK]
        if self._compilation.schema.kind(name) != "primitive-type":
            own = self._values.checks_of_element(compiler.root())
            checks = [record for record, _ in own]
        groups: list[Group] = []
        made = self._overlay(compiler, compiler.top, name, checks, groups) or _NOTHING
        self._table.parts[number] = ProfileParts([check for _, check in own], groups)
        return u8(True) + u16(0 if made == _ALL_ASKED else len(own)) + made

    def _overlay(
        self,
        compiler: ProfileCompiler,
        node: ProfileNode,
        name: str,
        checks: list[bytes],
        told: list[Group] | None = None,
    ) -> bytes | None:
        """Return the checks on an object itself, and its groups; None where there is nothing to
        say.

        told   gets the groups of which something is said
        """
        groups: list[bytes] = []
        for group in node.groups:
            try:
                lowered = self._group(compiler, group, name)
            except _NoCounterpartError:
                return _ALL_ASKED
            if lowered is not None:
                groups.append(lowered)
                if told is not None:
                    told.append(group)
        checks = checks + self._without_extensions(compiler, node, name)
        return items(checks) + items(groups) if checks or groups else None

    def _without_extensions(
        self, compiler: ProfileCompiler, node: ProfileNode, name: str
    ) -> list[bytes]:
        """Return the condition that primitives with a fixed value have no companion; where one has,
        the line is asked about.
        """
        fixed = [
            each.element
            for group in node.groups
            for each in (group.node, *group.slices)
            if each.element.fixed is not None
        ]
        keys = sorted(
            {
                "_" + p.json_name
                for element in fixed
                for p in compiler.properties(element, name)
                if p.is_primitive
            }
        )
        return [u8(ValueTag.CONDITION) + self._conditions.lacking(keys)] if keys else []

    def _group(self, compiler: ProfileCompiler, group: Group, name: str) -> bytes | None:
        found = compiler.properties(group.node.element, name)
        if not found:
            return None
        element, base = group.node.element, found[0].element
        own = [self._item(compiler, group.node, p) for p in found]
        slices = compiler.slices(group, found)
        fewer = element.max is not None and (base.max is None or element.max < base.max)
        if element.min <= base.min and not fewer and slices is None and not any(own):
            return None
        least = element.min if element.min > base.min else 0
        most = element.max if fewer and element.max is not None else _UNBOUNDED
        members = [
            self._member(compiler, p, item, slices) for p, item in zip(found, own, strict=True)
        ]
        return (
            u32(least)
            + u32(most)
            + items(members)
            + (u8(0) if slices is None else self._slices(slices))
        )

    def _slices(self, slices: Slices) -> bytes:
        slicing = slices.slicing
        if (
            len(slices.nodes) > _MOST_SLICES
            or slices.by_position
            or any("/" in name for name in slices.names)
        ):
            raise _NoCounterpartError
        bounds = (
            u32(node.element.min)
            + u32(_UNBOUNDED if node.element.max is None else node.element.max)
            for node in slices.nodes
        )
        flags = slicing.rules == "closed", slicing.ordered, _is_by_target(slicing)
        return u8(1) + b"".join(map(u8, flags)) + items(bounds) + items(self._targets(slices))

    def _targets(self, slices: Slices) -> list[bytes]:
        """Return, of slices that are told apart by the profiles of what references lead to alone,
        the profiles of each; nothing where one is not known, or where it takes more to tell.
        """
        if any(
            (d.type, d.path.removeprefix("$this.")) != _BY_TARGET
            for d in slices.slicing.discriminators
        ):
            return []
        found: list[bytes] = []
        for node in slices.nodes:
            urls = [url for ref in node.element.types for url in ref.targets]
            wanted = [self._wanted(url) for url in urls]
            if not urls or node.element.max == 0 or None in wanted:
                return []
            found.append(items(each for each in wanted if each is not None))
        return found

    def _wanted(self, url: str) -> bytes | None:
        """Return the record of a profile on resources that the target of a reference may follow;
        None where it is not known, or a type's own.
        """
        head = self._compilation.schema.head(url)
        definition = self._compilation.definitions.fetch("StructureDefinition", url)
        if head is None or definition is None or self._compilation.profile_check(url) is None:
            return None
        if head.type not in self._compilation.schema.resources():
            return None
        told = self._conditions.telling(ProfileCompiler(self._compilation, definition))
        bare = str(definition["url"])
        overlay = u32(self._values.profile(url))
        return string(head.type) + overlay + string(bare) + items(told)

    def _member(
        self, compiler: ProfileCompiler, prop: Property, item: bytes | None, slices: Slices | None
    ) -> bytes:
        name = self._table.names.number
        companion = name("_" + prop.json_name) if prop.is_primitive else name(prop.json_name)
        start = (
            u16(name(prop.json_name)) + u16(companion) + u8(prop.is_primitive) + (item or _item([]))
        )
        if slices is None:
            return start + u32(NO_CHECK) + items([]) + items([])
        decided_by = self._decided_by(slices, prop)
        question = self._table.question(
            self._slice_question(slices, prop, by_type=decided_by == _TYPE_ALONE)
        )
        inside = [self._item(compiler, node, prop) or _item([]) for node in slices.nodes]
        return (
            start + u32(question) + self._table.names.projection(decided_by.items()) + items(inside)
        )

    def _decided_by(self, slices: Slices, prop: Property) -> dict[str, tuple[str, ...]]:
        """Return the members that the discriminators look at, each with those of its own that
        count, or none of them where it counts as a whole; nothing for the whole value.

        Where the type alone decides, a member that no value has.
        """
        discriminators = slices.slicing.discriminators
        if discriminators and all(d.type == "type" and d.path == "$this" for d in discriminators):
            return _TYPE_ALONE
        if prop.is_primitive or any("(" in d.path for d in discriminators):
            return {}
        wanted = {d.path.partition(".")[0] for d in discriminators}
        if wanted == {"$this"}:
            wanted = _in_patterns(slices)
        if not wanted or not all(map(_NAME.fullmatch, wanted)):
            return {}
        decisive = [
            p
            for p in self._compilation.schema.properties(prop.type).values()
            if p.name in wanted or p.json_name in wanted
        ]
        return {
            name: _inside_resource([d.path for d in discriminators]) if p.type == "Resource" else ()
            for p in decisive
            for name in ((p.json_name, "_" + p.json_name) if p.is_primitive else (p.json_name,))
        }

    def _slice_question(self, slices: Slices, prop: Property, *, by_type: bool) -> Any:
        def match(value: Any, scope: Scope) -> int:
            if by_type and prop.is_primitive:
                value = _STANDING_IN.get(prop.type, "2000-01-01")
            matched, other, doubtful = slices.match(value, None, prop, scope)
            if other is not None:
                return 0
            slices.undecided(doubtful, "", scope)
            return 1 if matched is None else matched + 2

        return self._values.valued(match)

    def _item(self, compiler: ProfileCompiler, node: ProfileNode, prop: Property) -> bytes | None:
        """Return what a node says of each value of a property; None for nothing."""
        if prop.type == "Resource":
            return (
                None
                if compiler.item_check(node, prop) is None
                else self._inline(compiler, node, prop)
            )
        if compiler.is_other_type(node.element, prop):
            return _item([_ASK], empty_asks=True)
        narrowed = compiler.narrowed(node.element, prop)
        if prop.is_primitive:
            return self._primitive(compiler, node, narrowed, prop)
        checks = self._values.checks(narrowed, "narrowed")
        reference = node.element.content_reference
        if reference is not None and not node.groups:
            target = compiler.referred(reference)
            if target is not None:
                checks.append(
                    u8(ValueTag.OVERLAY)
                    + u32(
                        self._table.overlay(
                            lambda: self._overlay(compiler, target, prop.type, []) or _NOTHING
                        )
                    )
                )
        elif (inside := self._overlay(compiler, node, prop.type, [])) is not None:
            checks.append(u8(ValueTag.OVERLAY) + u32(self._table.overlay(lambda: inside)))
        return _item(checks) if checks else None

    def _inline(self, compiler: ProfileCompiler, node: ProfileNode, prop: Property) -> bytes:
        """Return what a node says of a resource inside another one: which types it may have, and
        for each the one profile that it must follow. Where it says more, it asks.
        """
        element = node.element
        if (
            prop.json_name != "resource"  # of an entry; a contained one stands elsewhere
            or element.fixed is not None
            or element.pattern is not None
            or not element.types
        ):
            return _item([_ASK])
        needs: list[bytes] = []
        for ref in element.types:
            name = self._only_type(ref, alone=len(element.types) == 1)
            if name is None:
                return _item([_ASK])
            of_type = replace(prop, type=name, type_ref=replace(ref, code=name))
            own = self._conditions.of_entry(compiler.narrowed(element, of_type))
            if own is None:
                return _item([_ASK])
            known = [url for url in ref.profiles if self._compilation.profile_check(url)]
            checks = [u8(ValueTag.OVERLAY) + u32(self._values.profile(url)) for url in known]
            checks += [self._values.invariant(op, c, name) for op, c in own]
            inside = self._overlay(compiler, node, name, checks)
            need = TYPE_ALONE if inside is None else self._table.overlay(partial(bytes, inside))
            needs.append(string(name) + u32(need))
        return _item([u8(ValueTag.INLINE) + u8(1) + items(needs)])

    def _only_type(self, ref: TypeRef, *, alone: bool) -> str | None:
        """Return the one type of resources that an entry of types allows: the type that it names,
        or that of its one profile where it stands alone and names any resource. None where several
        profiles are allowed, or where one is not known or is on another type.
        """
        heads = [self._compilation.schema.head(url) for url in ref.profiles]
        if len(heads) > 1 or None in heads:
            return None
        if ref.code != "Resource":
            return ref.code if all(head.type == ref.code for head in heads if head) else None
        name = heads[0].type if alone and heads and heads[0] else ""
        return name if name in self._compilation.schema.resources() else None

    def _primitive(
        self, compiler: ProfileCompiler, node: ProfileNode, narrowed: Property, prop: Property
    ) -> bytes | None:
        inside = compiler.children(node, prop.type)
        beside = None if inside is None else self._overlay(compiler, node, "Element", [])
        if inside is not None and beside is None:
            return _item([_ASK], empty_asks=True)
        told, left = self._conditions.of_primitive(narrowed)
        rules = self._compilation.narrowing_checks(left)
        empty_asks = bool(self._compilation.empty_checks(narrowed))
        if not told and not rules and not empty_asks and inside is None:
            return None

        if rules:  # among what these say no place is known for what conditions do
            checks = [u8(ValueTag.CONDITION) + op for op, _ in told]
            checks.append(u8(ValueTag.VALUE) + u32(self._values.about_value(rules)))
        else:
            checks = [self._values.invariant(op, c, prop.type) for op, c in told]
        return _item(
            checks,
            empty_asks=empty_asks,
            beside=NO_CHECK if beside is None else self._table.overlay(lambda: beside),
            bare=inside is None or self._bears_nothing(inside),
        )

    def _bears_nothing(self, inside: Check) -> bool:
        """Tell whether what a profile says of what stands beside a primitive certainly holds where
        nothing does.
        """
        try:
            answer = self._values.valued(lambda value, scope: 0 if inside(value, scope) else 1)(
                b"{}"
            )
        except NeedsContextError:
            return False
        return answer == YES


def _is_by_target(slicing: Slicing) -> bool:
    """Tell whether slices are told apart by nothing but what a reference leads to."""
    paths = [d.path.removeprefix("$this.") for d in slicing.discriminators]
    return bool(paths) and all(path.startswith("resolve()") for path in paths)


def _in_patterns(slices: Slices) -> set[str]:
    """Return the members that the patterns of slices name, where each slice has one and is told by
    it: by discriminators that look at the whole value. Nothing where it takes more to tell.
    """
    told_by_value = all(d.type in ("pattern", "value") for d in slices.slicing.discriminators)
    elements = [node.element for node in slices.nodes]
    patterns = [e.pattern[1] for e in elements if e.pattern and e.fixed is None and e.max != 0]
    if not told_by_value or len(patterns) < len(elements):
        return set()
    names: set[str] = set()
    for pattern in patterns:
        if not isinstance(pattern, dict):
            return set()
        names |= pattern.keys()
    return names


def _inside_resource(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the members of a resource that paths through it look at; nothing for all of it."""
    names = {path.split(".")[1] if "." in path else "" for path in paths}
    return ("resourceType", *sorted(names)) if names <= _OF_EVERY_RESOURCE else ()


def _item(
    checks: Iterable[bytes],
    *,
    empty_asks: bool = False,
    beside: int = NO_CHECK,
    bare: bool = True,
) -> bytes:
    return items(checks) + u8(empty_asks) + u32(beside) + u8(bare)
