"""Value records: all that holds for each value of a property: natively where the table can say it,
else as questions to the explainer's checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, assert_never

from ..checks.check import Check
from ..checks.coded_element import code_system_bound
from ..checks.compilation import Compilation
from ..checks.rule import Asked, Lowered, Rule, Settled, Twin, Unknown
from ..checks.surroundings import Scope
from ..definitions import CORE
from ..rules import RULES, binding, invariant
from ..rules.claimed_profiles import named
from ..rules.extension import Extensions
from ..rules.extension_context import PendingContext, allowed_by_names, names_of_place
from ..rules.primitive import format_of, style_of
from ..rules.rebinding import Rebinding
from ..rules.reference import target_types
from ..schema import Constraint, Property
from ..values import primitives
from ..verdicts.issue import Issue
from ..verdicts.undecided import LineUndecided
from .answers import Answer
from .conditions import Conditions
from .coverage import Coverage
from .plain_questions import REFERENCE, UNQUOTED, about_primitive, plain_question, told
from .questions import Nowhere, Outermost, Question, about_value, judged, read_text, read_value
from .records import NO_CHECK, items, string, u8, u32
from .table import Table
from .tags import KindTag, PrimitiveTag, ValueTag
from .unseen import scopes

__all__ = ["TYPE_ALONE", "Values"]

_PRIMITIVES: Final = {
    "string": PrimitiveTag.TEXT,
    "markdown": PrimitiveTag.TEXT,
    "code": PrimitiveTag.CODE,
    "id": PrimitiveTag.ID,
    "uri": PrimitiveTag.URI,
    "url": PrimitiveTag.URI,
    "canonical": PrimitiveTag.CANONICAL,
    "date": PrimitiveTag.DATE,
    "dateTime": PrimitiveTag.DATE_TIME,
    "instant": PrimitiveTag.INSTANT,
    "time": PrimitiveTag.TIME,
    "boolean": PrimitiveTag.BOOLEAN,
    "integer": PrimitiveTag.INTEGER,
    "positiveInt": PrimitiveTag.POSITIVE,
    "unsignedInt": PrimitiveTag.UNSIGNED,
    "decimal": PrimitiveTag.DECIMAL,
    "base64Binary": PrimitiveTag.BASE64,
    "xhtml": PrimitiveTag.XHTML,
}
_STYLED: Final = {
    PrimitiveTag.TEXT: PrimitiveTag.QUIET_TEXT,
    PrimitiveTag.BASE64: PrimitiveTag.OTHER,
}
"""The forms that tell less than whether a value's style is in order, and what stands for them where
that counts.
"""
_INLINE: Final = {
    "contained": KindTag.CONTAINED,
    "resource": KindTag.INLINE,
    "outcome": KindTag.INLINE,
}
"""Properties that hold whole resources, with the kind of place that these stand in; others are left
to the explainer.
"""
_PART: Final = b"\x1e"
"""What parts the texts of one question: no JSON string has it."""
TYPE_ALONE: Final = 0xFFFFFFFF
_LEFT: Final = 0xFFFFFFFE
"""In place of the profile that a reference's target must follow: its type is enough; only the
explainer can tell.
"""


class Values:
    """The values of properties; one per table.

    tells_broken   whether there is a question for what is said where a profile's invariant fails
    """

    def __init__(self, compilation: Compilation, table: Table, conditions: Conditions) -> None:
        self._compilation = compilation
        self._schema = compilation.schema
        self._table = table
        self._conditions = conditions
        self._remarks = compilation.warnings
        self.tells_broken = True
        self.coverage = Coverage(compilation)
        self._targets: dict[tuple[str, ...], bytes] = {}

    def primitive(self, prop: Property) -> tuple[bytes, int, list[bytes]]:
        """Return the kind of a primitive property's values as a record, the number of the question
        to ask of a value that is not certain, and the records of the checks of each value.
        """
        form = _PRIMITIVES.get(prop.type, PrimitiveTag.OTHER)
        if (
            prop.json_name == "id"
            and self._schema.kind(prop.element.path.removesuffix(".id")) == "resource"
        ):
            form = PrimitiveTag.ID
        if style_of(prop, self._compilation) is not None:
            form = _STYLED.get(form, form)
        others = dict(self._asked_of_primitives(prop))
        if prop.type in UNQUOTED:
            return (
                u8(KindTag.PRIMITIVE) + u8(form),
                self._about_primitive(prop, {}),
                [u8(ValueTag.VALUE) + u32(self.about_value([*others.values()]))] if others else [],
            )
        question = self._about_primitive(prop, others)
        if others:
            kind = u8(KindTag.PRIMITIVE) + u8(PrimitiveTag.OTHER)
            return kind, NO_CHECK, [u8(ValueTag.TEXT) + u32(question)]
        return u8(KindTag.PRIMITIVE) + u8(form), question, []

    def _about_primitive(self, prop: Property, others: dict[str, Check]) -> int:
        """Return the number of a new question about a primitive's values: their format, and what
        other rules say.
        """
        prove, style = format_of(prop, self._compilation), style_of(prop, self._compilation)
        if prove is primitives.CHECKS[prop.type] and others.keys() <= {binding.RULE.name}:
            return self._plain(prop)
        return self._table.question(
            about_primitive(
                prop.type,
                [told(prove, style), *others.values()],
                scopes(self._compilation.hooks),
                remarks=self._remarks,
            )
        )

    def _plain(self, prop: Property) -> int:
        """Return the number of a new question about a property's codes or format alone."""
        element = binding.coded_element(prop)
        return self._table.question(
            plain_question(element, self._compilation.terminology, remarks=self._remarks), element
        )

    def _asked_of_primitives(self, prop: Property) -> Iterator[tuple[str, Check]]:
        """Yield the checks of a primitive's values by the names of their rules, but for its format
        and what a twin knows.
        """
        for rule in RULES:
            match rule.native:
                case Twin() | Lowered("format"):
                    continue
            if "value" in rule.on and (check := rule.check(prop, self._compilation)) is not None:
                yield rule.name, check

    def other(self, prop: Property) -> tuple[bytes, int, list[bytes]]:
        """Return the kind of the values of a property that is no primitive as a record, that there
        is no question, and the records of the checks of each value.
        """
        checks = self.checks(prop, "value")
        if prop.type == "Resource":
            kind = KindTag.ASK if checks else _INLINE.get(prop.json_name, KindTag.ASK)
            return u8(kind), NO_CHECK, []
        if not self.coverage.holds(self._schema.type(prop.type)):
            return u8(KindTag.ASK), NO_CHECK, []
        return u8(KindTag.OBJECT) + u32(self._table.node(prop.type)), NO_CHECK, checks

    def checks(self, prop: Property, on: str) -> list[bytes]:
        """Return the records of what the rules say of each value of a property that is no
        primitive.
        """
        lowered: list[bytes] = []
        for rule in RULES:
            if on in rule.on and (check := rule.check(prop, self._compilation)) is not None:
                excused = self._bound_anew(prop) if on == "value" and rule is binding.RULE else None
                is_told = on == "narrowed"
                lowered += (
                    self._lowered(rule, prop, check, is_told=is_told)
                    if excused is None
                    else [excused]
                )
        return lowered

    def checks_of_element(self, prop: Property) -> list[tuple[bytes, Check]]:
        """Return the records of what a profile says of values of a property that is no primitive,
        each with a check that says it, and perhaps more.
        """
        told: list[tuple[bytes, Check]] = []
        for rule in RULES:
            if "narrowed" not in rule.on or (check := rule.check(prop, self._compilation)) is None:
                continue
            records = self._lowered(rule, prop, check, is_told=True)
            apart = invariant.each_of_element(prop, self._compilation)
            is_apart = rule is invariant.ELEMENTS and len(apart) == len(records)
            told += zip(records, apart if is_apart else [check] * len(records), strict=True)
        return told

    def _bound_anew(self, prop: Property) -> bytes | None:
        """Return the condition that every profile which a resource claims binds a member of it
        anew, where without that no value of the member is in order: its own binding names a code
        system. None for other properties, and where claims do not count or all is to be said.
        """
        compilation, name = self._compilation, prop.element.path.partition(".")[0]
        bound = prop.element.binding
        if (
            compilation.unknown_profile is None
            or compilation.warnings
            or prop.element.path != f"{name}.{prop.name}"
            or not self._schema.is_resource(name)
            or bound is None
            or bound.additional
            or (fault := code_system_bound(bound.value_set, compilation.terminology)) is None
        ):
            return None

        rebinding = Rebinding(compilation)

        def judge(value: Any, scope: Nowhere) -> int:
            return 0 if rebinding.without([Issue.of(fault, prop.step)], name, value) else 1

        question = self._table.question(self.valued(judge))
        members = {"meta": ("profile",)}
        return u8(ValueTag.CONDITION) + self._conditions.asked_of_resource(question, members)

    def _lowered(self, rule: Rule, prop: Property, check: Check, *, is_told: bool) -> list[bytes]:
        """Return one rule's check of each value, as records: by how the rule is known natively.

        is_told   whether the invariants are a profile's, of each of which is told that it fails
        """
        match rule.native:
            case Lowered("codes"):
                concept = prop.type == "CodeableConcept"
                tag = ValueTag.CONCEPT if concept else ValueTag.CODING
                return [u8(tag) + u32(self._plain(prop))]
            case Twin("reference"):
                return [self._reference(prop, check)]
            case Lowered("extension"):
                return [self._extension(prop, check)]
            case Lowered("conditions"):
                told = self._conditions.of_element(prop)
                if is_told:
                    return [self.invariant(op, c, prop.type) for op, c in told]
                return [u8(ValueTag.CONDITION) + op for op, _ in told]
            case Lowered("overlay") if (url := self._only_profile(prop)) is not None:
                known = self._compilation.profile_check(url) is not None
                return [u8(ValueTag.OVERLAY) + u32(self.profile(url))] if known else []
            case Unknown():
                return [u8(ValueTag.ASK)]
            case Asked() | Settled() | Lowered() | Twin():
                return [u8(ValueTag.VALUE) + u32(self.about_value([check]))]
            case _:
                assert_never(rule.native)

    def invariant(self, op: bytes, constraint: Constraint, name: str) -> bytes:
        """Return the record of a profile's constraint on values of a type: its condition, and the
        question that tells what is said where that fails.
        """
        issue = invariant.broken(constraint, name, self._compilation)
        if issue is None or not self.tells_broken:
            return u8(ValueTag.CONDITION) + op

        def question(text: bytes) -> Answer:
            scope = Nowhere()
            value = judged([issue.copied()], scope, remarks=self._remarks)
            return Answer(value, scope.undecided, scope.found)

        return u8(ValueTag.INVARIANT) + u32(self._table.question(question)) + op

    def profile(self, url: str) -> int:
        """Return the number of the overlay of a known profile, the same one however it is asked
        for.
        """
        head = self._schema.head(url)
        assert head is not None, "it is known"
        return self._table.profile(head.identity)

    def _only_profile(self, prop: Property) -> str | None:
        """Return the profile of a type, where there is one and it is known; None otherwise."""
        urls = prop.type_ref.profiles
        return (
            urls[0]
            if len(urls) == 1
            and self._compilation.definitions.fetch("StructureDefinition", urls[0]) is not None
            else None
        )

    def _reference(self, prop: Property, check: Check) -> bytes:
        type_ref = prop.type_ref
        if type_ref.aggregation:
            return u8(ValueTag.ASK)
        if type_ref.targets not in self._targets:
            self._targets[type_ref.targets] = self._target_record(type_ref.targets)

        def question(text: bytes) -> Answer:
            value = read_value(text)
            scope = Scope({}, LineUndecided())
            found = check(value if isinstance(value, dict) else {"reference": value}, scope)
            if found:
                return Answer(0, scope.undecided, found if self._remarks else None)
            return Answer(1, scope.undecided)

        number = self._table.question(question, REFERENCE)
        self._table.references[number] = check
        self._table.targets[number] = type_ref.targets
        return u8(ValueTag.REFERENCE) + u32(number) + self._targets[type_ref.targets]

    def _target_record(self, targets: tuple[str, ...]) -> bytes:
        """Return, as a record, whether a target inside the line can be judged at all, and the types
        that are allowed, each with the profile that it must follow.
        """
        kinds = {url: self._schema.profiled(url) for url in targets}
        settles = CORE + "Resource" in targets or None not in kinds.values()
        types = sorted(target_types(self._schema, targets) or ())
        return u8(settles) + items(
            string(name) + u32(self._need(name, [url for url in targets if kinds[url] == name]))
            for name in types
        )

    def _need(self, name: str, urls: list[str]) -> int:
        """Return what a target of one type needs, by the target profiles of that type."""
        # Where all of the target profiles are the core's own, the type is enough: see
        # rules/reference.py.
        if all(url.startswith(CORE) for url in urls):
            return TYPE_ALONE
        profiles = [
            d
            for url in urls
            if (d := self._compilation.definitions.fetch("StructureDefinition", url)) is not None
        ]
        if any("snapshot" not in d or d.get("derivation") != "constraint" for d in profiles):
            return TYPE_ALONE
        if len(profiles) == 1:
            return self.profile(profiles[0]["url"])
        return self._claim(name, profiles) if self._compilation.unknown_profile else _LEFT

    def _claim(self, name: str, profiles: list[dict[str, Any]]) -> int:
        """Return the number of an overlay that holds for resources of a type that claim one of
        several profiles: the line is accepted only where that claim is met.
        """
        fetch = self._compilation.definitions.fetch
        claims = [
            claim
            for url in sorted({d["url"] for d in profiles})
            if (wanted := fetch("StructureDefinition", url)) is not None
            for claim in (url, f"{url}|{wanted.get('version')}")
            if (found := named(claim, self._compilation)) is not None
            and found.get("version") == wanted.get("version")
        ]
        return self._table.overlay(
            lambda: (
                items([u8(ValueTag.CONDITION) + self._conditions.claiming(name, claims)])
                + items([])
            )
        )

    def _extension(self, prop: Property, check: Check) -> bytes:
        extensions = Extensions(prop, self._compilation)
        by_value = (self.about_value([check], place) for place in (Nowhere, Outermost))
        return (
            u8(ValueTag.EXTENSION)
            + u32(self._table.question(partial(self._of_url, extensions, check)))
            + b"".join(map(u32, by_value))
            + u32(self._table.question(partial(self._of_place, check)))
        )

    def _of_url(self, extensions: Extensions, check: Check, text: bytes) -> Answer:
        """Answer about the url of an extension: 1 where nothing is said of it, 2 where its value is
        to be asked about, 3 where its place counts too; 4 and the number of its profile's overlay
        where that tells. With the url of a part behind it, 1 where the definition names the part.
        """
        whole, parted, part = text.partition(_PART)
        url = read_text(whole)
        if parted:
            one = extensions.definition(url)
            is_named = one is not None and one.names(read_text(part))
            return Answer(int(is_named), LineUndecided())
        match extensions.deciding(url):
            case "value":
                return Answer(2, LineUndecided())
            case "place":
                return Answer(3, LineUndecided())
            case "profile":
                return Answer(4 + self.profile(url), LineUndecided())
            case "url":
                scope = Nowhere()
                value = judged(check({"url": url}, scope), scope, remarks=self._remarks)
                return Answer(value, scope.undecided)

    def _of_place(self, check: Check, text: bytes) -> Answer:
        """Answer about an extension in its place: ``1`` or ``0`` for whether the resource is the
        line's own, the members that lead to it, and its JSON.
        """
        path, _, value = text.partition(_PART)
        steps = path[1:].decode().split(".")[:-1]
        names = names_of_place(self._schema, steps)

        def judge(value: Any, scope: Nowhere) -> int:
            for issue in check(value, scope) or ():
                placement = issue.placement if type(issue) is PendingContext else None
                if (
                    placement is None
                    or names is None
                    or issue.location
                    or not allowed_by_names(
                        self._compilation, placement, names, on_resource=len(steps) == 1
                    )
                ):
                    return 0
            return 1

        return self.valued(judge, Outermost if path[:1] == b"1" else Nowhere)(value)

    def about_value(self, checks: list[Check], place: type[Nowhere] = Nowhere) -> int:
        """Return the number of a new question about a whole value: the answer is yes where no check
        finds anything (see ``judged``).
        """

        def judge(value: Any, scope: Nowhere) -> int:
            found = [issue for check in checks for issue in check(value, scope) or ()]
            return judged(found, scope, remarks=self._remarks)

        return self._table.question(self.valued(judge, place))

    def about_object(self, check: Check) -> int:
        """Return the number of a new question about an object that a condition asks: the answer is
        yes where a check finds nothing at all.
        """
        return self._table.question(
            self.valued(lambda value, scope: 0 if check(value, scope) else 1)
        )

    def valued(
        self, judge: Callable[[Any, Nowhere], int], place: type[Nowhere] = Nowhere
    ) -> Question:
        """Return a question about a whole value that a function answers with a number: 0 for no,
        else the answer as the caller of the question means it.
        """
        return about_value(judge, scopes(self._compilation.hooks, place))
