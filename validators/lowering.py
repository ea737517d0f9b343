"""From the compiled schema to the acceptor's table, and from the explainer's checks to answers about single values.

What the table can say natively (names, form, cardinality, choices, primitives, most invariants) is lowered, type by type, when the
acceptor first meets the type. Everything else a rule says of one value becomes a *question*: a numbered check that the acceptor asks
about a value that it has not met, answered by the very closure that the explainer runs. A rule that this module does not know is a
question too, and one that needs to see more than its value answers no: then the line goes to the explainer.

The records are described in ``acceptor/src/table.rs``.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from .conditions import Conditions
from .definitions import CORE
from .explainer import Explainer
from .narrative import read_div
from .overlays import Overlays
from .questions import NO, YES, Answer, NeedsContextError, Nowhere, Outermost, Question, about_codings, about_text, about_value, read_text, read_value
from .records import (
    IS_ATTACHMENT,
    IS_BUNDLE,
    IS_IDENTIFIER,
    IS_META,
    IS_PARAMETERS,
    IS_PLAIN_REFERENCE,
    IS_RESOURCE,
    MAY_BE_EMPTY,
    NO_CHECK,
    WIDTH,
    Names,
    items,
    string,
    u8,
    u16,
    u32,
)
from .rules import (
    RULES,
    attachment,
    binding,
    bundle,
    cardinality,
    contained,
    extension,
    identifier,
    ids,
    invariant,
    narrative,
    primitive,
    profile,
    questionnaire_response,
    reference,
    type_profile,
)
from .rules.primitive import format_of
from .rules.profile import _IMPOSED
from .rules.reference import target_types
from .rules.rule import Check, Scope
from .schema import Property, TypeSchema

__all__ = ["Lowering"]

_BESIDE: Final = "_"
"""Opens the names of nodes that stand beside a primitive: the rest is the element's path."""
_KNOWN: Final = (
    "resourceType id meta profile security versionId lastUpdated contained system code value coding reference type url extension data hash size "
    "link relation entry fullUrl _fullUrl search mode parameter part resource"
).split()
"""Names that the acceptor's own rules look at, in the order of its record."""

_PRIMITIVES: Final = {
    name: number
    for number, names in enumerate(
        "string,markdown code id uri,url canonical date dateTime instant time boolean integer positiveInt unsignedInt decimal base64Binary xhtml".split()
    )
    for name in names.split(",")
}
_OTHER: Final = 16
_FLAGS: Final = {"Identifier": IS_IDENTIFIER, "Attachment": IS_ATTACHMENT, "Meta": IS_META, "Bundle": IS_BUNDLE, "Parameters": IS_PARAMETERS}
_NUMERIC: Final = frozenset({"boolean", "integer", "positiveInt", "unsignedInt", "decimal"})
_ID: Final = _PRIMITIVES["id"]

_INLINE: Final = {"contained": 2, "resource": 5}
"""Properties that hold whole resources, with the kind of place that these stand in; others are left to the explainer."""
_TYPE_ALONE, _LEFT = 0xFFFFFFFF, 0xFFFFFFFE
"""In place of the profile that a reference's target must follow: its type is enough; only the explainer can tell."""
_OBJECT_RULES: Final = frozenset(
    {cardinality.build, identifier.build, attachment.build, ids.build, contained.build, invariant.build, narrative.build, profile.build, bundle.build}
) | {questionnaire_response.build}
"""Rules on whole objects that the acceptor has natively, and one with nothing to say where the question about the Questionnaire is answered."""


class Lowering:
    """One explainer's schema as table records, and its checks as questions. One per acceptor."""

    def __init__(self, explainer: Explainer) -> None:
        self.explainer = explainer
        self.schema = explainer.schema
        self.undecided: list[str] = []  # names of value sets by number
        self._undecided_numbers: dict[str, int] = {}
        self.names = Names()
        self._conditions = Conditions(explainer, self.names, self.question, self.valued)
        self._nodes: dict[str, int] = {}
        self._node_names: list[str] = []
        self._done: set[str] = set()
        self._native: dict[str, bool] = {}
        self._targets: dict[tuple[str, ...], bytes] = {}
        self.types: list[str] = []  # resource types by number
        self.overlays = Overlays(self)
        self._questions: list[Question] = [self._type_question, self._node_question, self._overlay_question]
        self._records = bytearray()
        self._keep(u8(5), *(u16(self.names.number(name)) for name in _KNOWN))

    def take_records(self) -> bytes:
        """What was added to the table since the last call."""
        records = self.names.take_records() + bytes(self._records)
        self._records.clear()
        return records

    def answer(self, check: int, text: bytes) -> tuple[int, list[int]]:
        """The answer to a question of the acceptor: its value, and the numbers of the value sets that could not decide."""
        try:
            value, undecided = self._questions[check](text)
        except NeedsContextError:
            return 0, []
        except Exception:  # noqa: BLE001  # a bug in a rule: it shows again where the explainer runs it, at the wall around one resource
            return 0, []
        return value, [self._undecided_number(name) for name in sorted(undecided.elements())]

    def question(self, question: Question) -> int:
        """The number of a new check."""
        self._questions.append(question)
        return len(self._questions) - 1

    def _undecided_number(self, name: str) -> int:
        number = self._undecided_numbers.get(name)
        if number is None:
            number = self._undecided_numbers[name] = len(self.undecided)
            self.undecided.append(name)
        return number

    def _keep(self, *parts: bytes) -> None:
        for part in parts:
            self._records += part

    # Types

    def _type_question(self, text: bytes) -> Answer:
        name = text.decode()
        if not self.schema.is_resource(name) or not self._is_native(self.schema.type(name)):
            return NO
        if name not in self.types:
            self.types.append(name)
            self._lower(name)
            self._keep(u8(2), string(name), u32(self._node(name)))
        return YES

    def _node_question(self, text: bytes) -> Answer:
        name = self._node_names[struct.unpack("<I", text)[0]]
        self._lower(name)
        return YES

    def _overlay_question(self, text: bytes) -> Answer:
        self._keep(self.overlays.record(struct.unpack("<I", text)[0]))
        return YES

    def _node(self, name: str) -> int:
        number = self._nodes.get(name)
        if number is None:
            number = self._nodes[name] = len(self._node_names)
            self._node_names.append(name)
        return number

    def _is_native(self, schema: TypeSchema) -> bool:
        """Whether the table can hold a type: not too many properties, and no rule on its objects that the acceptor lacks."""
        found = self._native.get(schema.name)
        if found is None:
            others = (rule for rule in RULES if "object" in rule.on and rule.build not in _OBJECT_RULES)
            found = len(schema.properties) < WIDTH and all(rule.build(schema, self.explainer) is None for rule in others)
            self._native[schema.name] = found
        return found

    def _lower(self, name: str) -> None:
        """Add a type. Those that it leads to wait until data has them: most elements of most types never come."""
        if name in self._done:
            return
        self._done.add(name)
        schema = self._schema_of(name)
        found = list(schema.properties.values())
        numbers = {p.json_name: n for n, p in enumerate(found)}
        properties = [self._property(p, schema, numbers) for p in found]
        flags = _FLAGS.get(name, MAY_BE_EMPTY if name.startswith(_BESIDE) else 0)
        profile_check = NO_CHECK
        if schema.kind == "resource":
            flags |= IS_RESOURCE
            properties.append(u16(self.names.number("resourceType")) * 2 + u32(0) + u8(3) + u8(0) + u16(0) + u32(NO_CHECK) + u16(0))
            if self.explainer.unknown_profile is not None:
                profile_check = self.question(self._profile_question(schema))
        conditions, plain_reference = self._conditions.of_type(schema)
        if plain_reference:
            flags |= IS_PLAIN_REFERENCE
        required = [items(u16(numbers[p.json_name]) for p in found if p.element is element) for element in schema.elements if element.min]
        self._keep(u8(3), u32(self._node(name)), u8(flags), u32(profile_check), items(properties), items(required), items(conditions))

    def _schema_of(self, name: str) -> TypeSchema:
        """The compiled type; or that of what stands beside a primitive element, whose extensions know the element's path."""
        if not name.startswith(_BESIDE):
            return self.schema.type(name)
        element = self.schema.type("Element")
        extension = element.properties["extension"]
        placed = replace(extension, element=replace(extension.element, path=f"{name.removeprefix(_BESIDE)}.extension"))
        return replace(element, properties={**element.properties, "extension": placed})

    def _property(self, found: Property, schema: TypeSchema, numbers: dict[str, int]) -> bytes:
        siblings = [p for p in schema.properties.values() if p.element is found.element and p is not found] if found.element.is_choice else []
        key = self.names.number(found.json_name)
        companion = self.names.number("_" + found.json_name) if found.is_primitive else key
        takes_companion = found.is_primitive and found.type != "xhtml" and "xmlAttr" not in found.element.representations
        is_unique = ids.build_element(found, self.explainer) is not None
        flags = found.is_list | takes_companion << 1 | (found.is_primitive and bool(self.explainer.empty_checks(found))) << 2 | is_unique << 3
        kind, format_check, checks = self._primitive(found) if found.is_primitive else self._complex(found)
        beside = self._node(_BESIDE + found.element.path) if takes_companion else 0
        others = items(u16(numbers[p.json_name]) for p in siblings)
        return u16(key) + u16(companion) + u32(beside) + kind + u8(flags) + others + u32(format_check) + items(checks)

    # Values

    def _primitive(self, found: Property) -> tuple[bytes, int, list[bytes]]:
        number = _PRIMITIVES.get(found.type, _OTHER)
        if found.json_name == "id" and self.schema.kind(found.element.path.removesuffix(".id")) == "resource":
            number = _ID
        prove = format_of(found, self.explainer)
        others = [check for check in self._value_checks(found, (primitive.build, ids.build_element)) if check is not None]
        if found.type in _NUMERIC:
            check = self.question(self.valued(lambda value, scope: 0 if prove(value) else 1))
            return u8(0) + u8(number), check, [u8(8) + u32(self.about_value(others))] if others else []

        def prove_all(value: Any, scope: Scope) -> Any:
            if found.type == "xhtml" and _needs_resource(value):
                return True
            return prove(value) or next((issues for check in others if (issues := check(value, scope))), None)

        question = self.question(about_text(prove_all, self.explainer.hooks))
        if others:
            return u8(0) + u8(_OTHER), NO_CHECK, [u8(1) + u32(question)]
        return u8(0) + u8(number), question, []

    def _value_checks(self, found: Property, but: tuple[Any, ...], on: str = "value") -> Iterable[Check | None]:
        return (rule.build(found, self.explainer) for rule in RULES if on in rule.on and rule.build not in but)

    def _complex(self, found: Property) -> tuple[bytes, int, list[bytes]]:
        checks = self.value_checks(found, "value")
        if found.type == "Resource":
            return u8(4 if checks else _INLINE.get(found.json_name, 4)), NO_CHECK, []
        if not self._is_native(self.schema.type(found.type)):
            return u8(4), NO_CHECK, []
        return u8(1) + u32(self._node(found.type)), NO_CHECK, checks

    def value_checks(self, found: Property, on: str) -> list[bytes]:
        """What the rules say of each value of a property that is no primitive."""
        lowered: list[bytes] = []
        for rule in RULES:
            if on not in rule.on or (check := rule.build(found, self.explainer)) is None:
                continue
            if rule.build in (binding.build, binding.build_unbound):
                lowered.append(self._binding(found, check))
            elif rule.build in (reference.build, reference.build_narrowed):
                lowered.append(self._reference(found, check))
            elif rule.build is extension.build:
                lowered.append(self._extension(found, check))
            elif rule.build is invariant.build_element:
                lowered += [u8(6) + op for op in self._conditions.of_element(found)]
            elif rule.build is type_profile.build and (url := self._only_profile(found)) is not None:
                if self.explainer.profile_check(url) is not None:
                    lowered.append(u8(7) + u32(self.overlays.of_profile(url)))
            else:
                lowered.append(u8(8) + u32(self.about_value([check])))
        return lowered

    def _only_profile(self, found: Property) -> str | None:
        """The profile of a type, where there is one and it is known."""
        urls = found.type_ref.profiles
        return urls[0] if len(urls) == 1 and self.explainer.definitions.fetch("StructureDefinition", urls[0]) is not None else None

    def _binding(self, found: Property, check: Check) -> bytes:
        if found.type == "CodeableConcept":
            return u8(3) + u32(self.question(about_codings(check, lambda codings: {"coding": codings})))
        return u8(2) + u32(self.question(about_codings(check, lambda codings: codings[0])))

    def _reference(self, found: Property, check: Check) -> bytes:
        type_ref = found.type_ref
        if type_ref.aggregation:
            return u8(0)
        if type_ref.targets not in self._targets:
            self._targets[type_ref.targets] = self._target_record(type_ref.targets)

        def question(text: bytes) -> Answer:
            value = read_value(text)
            scope = Scope({}, Counter())
            return NO if check(value if isinstance(value, dict) else {"reference": value}, scope) else (1, scope.undecided)

        return u8(4) + u32(self.question(question)) + self._targets[type_ref.targets]

    def _target_record(self, targets: tuple[str, ...]) -> bytes:
        """Whether a target inside the line can be judged at all; the types that are allowed, each with the profile that it must follow."""
        kinds = {url: self.schema.profiled(url) for url in targets}
        settles = CORE + "Resource" in targets or None not in kinds.values()
        types = sorted(target_types(self.schema, targets) or ())
        return u8(settles) + items(string(name) + u32(self._need([url for url in targets if kinds[url] == name])) for name in types)

    def _need(self, urls: list[str]) -> int:
        """What a target of one type needs, by the target profiles of that type."""
        if all(url.startswith(CORE) for url in urls):
            return _TYPE_ALONE
        profiles = [d for url in urls if (d := self.explainer.definitions.fetch("StructureDefinition", url)) is not None]
        if any("snapshot" not in d or d.get("derivation") != "constraint" for d in profiles):
            return _TYPE_ALONE
        return self.overlays.of_profile(profiles[0]["url"]) if len(profiles) == 1 else _LEFT

    def _extension(self, found: Property, check: Check) -> bytes:
        definitions = self.explainer.definitions

        def by_url(text: bytes) -> Answer:
            url = read_text(text)
            bare = url.partition("|")[0]
            if definitions.fetch("StructureDefinition", bare) is not None:
                return 2, Counter()
            return NO if check({"url": url}, Nowhere()) else YES

        by_value = (self.about_value([check], place) for place in (Nowhere, Outermost))
        return u8(5) + u32(self.question(by_url)) + b"".join(map(u32, by_value))

    def _profile_question(self, schema: TypeSchema) -> Question:
        check = profile.build(schema, self.explainer)
        assert check is not None
        profile_check = self.explainer.profile_check

        def question(text: bytes) -> Answer:
            url = read_text(text)
            definition = profile.named(url, self.explainer)
            if definition is None or definition["type"] not in (schema.name, "Resource", "DomainResource"):
                return NO if check({"resourceType": schema.name, "meta": {"profile": [url]}}, Nowhere()) else YES
            imposed = [e.get("valueCanonical") for e in definition.get("extension", ()) if e.get("url") == _IMPOSED]
            urls = [each for each in (url, *imposed) if each is not None and profile_check(each) is not None]
            return (2 + self.overlays.of_profiles(urls), Counter()) if urls else YES

        return question

    def about_value(self, checks: list[Check], place: type[Nowhere] = Nowhere) -> int:
        """A new question about a whole value: whether no check finds anything."""
        return self.question(self.valued(lambda value, scope: 0 if any(check(value, scope) for check in checks) else 1, place))

    def valued(self, judge: Callable[[Any, Scope], int], place: type[Nowhere] = Nowhere) -> Question:
        """A question about a whole value, by what is to be made of it."""
        return about_value(judge, self.explainer.hooks, place)


def _needs_resource(div: str) -> bool:
    """Whether a narrative is judged with the resource around it: by what its links lead to, by the resource's language."""
    narrative = read_div(div)
    return bool(narrative.links or narrative.images or narrative.wordless)
