"""A rule's contract: it looks at what it declares, its shape-proven form says what it says, and the
crate knows the names and numbers that it is told.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkfhir.validators import rules
from bulkfhir.validators.checks.check import Check, Issues
from bulkfhir.validators.checks.rule import Asked, Reads, Rule, Twin, Unknown
from bulkfhir.validators.checks.surroundings import Scope
from bulkfhir.validators.definitions import core
from bulkfhir.validators.explainer.resource_walk import Explainer
from bulkfhir.validators.fhirpath.lowered.condition import Op
from bulkfhir.validators.native.tags import TAGS, OpTag
from bulkfhir.validators.native.type_records import known_names
from bulkfhir.validators.rules import RULES
from bulkfhir.validators.schema import TypeSchema
from tests.refusing import UndeclaredReadError

TWINS = Path(__file__).parents[2] / "native/src/twins"
EXPLAINER = Explainer(core(), unknown_profile="error")
TYPES = (
    "Attachment Identifier Meta Reference Period Quantity Range HumanName Extension Narrative "
    "Coding Timing Patient Observation Bundle Questionnaire QuestionnaireResponse Composition "
    "ValueSet Parameters Bundle.entry Patient.contact Questionnaire.item StructureMap "
    "OperationDefinition"
).split()


def test_every_rule_says_what_it_is_about_and_where_it_is_built() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(
        rule.on and set(rule.on) <= {"object", "value", "narrowed", "empty"} for rule in RULES
    )


def test_every_rule_of_a_file_is_in_use() -> None:
    for info in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}."):
        for name, value in vars(importlib.import_module(info.name)).items():
            assert not isinstance(value, Rule) or value in RULES, (
                f"{info.name} makes {name}: add it to RULES in validators/rules/__init__.py"
            )


def rule(check: Check, reads: Reads) -> Rule:
    return Rule("of this test", ("object",), lambda subject, compilation: check, Asked(), reads)


def run(check: Check | None, value: dict[str, Any]) -> list[tuple[str, str]]:
    if check is None:
        return []
    issues = check(value, Scope({"resourceType": "Basic"}, Counter()))
    return [(issue.rule, issue.location) for issue in issues or ()]


@pytest.mark.parametrize(
    "look",
    [
        lambda value: value.get("other"),
        lambda value: value["other"],
        lambda value: "other" in value,
        list,
        len,
        bool,
        lambda value: value.items(),
        lambda value: {**value},
        lambda value: frozenset({"other"}).isdisjoint(value),
    ],
    ids=["get", "item", "in", "iteration", "len", "bool", "items", "unpacking", "isdisjoint"],
)
def test_a_check_that_looks_at_what_its_rule_does_not_declare_is_stopped(look: Any) -> None:
    def check(value: Any, scope: Scope) -> Issues:
        look(value)
        return None

    made = rule(check, Reads(("declared",))).check(None, EXPLAINER)
    assert made is not None
    with pytest.raises(UndeclaredReadError, match="of this test"):
        made({"declared": 1, "other": 2}, Scope({}, Counter()))


def test_a_member_that_opens_the_rest_is_needed_to_look_at_it() -> None:
    def check(value: Any, scope: Scope) -> Issues:
        if value.get("meta") is not None:
            assert len(value) == 2
        return None

    made = rule(check, Reads(("meta.profile",), opens=True)).check(None, EXPLAINER)
    assert made is not None
    assert run(made, {"meta": {}, "other": 1}) == run(made, {"other": 1}) == []


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_a_twin_declares_what_it_reads(one: Rule) -> None:
    if isinstance(one.native, Twin) and "object" in one.on:
        assert isinstance(one.reads, Reads)
        assert set(one.native.asks) <= one.reads.members


def test_every_twin_is_a_file_that_a_rule_names() -> None:
    named = {one.native.name for one in RULES if isinstance(one.native, Twin)}
    written = {path.stem for path in TWINS.glob("*.rs")} - {"mod"}
    assert written == named, "a Twin(NAME) is native/src/twins/NAME.rs, and the reverse"


def objects_of(name: str) -> tuple[TypeSchema, list[tuple[Rule, Check]]]:
    schema = EXPLAINER.schema.type(name)
    found = [
        (one, check)
        for one in RULES
        if "object" in one.on and (check := one.check(schema, EXPLAINER)) is not None
    ]
    return schema, found


CHECKED = {name: objects_of(name) for name in TYPES}
TEXTS = st.sampled_from(
    ["", "x", "urn:ietf:rfc:3986", "http://a/b", "#a", "AAAA", "====", "2020-01-01", "searchset"]
)
LEAVES = TEXTS | st.booleans() | st.integers(-1, 3) | st.none()
NAMES = st.sampled_from(["id", "url", "resourceType", "code", "system", "linkId", "coding", "x"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)


def test_every_rule_on_objects_is_held_to_its_shape_proven_form() -> None:
    held = {one.name for _, rules in CHECKED.values() for one, _ in rules}
    held.add("profiles that were asked for")  # none were, and then there is no such check
    assert held == {one.name for one in RULES if "object" in one.on}


def test_only_these_types_are_left_to_the_explainer() -> None:
    left = {
        name
        for name, (_, rules) in CHECKED.items()
        if any(isinstance(one.native, Unknown) for one, _ in rules)
    }
    assert left == {"Questionnaire", "StructureMap", "OperationDefinition"}, (
        "every line that holds a type with a rule of native=Unknown() is explained: Asked() leaves "
        "the objects of the type to the acceptor, but for those that the rule reads"
    )


@settings(max_examples=300, deadline=None)
@given(data=st.data(), name=st.sampled_from(TYPES))
def test_whatever_a_check_reports_its_shape_proven_form_reports(
    data: st.DataObject, name: str
) -> None:
    schema, rules = CHECKED[name]
    members = [one for p in schema.properties for one in (p, "_" + p)]
    value = data.draw(st.dictionaries(st.sampled_from(members), VALUES, max_size=6))
    for one, check in rules:
        left = one.left(check, schema, EXPLAINER, frozenset(value))
        assert run(left, value) == run(check, value), one.name


def test_every_op_has_its_tag() -> None:
    def tag(name: str) -> str:
        return name.replace("_", "").lower()

    questions = {"doubt", "asked", "askedof", "program"}
    folded = {"NotBlank": "has", "NumberIs": "number", "Contained": "doubt"}
    ops = {folded.get(op.__name__, op.__name__.lower()) for op in get_args(Op)}
    assert ops | questions == {tag(one.name) for one in OpTag}


@pytest.mark.native
def test_the_crate_has_the_same_tags() -> None:
    from bulkfhir import _native

    def plain(tags: dict[str, int]) -> dict[str, int]:
        return {name.replace("_", "").lower(): number for name, number in tags.items()}

    theirs = {name: plain(dict(tags)) for name, tags in _native.tags()}
    assert theirs == {name: plain(tags) for name, tags in TAGS.items()}


@pytest.mark.native
def test_the_crate_knows_the_names_that_rules_read_and_no_other() -> None:
    from bulkfhir import _native

    assert [(part, tuple(names)) for part, names in _native.known_names()] == list(
        known_names().items()
    )
