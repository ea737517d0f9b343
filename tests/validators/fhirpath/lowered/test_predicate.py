"""The lowered form of a constraint says what its general form says, whatever the data."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkfhir.validators.definitions import core
from bulkfhir.validators.fhirpath import Invariant, Scope, TypeModel, invariant
from bulkfhir.validators.fhirpath.lowered.condition import (
    And,
    Count,
    Dates,
    Has,
    Is,
    Not,
    One,
    OnResource,
    Op,
    Some,
)
from bulkfhir.validators.schema import Schema
from bulkfhir.validators.schema.errata import corrected
from bulkfhir.validators.values.decoding import decode

EXAMPLES = Path(__file__).resolve().parents[4] / "../shared/conformance/r4-examples.ndjson.gz"
MODEL = TypeModel(Schema(core()))

LOWERED = {
    "a.exists()": ("Patient", "name.exists()", Has(("name",))),
    "presence of a primitive asks for its companion": (
        "Patient",
        "birthDate.exists()",
        Has(("birthDate", "_birthDate")),
    ),
    "a choice is expanded": (
        "Patient",
        "deceased.empty()",
        Not(Has(("deceasedBoolean", "_deceasedBoolean", "deceasedDateTime", "_deceasedDateTime"))),
    ),
    "literals of one element are gathered": (
        "Patient",
        "gender = 'male' or gender = 'female'",
        Is(("gender",), ("male", "female")),
    ),
    "not equal needs a value": (
        "Patient",
        "gender != 'male'",
        And((Has(("gender", "_gender")), Not(Is(("gender",), ("male",))))),
    ),
    "where and exists": (
        "Patient",
        "name.where(use = 'old').exists()",
        Some(("name",), Is(("use",), ("old",))),
    ),
    "all is no counterexample": (
        "Patient",
        "name.all(family.exists())",
        Not(Some(("name",), Not(Has(("family", "_family"))))),
    ),
    "a path through objects and arrays": (
        "Patient",
        "maritalStatus.coding.code.exists()",
        One(("maritalStatus",), Some(("coding",), Has(("code", "_code")))),
    ),
    "counts": (
        "Patient",
        "name.count() + telecom.count() > 1",
        Count((("name",), ("telecom",)), ">", 1),
    ),
    "dates": ("Period", "start <= end", Dates(("start",), "<=", ("end",))),
    "the resource around": (
        "Patient.contact",
        "%resource.active = true",
        OnResource(Is(("active",), (True,))),
    ),
    "a type test": (
        "Patient",
        "deceased is boolean",
        Has(("deceasedBoolean", "_deceasedBoolean")),
    ),
}


@pytest.mark.parametrize(("type_name", "expression", "op"), LOWERED.values(), ids=LOWERED.keys())
def test_the_op_tree_is(type_name: str, expression: str, op: Op) -> None:
    assert invariant(expression, type_name, MODEL).op == op


@pytest.mark.parametrize(
    "expression",
    [
        "name.given = 'Ada'",
        "descendants().empty()",
        "name.first().use = 'old'",
        "birthDate = '2020'",
        "resolve().exists()",
    ],
)
def test_what_an_op_tree_cannot_say_is_not_lowered(expression: str) -> None:
    assert invariant(expression, "Patient", MODEL).op is None


@cache
def base_invariants() -> list[tuple[str, str, Invariant]]:
    """(key, type, invariant) of every constraint on objects in base R4, at one of the types that
    state it.
    """
    found: dict[tuple[str, str], tuple[str, str, Invariant]] = {}
    for definition in core().all("StructureDefinition"):
        elements = (
            definition["snapshot"]["element"]
            if definition.get("derivation") != "constraint"
            else ()
        )
        parents = {element["path"].rpartition(".")[0] for element in elements}
        for element in elements:
            for constraint in element.get("constraint", ()) if element["path"] in parents else ():
                text = corrected(constraint["key"], constraint.get("expression", ""))
                if text and (constraint["key"], text) not in found:
                    found[constraint["key"], text] = (
                        constraint["key"],
                        element["path"],
                        invariant(text, element["path"], MODEL),
                    )
    return list(found.values())


@cache
def lowered() -> list[tuple[str, str, Invariant]]:
    return [entry for entry in base_invariants() if entry[2].op is not None]


def test_six_of_seven_invariants_are_lowered() -> None:
    assert len(lowered()) / len(base_invariants()) >= 6 / 7


WORDS = st.sampled_from(
    (
        "male document transaction final http://unitsofmeasure.org % a * 1 string display "
        "Reference "
        "Patient.a #a 2020 2020-05 2020-01-01T00:00:00Z"
    ).split()
)


@st.composite
def objects(draw: st.DrawFn, type_name: str, depth: int = 2) -> dict[str, Any]:
    """A JSON object with some of a type's properties, of their form if not always of their
    format.
    """
    properties = list(MODEL.properties(type_name).values())
    chosen = draw(
        st.lists(st.sampled_from(properties), max_size=6, unique_by=lambda p: p.element.path)
    )
    made: dict[str, Any] = {}
    for found in chosen:
        if found.is_primitive:
            _primitive(draw, found.json_name, found.type, found.is_list, made)
        elif depth and MODEL.properties(found.type) and found.type not in ("Resource", "Extension"):
            children = [
                child
                for _ in range(draw(st.integers(1, 2)) if found.is_list else 1)
                if (child := draw(objects(found.type, depth - 1)))
            ]
            if children:
                made[found.json_name] = children if found.is_list else children[0]
    return made


def _primitive(
    draw: st.DrawFn, name: str, type_name: str, is_list: bool, made: dict[str, Any]
) -> None:
    if type_name == "boolean":
        values: st.SearchStrategy[Any] = st.booleans()
    elif type_name in ("integer", "positiveInt", "unsignedInt"):
        values = st.integers(-1, 3)
    elif type_name == "decimal":
        values = st.sampled_from([-1, 0, 0.5, 1, 100, 100.5])
    else:
        values = WORDS
    if draw(st.integers(0, 9)):
        made[name] = draw(st.lists(values, min_size=1, max_size=2)) if is_list else draw(values)
    else:
        companion = {"extension": [{"url": "http://example.org/x", "valueBoolean": True}]}
        made["_" + name] = [companion] if is_list else companion


def check(made: Invariant, value: dict[str, Any], scope: Scope, key: str) -> None:
    assert made.holds(value, scope) is made.expression.holds(value, scope), (
        key,
        made.expression.text,
        made.op,
        value,
    )


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
@pytest.mark.parametrize(
    ("start", "end"),
    [("male", "male"), ("a", "b"), ("b", "a"), ("2020", "male"), ("2020-05", "2020")],
)
def test_lowered_and_general_agree_on_what_is_no_date(sign: str, start: str, end: str) -> None:
    value = {"start": start, "end": end}
    check(invariant(f"start {sign} end", "Period", MODEL), value, Scope(value, value), sign)


@pytest.mark.parametrize(
    "expression", ["value >= 0", "value > 0", "value < 0", "value >= 0 and value <= 100"]
)
@pytest.mark.parametrize(
    "number", [b"-0", b"0e5", b"-0.0", b"1e400", b"-1e400", b"123456789012345678901"]
)
def test_lowered_and_general_agree_on_numbers_that_a_float_cannot_hold(
    expression: str, number: bytes
) -> None:
    value = decode(b'{"value":%b}' % number)
    assert isinstance(value, dict)
    check(invariant(expression, "Quantity", MODEL), value, Scope(value, value), expression)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_lowered_and_general_agree_on_any_object(data: st.DataObject) -> None:
    key, name, made = data.draw(st.sampled_from(lowered()))
    value = data.draw(objects(name))
    resource = {
        "resourceType": name.partition(".")[0],
        **data.draw(objects(name.partition(".")[0], 1)),
    }
    check(made, value, Scope(resource, resource), key)


def walk(value: Any, type_name: str) -> Iterator[tuple[Any, str]]:
    if isinstance(value, dict):
        yield value, type_name
        for key, child in value.items():
            found = MODEL.properties(type_name).get(key)
            if found is not None and not found.is_primitive:
                for part in child if isinstance(child, list) else [child]:
                    if isinstance(part, dict) and "resourceType" not in part:
                        yield from walk(part, found.type)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the R4 examples are not beside the project")
def test_lowered_and_general_agree_on_official_examples() -> None:
    by_type: dict[str, list[tuple[str, Invariant]]] = {}
    for key, name, made in lowered():
        by_type.setdefault(name, []).append((key, made))
    with gzip.open(EXAMPLES, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % 40 == 0 and len(line) < 10_000:
                resource = json.loads(line)
                scope = Scope(resource, resource)
                for value, name in walk(resource, resource["resourceType"]):
                    for key, made in by_type.get(name, ()):
                        check(made, value, scope, key)
