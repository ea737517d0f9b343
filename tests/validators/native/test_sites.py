"""Lines that are not accepted: the explainer looks at the values in doubt, and says what it says of
the whole line.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parents[2] / "oracle")
)  # scripts that lie beside the tests, outside any package
from generator import Generator
from one_meaning import Pair, mutated_lines
from swaps import swapped

from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block
from tests.call_counter import calls_of
from tests.validators.rules.guides import OWN, guide, invariant

pytestmark = pytest.mark.native

Json = dict[str, Any]


LOINC: Json = {"system": "http://loinc.org", "code": "8302-2"}
PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p",
    "name": [{"family": "A", "given": ["B", "C"]}],
    "birthDate": "2020-01-01",
}
OBSERVATION: Json = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"coding": [LOINC], "text": "x"},
    "subject": {"reference": "Patient/p"},
    "component": [{"code": {"coding": [LOINC]}, "valueString": "x"}],
}
SERVICE = {"resourceType": "Practitioner", "id": "a", "gender": "x", "name": [{"family": 5}]}


def patient(**more: Any) -> Json:
    return {**PATIENT, **more}


def observation(**more: Any) -> Json:
    return {**OBSERVATION, **more}


def imaging(concept: Json) -> Json:
    """A study, the codes of whose procedures cannot be decided offline."""
    study = {"resourceType": "ImagingStudy", "id": "i", "status": "available"}
    return {**study, "subject": {"display": "x"}, "procedureCode": [concept]}


def narrative(*targets: str, more: str = "x") -> Json:
    """A narrative with links to some places in its resource."""
    links = "".join(f'<a href="#{target}">x</a>' for target in targets)
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{links}{more}</div>'
    return {"status": "generated", "div": div}


def bundle(*resources: Json, **more: Any) -> Json:
    entry = [
        {"fullUrl": f"http://example.org/{each['resourceType']}/{n}", "resource": each}
        for n, each in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entry, **more}


def linked(*targets: str, **more: Any) -> Json:
    """A patient who has no id that links lead to."""
    return {**PATIENT, "id": "linked", "text": narrative(*targets), **more}


ASTRAY: dict[str, Json] = {
    "links": linked("a", "b", "c", "a", "linked"),
    "links, and a code at fault": linked("a", gender="x"),
    "links, and a required element that is missing": {
        key: value for key, value in observation(text=narrative("a")).items() if key != "status"
    },
    "a link in a contained resource, which comes first": {
        "resourceType": "Patient",
        "contained": [
            {
                "resourceType": "Organization",
                "id": "o",
                "text": narrative("a", "o", "p"),
                "name": "x",
            }
        ],
        "managingOrganization": {"reference": "#o"},
        "text": narrative("b"),
        "id": "p",
    },
    "links in a document's sections, which come first": {
        "resourceType": "Composition",
        "section": [
            {"section": [{"text": narrative("a")}], "text": narrative("b"), "title": "x"},
            {"text": narrative("c"), "title": "x"},
        ],
        "text": narrative("d"),
        "status": "final",
        "type": {"text": "x"},
        "date": "2020",
        "author": [{"display": "x"}],
        "title": "x",
    },
    "links of entries": bundle(linked("a"), linked("b", "linked"), observation()),
    "links of entries to what stands in another one": bundle(
        linked("o", "b", "c"),
        observation(),
        {**linked(), "text": narrative(more='<p id="b">x</p><a name="c">x</a>')},
        linked("nowhere"),
    ),
    "links of an entry and in an outcome, which comes first": bundle(
        type="batch-response",
        entry=[
            {
                "response": {
                    "outcome": {
                        "resourceType": "OperationOutcome",
                        "text": narrative("a"),
                        "issue": [{"severity": "error", "code": "invalid"}],
                    },
                    "status": "400",
                },
                "resource": linked("b"),
            }
        ],
    ),
    "links of entries, and a rule on the Bundle that fails": bundle(linked("a"), total=5),
    "links of entries, and an entry that has to be asked about": bundle(
        linked("a", "b"), observation(valueString="x", gender="x", subject={"reference": "x y"})
    ),
    "links, and a narrative that is no narrative": bundle(
        linked("a", "b"), {**linked(), "text": narrative(more='<q id="b"><b>x</q></b>')}
    ),
    "links, and a narrative in a list": bundle(
        linked("a"), {**linked(), "text": [narrative(more='<p id="a">x</p>')]}
    ),
}
AT_SITES: dict[str, Json] = {
    **ASTRAY,
    "a date of no month": patient(birthDate="2020-13-01"),
    "a number for a text": patient(name=[{"family": 5}]),
    "an object for a text": patient(birthDate={"x": [1]}),
    "a text for an object": patient(maritalStatus="x"),
    "a text for a list": patient(name="x"),
    "an object for a list": patient(name={"family": "A"}),
    "an item of a wrong form": patient(name=[{"given": ["A", {}, 3]}]),
    "an empty list": patient(name=[]),
    "an empty object": patient(name=[{}]),
    "an empty text": patient(name=[{"family": ""}]),
    "null": patient(birthDate=None),
    "a text with blanks around": patient(name=[{"family": " A"}]),
    "a code that is none of its value set": patient(gender="x"),
    "a coding that is none of its value set": observation(
        category=[{"coding": [{"system": "http://hl7.org/fhir/observation-status", "code": "x"}]}]
    ),
    "a name that the type does not have": patient(foo=1),
    "a name that an inner type does not have": patient(
        name=[{"family": "A", "foo": "x"}, {"x": 1}]
    ),
    "a name that the type does not have, where no other is": observation(
        valueRange={"low": {"foo": ["y"]}, "high": {"value": 53}}
    ),
    "several names, of which one is near": patient(nme=1, foo={"a": [1]}),
    "no status": {name: value for name, value in OBSERVATION.items() if name != "status"},
    "faults here and there in long lists": patient(
        name=[{"family": f"A{n}", "given": ["B", n if n % 3 else "C"]} for n in range(20)],
        contact=[{"name": {"family": n if n % 4 else "D"}, "x": n} for n in range(9)],
        telecom=[{"system": "phone", "value": 5}, {"value": "1"}, {}],
    ),
    "required elements missing on two levels": {
        "resourceType": "Observation",
        "id": "o",
        "component": [{"valueString": "x"}],
    },
    "an invariant of the type": observation(dataAbsentReason={"text": "x"}, valueString="y"),
    "an invariant of an inner type": patient(contact=[{"gender": "male"}]),
    "an invariant that reads a value at fault": observation(
        effectivePeriod={"start": "2020-13-01", "end": "2020-01-01"}
    ),
    "an invariant that reads a value of a wrong form": observation(
        component=[{"code": {"text": "x"}, "valueString": "x", "dataAbsentReason": 1}]
    ),
    "missing, and an invariant of the same object": observation(
        component=[{"valueString": "x", "dataAbsentReason": {"text": "x"}}]
    ),
    "an id of a wrong form": patient(id=5),
    "an id that is none": patient(id="a b"),
    "a reference to a wrong type": observation(subject={"reference": "Medication/1"}),
    "a reference of no form": observation(subject={"reference": "Patient//1"}),
    "an identifier whose system is relative": patient(identifier=[{"system": "x", "value": "y"}]),
    "an identifier at fault twice": patient(identifier=[{"system": "x", "value": 5}]),
    "an extension of a relative url": patient(extension=[{"url": "x", "valueString": "y"}]),
    "a value at fault in an extension": patient(
        extension=[{"url": "http://a.example/x", "valueDate": "x"}]
    ),
    "a value at fault beside a primitive": patient(
        _birthDate={"extension": [{"url": "http://a.example/x", "valueDate": "x"}]}
    ),
    "a display that is no text beside a code": observation(
        code={"coding": [{**LOINC, "display": 5}]}
    ),
    "a coding for a concept, of codes that cannot be decided": imaging(LOINC),
    "a quantity for a concept": imaging({"value": 1, "system": "http://x.example", "code": "x"}),
    "a code in a concept": imaging({"text": "x", "code": "x"}),
    "a coding beside the codings of a concept": imaging({"coding": [LOINC], "code": "x"}),
    "a code with blanks": observation(code={"coding": [{**LOINC, "code": " x"}]}),
    "a narrative of no form": patient(text={"status": "generated", "div": "<p>x</p>"}),
    "a contained resource at fault": observation(
        contained=[SERVICE], performer=[{"reference": "#a"}]
    ),
    "a size that is not that of the data": {
        "resourceType": "Binary",
        "id": "b",
        "contentType": "x",
        "data": "!",
    },
    "five faults": observation(
        status="x", foo=1, issued="x", component=[{"code": 1, "bar": 2}], method=[]
    ),
}
WHOLE: dict[str, Json] = {
    "an invariant that reads the resource around": {
        "resourceType": "StructureDefinition",
        "url": "http://a.example/x",
        "name": "X",
        "status": "active",
        "kind": "complex-type",
        "abstract": False,
        "type": "Composition",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Composition",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"path": "Composition"},
                {"path": "Composition.section", "sliceName": "a"},
                {"path": "Composition.section", "sliceName": "b"},
            ]
        },
    },
    "no type": {"id": "x"},
    "a type that is none": {"resourceType": "Nothing", "id": "x"},
    "two of a choice": observation(valueString="x", valueInteger=1),
    "null in a list": patient(name=[{"given": [None, "A"]}]),
    "an id twice": patient(name=[{"id": "x", "family": 5}, {"id": "x"}]),
    "an id in a value of a wrong form": patient(maritalStatus=[{"id": "x"}], name=[{"id": "x"}]),
    "a contained resource that nothing refers to": observation(contained=[SERVICE]),
    "a reference to what is not contained": observation(subject={"reference": "#x"}),
    "a reference that is no text": observation(subject={"reference": 5}),
    "a code that is no text": observation(code={"coding": [{**LOINC, "code": 5}]}),
    "a primitive without a value": patient(_birthDate={"id": "x"}),
    "a member of what stands beside a primitive": patient(_birthDate={"foo": 1}),
    "parameters": {
        "resourceType": "Parameters",
        "parameter": [{"name": "x", "resource": patient(gender="x")}],
    },
    "a link that leads to an id at fault": patient(id=5, text=narrative("5")),
    "a narrative where there is none": bundle(linked(), text=narrative("a")),
    "a section where there is none": linked(section=[{"text": narrative("a")}]),
}
TEXTS: dict[str, bytes] = {
    "a name twice": b'{"resourceType":"Patient","id":"p","foo":1,"foo":2}',
    "a name twice, with a blank": b'{"resourceType":"Patient","id":"p","foo":1,"foo" :2}',
    "a name twice inside an unknown one": b'{"resourceType":"Patient","foo":{"a":1,"a":2}}',
    "a number that is none": b'{"resourceType":"Patient","foo":01}',
    "a word that is none": b'{"resourceType":"Patient","birthDate":nul}',
    "a text that ends nowhere": b'{"resourceType":"Patient","birthDate":5,"name":[{"family":"x}]}',
    "behind the end": b'{"resourceType":"Patient","birthDate":5}x',
    "half of a pair": b'{"resourceType":"Patient","foo":"\\ud800"}',
    "a number beyond all bounds": b'{"resourceType":"Patient","birthDate":1e400}',
    "minus zero": b'{"resourceType":"Patient","multipleBirthInteger":-0,"foo":-0}',
    "minus zero with a fraction": b'{ "resourceType":"Patient","multipleBirthInteger":-0.0 }',
    "an escaped name": b'{"resourceType":"Patient","fo\\"o":1,"fo\\"o":1}',
    "a slash that is escaped": b'{"resourceType":"Patient","id":"p","gender":"a\\/b"}',
    "an escaped id": b'{"resourceType":"Patient","id":"\\u0070","gender":"x"}',
    "a link that leads to an escaped id": json.dumps(bundle(linked("a", "p"), patient()))
    .encode()
    .replace(b'"id": "p"', b'"id": "\\u0070"'),
    "blanks": b'{ "resourceType" : "Patient" , "gender" : "x" , "foo" : [ 1 , 2 ] }',
    "no UTF-8": b'{"resourceType":"Patient","foo":"\xff"}',
    "deep": b'{"resourceType":"Patient","foo":' + b"[" * 300 + b"]" * 300 + b"}",
}


@pytest.mark.parametrize("name", AT_SITES)
def test_what_is_said_at_its_site(base: Pair, name: str) -> None:
    line = json.dumps(AT_SITES[name]).encode()
    for _ in range(2):  # a Bundle may be explained whole at first
        assert base.told_apart([line])[0] == []
    assert base.is_told_at_sites(line)


@pytest.mark.parametrize("name", AT_SITES)
def test_a_type_may_come_last(base: Pair, name: str) -> None:
    value = dict(AT_SITES[name])
    value["resourceType"] = value.pop("resourceType")
    odd = {"note": "}", **value}  # which misleads who counts braces
    for resource in (value, odd):
        line = json.dumps(resource, separators=(",", ":")).encode()
        assert base.told_apart([line])[0] == []
        assert base.is_told_at_sites(line)


@pytest.mark.parametrize("name", WHOLE)
def test_what_takes_the_whole_line(base: Pair, name: str) -> None:
    line = json.dumps(WHOLE[name]).encode()
    assert base.told_apart([line])[0] == []
    assert not base.is_told_at_sites(line)


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_read_as_ever(base: Pair, name: str) -> None:
    assert base.told_apart([TEXTS[name]])[0] == []


@pytest.mark.parametrize("name", [*AT_SITES, *WHOLE])
def test_profiles_change_nothing(strict: Pair, name: str) -> None:
    assert strict.told_apart([json.dumps((AT_SITES | WHOLE)[name]).encode()])[0] == []


def test_an_invariant_of_a_profile_may_read_a_value_at_fault(tmp_path: pathlib.Path) -> None:
    package = guide(tmp_path, [invariant("alone", "Patient", "birthDate.exists().not()")])
    pair = Pair("strict", (package,))
    line = json.dumps(patient(meta={"profile": [f"{OWN}alone"]}, birthDate="x")).encode()
    assert pair.told_apart([line])[0] == []
    (verdict,) = pair.native.validate_block(Block(line)).verdicts.values()
    assert any("alone" in str(issue) for issue in verdict.issues)


def entries(kind: str, *resources: Json, **more: Any) -> Json:
    """A sound Bundle of some kind."""
    entry = [
        {"fullUrl": f"http://a.example/{each['resourceType']}/{each['id']}", "resource": each}
        for each in resources
    ]
    named = {"system": "http://a.example/x", "value": "x"}
    head = {"resourceType": "Bundle", "type": kind, "identifier": named}
    return {**head, "timestamp": "2020-01-01T00:00:00Z", "entry": entry, **more}


THERE: Json = {"reference": "Patient/p"}
HANGING_TOGETHER: dict[str, Json] = {
    "document": entries(
        "document",
        {
            "resourceType": "Composition",
            "id": "c",
            "status": "final",
            "type": {"text": "x"},
            "subject": THERE,
            "date": "2020",
            "author": [THERE],
            "title": "x",
            "attester": [{"mode": "legal", "party": THERE}],
            "event": [{"detail": [THERE]}],
            "section": [{"entry": [THERE], "section": [{"entry": [THERE], "focus": THERE}]}],
        },
        {
            "resourceType": "Flag",
            "id": "f",
            "status": "active",
            "code": {"text": "x"},
            "subject": THERE,
        },
        patient(),
        link=[{"relation": "self", "url": "http://a.example/x"}],
    ),
    "message": entries(
        "message",
        {
            "resourceType": "MessageHeader",
            "id": "h",
            "eventUri": "http://a.example/x",
            "source": {"endpoint": "http://a.example/x"},
            "destination": [{"endpoint": "http://a.example/x"}],
            "focus": [THERE],
            "section": [{"entry": [{"reference": "http://a.example/Patient/p"}]}],
        },
        patient(),
    ),
    "searchset": entries(
        "searchset",
        patient(meta={"versionId": "1"}),
        link=[{"relation": "self", "url": "http://a.example/Patient?x=y"}],
    ),
    "collection": entries(
        "collection", patient(), link=[{"relation": "self", "url": "http://a.example/x"}]
    ),
}


def _led_astray(value: Any) -> Any:
    """A value whose references lead nowhere, and whose links fit no Bundle."""
    text = json.dumps(value).replace("Patient/p", "Patient/nowhere")
    return json.loads(text.replace("self", "next").replace("Patient?", "Observation?"))


def _otherwise_formed(value: Any) -> Iterator[Any]:
    """Copies of a value, in each of which one member is led astray, and of another form: an array
    where there was none, what stands in it where there was one.
    """
    if isinstance(value, list):
        for number, item in enumerate(value):
            for other in _otherwise_formed(item):
                yield [*value[:number], other, *value[number + 1 :]]
    elif isinstance(value, dict):
        for name, member in value.items():
            astray = _led_astray(member)
            yield {**value, name: astray}
            yield {**value, name: astray[0] if isinstance(astray, list) else [astray]}
            for other in _otherwise_formed(member):
                yield {**value, name: other}


@pytest.mark.parametrize("kind", HANGING_TOGETHER)
def test_what_entries_are_to_one_another_may_stand_in_values_of_another_form(
    base: Pair, kind: str
) -> None:
    lines = [json.dumps(one).encode() for one in _otherwise_formed(HANGING_TOGETHER[kind])]
    twice = itertools.chain.from_iterable(zip(lines, lines, strict=True))
    assert [said for line in twice if (said := base.told_apart([line])[0])] == []
    assert sum(base.is_told_at_sites(line) for line in lines) > len(lines) // 3


def _mutated(base: Pair, material: dict[str, list[Json]], rng: random.Random) -> list[bytes]:
    return list(itertools.islice(mutated_lines(material, base.catalogue, rng, "base"), 400))


def _swapped_twice(base: Pair, material: dict[str, list[Json]], rng: random.Random) -> list[bytes]:
    """Lines with several faults each."""
    once = swapped(_mutated(base, material, rng), rng)
    return list(itertools.islice(swapped(list(itertools.islice(once, 400)), rng), 400))


@pytest.mark.parametrize("lines_of", [_mutated, _swapped_twice], ids=["one fault", "several"])
@pytest.mark.parametrize("seed", range(2))
def test_issues_are_those_of_the_whole_walk(
    base: Pair,
    seed: int,
    lines_of: Callable[[Pair, dict[str, list[Json]], random.Random], list[bytes]],
) -> None:
    rng = random.Random(seed)
    generator = Generator(base.catalogue, rng)
    names = ("Patient", "Observation", "Basic", "Claim", "CarePlan", "Medication")
    material = {name: [generator.resource(name, 0.1) for _ in range(4)] for name in names}
    lines = [line for line in lines_of(base, material, rng) if b"\n" not in line]
    said, verdicts = base.told_apart(lines)
    assert said == []
    failed = [line for number, line in enumerate(lines) if number in verdicts.failed]
    assert sum(base.is_told_at_sites(line) for line in failed) > len(failed) // 5


def test_a_fault_costs_no_walk_through_the_others() -> None:
    fast, slow = Validator("structure-only"), Validator("structure-only", native=False)
    fast._blocks._finder._left = 0
    names = [{"family": f"x{number}", "given": ["A", "B"]} for number in range(40)]
    calls = []
    for validator in (fast, slow):
        for number in range(4):  # types are compiled, and what is asked is answered
            line = json.dumps(patient(id=f"p{number}", name=names, birthDate=f"2020-13-0{number}"))
            block = Block(line.encode())
            if number < 3:
                validator.validate_block(block)
        calls.append(calls_of(lambda: validator.validate_block(block)))  # noqa: B023
    assert calls[0] < calls[1] / 3


def test_sites_are_known_by_other_numbers_when_there_are_too_many(base: Pair) -> None:
    def lines(number: int) -> list[bytes]:
        names = [{"family": 1000 * number + n} for n in range(500)]
        return [json.dumps(one).encode() for one in (patient(gender="x"), patient(name=names))]

    forgotten = 0
    for number in range(36):
        known = len(base.native._blocks._finder._sites._sites)
        assert base.told_apart(lines(number))[0] == []
        forgotten += len(base.native._blocks._finder._sites._sites) < known
    assert forgotten == 1
    assert base.told_apart(lines(0))[0] == []


def test_few_lines_are_explained_whole() -> None:
    validator = Validator("structure-only")
    assert validator.validate_block(Block(json.dumps(patient(gender="x")).encode())).failed
    assert "_hearing" not in vars(validator._blocks._finder)
