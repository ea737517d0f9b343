"""Traits of real exports that are judged natively: each is accepted where it is in order, and the
explainer judges what is nearly the same.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from bulkfhir.validators import Block, Validator

from .test_acceptor import told_apart

pytestmark = pytest.mark.native

Json = dict[str, Any]
ABSENT: Json = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "masked",
        }
    ]
}
UUID = "3fdc72f4-a11d-4a9d-9260-a9f745779e1d"
BY_URL = "Patient?identifier=http://a/numbers/of"
RFC = "https://tools.ietf.org/html/rfc4122"


def observation(**more: Any) -> Json:
    code = {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}
    base = {"resourceType": "Observation", "id": "o", "status": "final", "code": code}
    return {**base, "subject": {"reference": "Patient/1"}, **more}


def patient(**more: Any) -> Json:
    return {"resourceType": "Patient", "id": "p", **more}


def labels(*pairs: tuple[str | None, str | None]) -> Json:
    members = ({"system": system, "code": code} for system, code in pairs)
    made = [{k: v for k, v in one.items() if v is not None} for one in members]
    return patient(meta={"security": made})


def uuid(value: str) -> Json:
    return patient(identifier=[{"system": RFC, "value": value}])


def period(start: str, end: str) -> Json:
    return observation(effectivePeriod={"start": start, "end": end})


def component(*codings: Json) -> Json:
    return observation(
        valueInteger=1, component=[{"code": {"coding": list(codings)}, "valueInteger": 2}]
    )


CORE = "http://hl7.org/fhir/StructureDefinition/"
FUNCTION: Json = {"url": CORE + "event-performerFunction", "valueCodeableConcept": {"text": "x"}}
INSTANCE: Json = {"url": CORE + "instance-name", "valueString": "x"}


def performer(extension: Json, **more: Any) -> Json:
    return observation(
        performer=[{"reference": "Practitioner/1", "extension": [extension]}], **more
    )


def bundle(*resources: Json) -> Json:
    entries = [
        {"fullUrl": f"http://a/{r['resourceType']}/{r['id']}", "resource": r} for r in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def about(**reference: str) -> Json:
    return bundle(observation(subject=reference), patient())


@pytest.fixture(scope="module")
def fast() -> Validator:
    return Validator("structure-only")


IN_ORDER: dict[str, Json] = {
    "instance-name": patient(meta={"extension": [INSTANCE]}),
    "instance-name-in-entry": bundle(patient(meta={"extension": [INSTANCE]})),
    "performer": performer(FUNCTION),
    "birth-time": patient(
        birthDate="2020-01-01",
        _birthDate={
            "extension": [
                {"url": CORE + "patient-birthTime", "valueDateTime": "2020-01-01T00:00:00Z"}
            ]
        },
    ),
    "modifier": patient(modifierExtension=[{"url": "http://a/b", "valueString": "x"}]),
    "labels": labels(("a:b", "x"), ("a:b", "y"), ("a:c", "x")),
    "labels-without-system": labels((None, "x"), ("a:b", "x")),
    "masked": observation(subject={"_reference": ABSENT}),
    "masked-and-display": observation(subject={"_reference": ABSENT, "display": "x"}),
    "reference-with-companion": observation(
        subject={"reference": "Patient/1", "_reference": ABSENT}
    ),
    "display-with-companion": observation(
        subject={"reference": "Patient/1", "display": "x", "_display": ABSENT}
    ),
    "companions": patient(address=[{"line": ["a", "b"], "_line": [None, ABSENT]}]),
    "companions-first": patient(address=[{"_line": [ABSENT], "line": ["a", "b"]}]),
    "companions-all-null": patient(address=[{"line": ["a"], "_line": [None]}]),
    "uuid": uuid(UUID),
    "uuid-urn": uuid(f"urn:uuid:{UUID}"),
    "uuid-urn-of-anything": uuid("urn:uuid:x"),
    "component": component({"system": "http://loinc.org", "code": "8462-4"}),
    "component-of-other-system": component({"system": "http://snomed.info/sct", "code": "8480-6"}),
    "days-and-moment": period("2020-01-01", "2020-01-02T00:00:00Z"),
    "month-and-day": period("2020-01", "2020-02-01"),
    "zones": period("2020-01-01T23:30:00-01:00", "2020-01-02T01:00:00Z"),
    "version-elsewhere": about(reference="Patient/1/_history/2"),
    "type-in-bundle": about(reference="Patient/p", type="Patient"),
    "type-elsewhere": about(reference="Patient/q", type="Patient"),
    "type-of-urn": observation(subject={"reference": f"urn:uuid:{UUID}", "type": "Group"}),
    "version": observation(subject={"reference": "Patient/1/_history/2", "type": "Patient"}),
    "conditional": observation(subject={"reference": "Patient?identifier=a|1"}),
    "conditional-by-url": observation(subject={"reference": f"{BY_URL}|1"}),
    "conditional-in-entry": bundle(observation(subject={"reference": f"urn:x?{BY_URL}|1"})),
    "implied-type-unknown": observation(subject={"reference": "http://a/elsewhere/1"}),
}  # fmt: skip

DOUBTFUL: dict[str, tuple[Json, bool]] = {
    "instance-name-elsewhere": (patient(extension=[INSTANCE]), True),
    "instance-name-of-number": (
        patient(meta={"extension": [{"url": INSTANCE["url"], "valueInteger": 1}]}), True,
    ),
    "performer-in-entry": (bundle(performer(FUNCTION)), False),
    "performer-elsewhere": (observation(extension=[FUNCTION]), True),
    "performer-of-number": (performer({"url": FUNCTION["url"], "valueInteger": 1}), True),
    "performer-as-modifier": (patient(modifierExtension=[FUNCTION]), True),
    "birth-time-of-deceased": (
        patient(
            deceasedDateTime="2020-01-01",
            _deceasedDateTime={
                "extension": [
                    {"url": CORE + "patient-birthTime", "valueDateTime": "2020-01-01T00:00:00Z"}
                ]
            },
        ),
        True,
    ),
    "labels-twice": (labels(("a:b", "x"), ("a:b", "x")), True),
    "labels-twice-without-system": (labels((None, "x"), (None, "x")), True),
    "labels-joined-alike": (labels(("a:b#c", "d"), ("a:b", "c#d")), True),
    "labels-without-code": (labels(("a:b", None), ("a:b", None)), True),
    "local-with-companion": (observation(subject={"reference": "#x", "_reference": ABSENT}), True),
    "companions-too-many": (patient(address=[{"line": ["a"], "_line": [None, ABSENT]}]), False),
    "companions-of-null": (patient(address=[{"line": ["a"], "_line": [None, None]}]), True),
    "companions-empty": (patient(address=[{"line": ["a"], "_line": []}]), True),
    "companions-of-nothing": (patient(address=[{"line": ["a"], "_line": [{}]}]), True),
    "companions-no-list": (patient(address=[{"line": ["a"], "_line": ABSENT}]), True),
    "companions-of-text": (patient(address=[{"line": ["a"], "_line": ["x"]}]), True),
    "companions-alone": (patient(address=[{"_line": [ABSENT]}]), False),
    "values-null": (patient(address=[{"line": [None, "a"], "_line": [ABSENT, None]}]), False),
    "uuid-upper-case": (uuid(UUID.upper()), True),
    "uuid-no": (uuid("x"), True),
    "component-alike": (component({"system": "http://loinc.org", "code": "8480-6"}), True),
    "component-display": (
        component({"system": "http://loinc.org", "code": "8480-6", "display": "x"}), True,
    ),
    "one-day": (period("2020-01-01", "2020-01-01T10:00:00Z"), True),
    "month-and-its-day": (period("2020-01", "2020-01-05"), True),
    "days-turned": (period("2020-01-03", "2020-01-02T00:00:00Z"), True),
    "zones-turned": (period("2020-01-02T01:30:00Z", "2020-01-01T23:30:00-01:00"), True),
    "version-here": (about(reference="Patient/p/_history/2"), False),
    "type-wrong": (about(reference="Patient/p", type="Group"), True),
    "type-not-allowed": (observation(subject={"reference": "Patient/1", "type": "Claim"}), True),
    "type-as-url": (
        observation(
            subject={"reference": "urn:uuid:x", "type": "http://hl7.org/fhir/StructureDefinition/Group"}
        ),
        False,
    ),
    "conditional-without-value": (observation(subject={"reference": "Patient?identifier"}), True),
    "conditional-twice": (observation(subject={"reference": "Patient?a=1?b=2&c=3=4"}), True),
    "conditional-of-no-type": (observation(subject={"reference": "patient?identifier"}), False),
    "conditional-over-a-type": (
        observation(subject={"reference": "Patient?identifier=http://a/Claim/1"}), True,
    ),
    "conditional-over-nothing": (
        observation(subject={"reference": "Patient?identifier=http://a|1"}), True,
    ),
    "conditional-in-entry": (bundle(observation(subject={"reference": f"{BY_URL}|1"})), True),
    "implied-type-wrong": (observation(subject={"reference": "http://a/Claim/1"}), True),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_ORDER)
def test_what_is_in_order_is_accepted(fast: Validator, explaining: Validator, name: str) -> None:
    block = Block(json.dumps(IN_ORDER[name]).encode())
    verdicts = fast.validate_block(block)
    assert not verdicts.fallbacks
    assert told_apart(verdicts, explaining.validate_block(block)) == {}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_in_doubt_is_explained(fast: Validator, explaining: Validator, name: str) -> None:
    resource, fails = DOUBTFUL[name]
    block = Block(json.dumps(resource).encode())
    verdicts = fast.validate_block(block)
    assert told_apart(verdicts, explaining.validate_block(block)) == {}
    assert bool(verdicts.failed) is fails


def test_names_in_references_are_asked_about_once(fast: Validator) -> None:
    asked = list[bytes]()
    table = fast._blocks._hearing.table
    answer = table.answer

    def noted(check: int, text: bytes) -> tuple[int, list[int]]:
        asked.append(text)
        return answer(check, text)

    table.answer = noted  # type: ignore[method-assign]
    lines = (
        observation(subject={"reference": f"Patient?identifier=http://a/b/once|{number}"})
        for number in range(9)
    )
    block = Block("\n".join(map(json.dumps, lines)).encode())
    try:
        assert not fast.validate_block(block).fallbacks
    finally:
        del table.answer
    assert [text for text in asked if text.startswith(b'"')] == [b'"b/1"']
