"""From the compiled schema to the acceptor's table, and from the explainer's checks to answers
about single values.

What the table can say natively (names, form, cardinality, choices, primitives, most invariants) is
lowered, type by type, when the acceptor first meets the type. Everything else a rule says of one
value becomes a *question*: a numbered check that the acceptor asks about a value that it has not
met, answered by the very closure that the explainer runs. A rule that this module does not know is
a question too, and one that needs to see more than its value answers no: then the line goes to the
explainer.

    type_records     types and their properties, profiles that resources name
    value_records    what holds for each value of a property
    conditions       invariants
    overlays         profiles

The records are described in ``native/src/accept/table``.
"""

from __future__ import annotations

import struct
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, get_args

from ..checks.compilation import Compilation
from ..checks.rule import Asked, Lowered, Reads, Settled, Twin, TwinName, Unknown
from ..rules import RULES, claimed_profiles, ids
from ..schema import Property, TypeSchema
from ..verdicts.undecided import LineUndecided
from .answers import NO, YES, Answer
from .conditions import Conditions
from .questions import Nowhere, Question, read_text
from .records import NO_CHECK, items, string, u8, u16, u32
from .table import Table
from .tags import KindTag, NodeFlag, PropertyFlag, RecordTag
from .value_records import Values

if TYPE_CHECKING:
    from .overlays import Overlays

__all__ = ["Lowering", "known_names"]

_BESIDE: Final = "_"
"""Opens the names of nodes that stand beside a primitive: the rest is the element's path."""
_TWINS: Final = {
    "identifier": NodeFlag.IDENTIFIER,
    "attachment": NodeFlag.ATTACHMENT,
    "ids": NodeFlag.SECURITY_LABELS,
    "bundle": NodeFlag.BUNDLE,
}
"""Twins of rules on whole objects that the crate runs where the node says so; the others look at
every resource.
"""


_UNNAMED: Final = "narrative_links"
"""The one twin that is handed texts, and looks at no member by its name."""
_KNOWN: Final = "codes", "extension", *(name for name in get_args(TwinName) if name != _UNNAMED)
"""Parts of the crate that look at names of their own, in the order of their record."""


def known_names() -> dict[str, tuple[str, ...]]:
    """Return the names that each part of the crate looks at: those that its rules read.

    ``walk`` are the names that every resource has.
    """
    known: dict[str, tuple[str, ...]] = {"walk": ("resourceType", "id")}
    known |= dict.fromkeys(_KNOWN, ())
    for rule in RULES:
        match rule.native, rule.reads:
            case ((Twin(part) | Lowered(part)), Reads() as reads) if part in known:
                asks = rule.native.asks if isinstance(rule.native, Twin) else ()
                names = (name for name in reads.names if name not in asks)
                known[part] = tuple(dict.fromkeys((*known[part], *names)))
    return known


class Lowering:
    """One compilation's schema as table records, and its checks as questions. One per acceptor."""

    def __init__(self, compilation: Compilation, table: Table | None = None) -> None:
        """Begin a table, or go on with one that shipped, of the same choices."""
        self.compilation = compilation
        self.schema = compilation.schema
        self.table = table = table if table is not None else Table()
        shipped = table.holds_questions
        with table.numbers_from(0) if shipped else nullcontext():
            for question in (self._type_question, self._node_question, self._overlay_question):
                table.question(question)  # the first three numbers are the acceptor's own
        self.conditions = Conditions(compilation, table)
        self.values = Values(compilation, table, self.conditions)
        if not shipped:
            table.keep(u8(RecordTag.KNOWN), *map(table.names.keys, known_names().values()))

    def lower_all(self) -> None:
        """Lower all resource types that the acceptor can hold, and whatever they lead to."""
        for name in sorted(self.schema.resources()):
            self._type_question(name.encode())
        for name in self.table.nodes():
            self._lower(name)
        # R4's own types name one profile, SimpleQuantity, of which nothing is to be asked: only the
        # questions about nodes are drawn again.
        self.values.tells_broken = False
        for number in range(len(self.table.overlays)):
            self.table.keep(self.overlays.record(number))

    def again(self, name: str, json_name: str | None) -> None:
        """Draw the questions about a property of a node once more, or those about the node itself
        (``LowerAgain``).
        """
        schema = self._schema_of(name)
        if json_name is None:
            self._rules(schema)
        else:
            numbers = {p: n for n, p in enumerate(schema.properties)}
            self._property(schema.properties[json_name], schema, numbers)

    @cached_property
    def overlays(self) -> Overlays:
        """The overlays: all that profiles say beyond their types."""
        from .overlays import Overlays  # with all of profiles

        return Overlays(self.compilation, self.table, self.values, self.conditions)

    # Types

    def _type_question(self, text: bytes) -> Answer:
        name = text.decode()
        if not self.schema.is_resource(name) or not self.values.coverage.holds(
            self.schema.type(name)
        ):
            return NO
        if name not in self.table.types:
            self.table.types.append(name)
            self._lower(name)
            self.table.keep(u8(RecordTag.RESOURCE_TYPE), string(name), u32(self.table.node(name)))
        return YES

    def _node_question(self, text: bytes) -> Answer:
        name = self.table.node_name(struct.unpack("<I", text)[0])
        self._lower(name)
        return YES

    def _overlay_question(self, text: bytes) -> Answer:
        self.table.keep(self.overlays.record(struct.unpack("<I", text)[0]))
        return YES

    def _lower(self, name: str) -> None:
        """Add a type.

        Those that it leads to wait until data has them: most elements of most types never come.
        """
        if not self.table.lower(name):
            return
        schema = self._schema_of(name)
        found = list(schema.properties.values())
        numbers = {p.json_name: n for n, p in enumerate(found)}
        properties: list[bytes] = []
        for prop in found:
            with self.table.part(prop.json_name):
                properties.append(self._property(prop, schema, numbers))
        flags = NodeFlag.MAY_BE_EMPTY if name.startswith(_BESIDE) else NodeFlag(0)
        if schema.kind == "resource":
            flags |= NodeFlag.RESOURCE
            properties.append(
                u16(self.table.names.number("resourceType")) * 2
                + u32(0)
                + u8(KindTag.RESOURCE_TYPE)
                + u8(0)
                + u16(0)
                + u32(NO_CHECK)
                + u16(0)
            )
        if name == "Parameters":  # where references lead to the resources in parameters
            flags |= NodeFlag.PARAMETERS
        profile_check, twins, conditions = self._rules(schema)
        flags |= twins
        required = [
            items(u16(numbers[p.json_name]) for p in found if p.element is element)
            for element in schema.elements
            if element.min
        ]
        self.table.keep(
            u8(RecordTag.NODE),
            u32(self.table.node(name)),
            u8(flags),
            u32(profile_check),
            items(properties),
            items(required),
            items(conditions),
        )

    def _rules(self, schema: TypeSchema) -> tuple[int, NodeFlag, list[bytes]]:
        """Return what holds for whole objects of a type: the question about the profiles that they
        claim, what the crate has natively, and the conditions.
        """
        profile_check = NO_CHECK
        if schema.kind == "resource" and self.compilation.unknown_profile is not None:
            profile_check = self.table.question(self._profile_question(schema))
        conditions, plain_reference = self.conditions.of_type(schema)
        twins, asked = self._object_rules(schema)
        if plain_reference:
            twins |= NodeFlag.PLAIN_REFERENCE
        return profile_check, twins, conditions + asked

    def _object_rules(self, schema: TypeSchema) -> tuple[NodeFlag, list[bytes]]:
        """Return the twins of the rules on objects of a type, and the conditions that ask the
        check.
        """
        twins, conditions = NodeFlag(0), list[bytes]()
        for rule in RULES:
            if "object" not in rule.on or isinstance(rule.native, Lowered | Settled | Unknown):
                continue
            if (check := rule.check(schema, self.compilation)) is None:
                continue
            match rule.native:
                case Twin(name, asks):
                    twins |= _TWINS.get(name, NodeFlag(0))
                    conditions += [
                        self.conditions.asked_with(key, self.values.about_object(check))
                        for key in asks
                    ]
                case Asked():
                    conditions.append(self.conditions.asked(self.values.about_object(check)))
        return twins, conditions

    def _schema_of(self, name: str) -> TypeSchema:
        """Return the compiled type; or that of what stands beside a primitive element, whose
        extensions know the element's path.
        """
        if not name.startswith(_BESIDE):
            return self.schema.type(name)
        element = self.schema.type("Element")
        extension = element.properties["extension"]
        placed = replace(
            extension,
            element=replace(extension.element, path=f"{name.removeprefix(_BESIDE)}.extension"),
        )
        return replace(element, properties={**element.properties, "extension": placed})

    def _property(self, prop: Property, schema: TypeSchema, numbers: dict[str, int]) -> bytes:
        siblings = (
            [p for p in schema.properties.values() if p.element is prop.element and p is not prop]
            if prop.element.is_choice
            else []
        )
        key = self.table.names.number(prop.json_name)
        companion = self.table.names.number("_" + prop.json_name) if prop.is_primitive else key
        takes_companion = (
            prop.is_primitive
            and prop.type != "xhtml"
            and "xmlAttr" not in prop.element.representations
        )
        flags = PropertyFlag(0)
        if prop.is_list:
            flags |= PropertyFlag.LIST
        if takes_companion:
            flags |= PropertyFlag.TAKES_COMPANION
        if prop.is_primitive and self.compilation.empty_checks(prop):
            flags |= PropertyFlag.EMPTY_ASKS
        if ids.ELEMENT_IDS.check(prop, self.compilation) is not None:
            flags |= PropertyFlag.UNIQUE
        if prop.type in ("CodeableConcept", "Coding"):
            flags |= PropertyFlag.CODED
        kind, format_check, checks = (
            self.values.primitive(prop) if prop.is_primitive else self.values.other(prop)
        )
        beside = self.table.node(_BESIDE + prop.element.path) if takes_companion else 0
        others = items(u16(numbers[p.json_name]) for p in siblings)
        return (
            u16(key)
            + u16(companion)
            + u32(beside)
            + kind
            + u8(flags)
            + others
            + u32(format_check)
            + items(checks)
        )

    # Profiles

    def _profile_question(self, schema: TypeSchema) -> Question:
        check = claimed_profiles.RULE.check(schema, self.compilation)
        assert check is not None
        profile_check = self.compilation.profile_check

        def question(text: bytes) -> Answer:
            url = read_text(text)
            definition = claimed_profiles.named(url, self.compilation)
            if definition is None or definition["type"] != schema.name:
                return (
                    NO
                    if check({"resourceType": schema.name, "meta": {"profile": [url]}}, Nowhere())
                    else YES
                )
            imposed = claimed_profiles.imposed(definition)
            if any(self._is_of_another_type(each, schema.name) for each in imposed):
                return NO
            urls = [each for each in (url, *imposed) if profile_check(each) is not None]
            return Answer(2 + self.overlays.of_profiles(urls), LineUndecided()) if urls else YES

        return question

    def _is_of_another_type(self, url: str, name: str) -> bool:
        profile = self.compilation.definitions.fetch("StructureDefinition", url)
        return profile is not None and profile["type"] != name
