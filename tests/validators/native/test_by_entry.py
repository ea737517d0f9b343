"""Bundles that are not accepted: the explainer walks through the entries in doubt, and says what it
says of the whole line.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parents[2] / "oracle")
)  # scripts that lie beside the tests, outside any package
from generator import Generator
from one_meaning import Pair, mutated_lines
from wraps import wrapped

from bulkfhir.validators import Validator
from bulkfhir.validators.checks.doubts import Doubts
from bulkfhir.validators.verdicts.block import Block
from tests.call_counter import calls_of
from tests.validators.rules.guides import OWN, guide, invariant

pytestmark = pytest.mark.native

Json = dict[str, Any]
LOINC = {"system": "http://loinc.org", "code": "8302-2"}


def doubts_of(pair: Pair, *lines: bytes) -> dict[int, Doubts]:
    """What is in doubt of each line, all of which are Bundles that are not accepted."""
    return dict(pair.found(lines).doubts)


def observation(number: int, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"text": "x"},
        **more,
    }


def bundle(*resources: Json, kind: str = "collection", **more: Any) -> Json:
    entries = [
        {
            "fullUrl": f"http://a.example/fhir/{resource['resourceType']}/{resource.get('id')}",
            "resource": resource,
        }
        for resource in resources
    ]
    return {"resourceType": "Bundle", "type": kind, **more, "entry": entries}


WRONG = observation(9, valueString="x", valueInteger=1)
"""What cannot be told value by value."""
PATIENT: Json = {"resourceType": "Patient", "id": "p"}
SUBJECT = {"subject": {"reference": "Patient/p"}}
SECOND = bundle(PATIENT, WRONG)
SECOND["entry"][0]["id"] = SECOND["entry"][1]["id"] = "x"
UNDECIDED: Json = {
    "resourceType": "DiagnosticReport",
    "id": "d",
    "status": "final",
    "code": {"coding": [LOINC]},
}
STATED = bundle(PATIENT, WRONG)
STATED["entry"][0]["request"] = {"method": "PUT", "url": " "}

INNER = bundle(PATIENT, observation(1, **SUBJECT), id="inner")
LEADING = bundle(observation(1, subject={"reference": "Observation/o1"}), id="inner")
"""Has a reference of a wrong type."""
PARAMETERS: Json = {
    "resourceType": "Parameters",
    "id": "x",
    "parameter": [{"name": "x", "resource": observation(1, **SUBJECT)}],
}

CASES: dict[str, tuple[Json, Doubts | None]] = {
    "an entry that is wrong in an inner Bundle": (
        bundle(PATIENT, bundle(PATIENT, WRONG, id="inner"), INNER | {"id": "k"}),
        {1: None},
    ),
    "an entry that is wrong beside an inner Bundle": (bundle(WRONG, INNER), {0: None}),
    "one that is wrong three Bundles deep": (
        bundle(INNER, bundle(bundle(INNER, WRONG, id="k"), id="l"), PATIENT),
        {1: None},
    ),
    "something to say of one in an inner Bundle": (
        bundle(WRONG, bundle(PATIENT, observation(1, code={"coding": [LOINC]}), id="inner")),
        {0: None, 1: [3]},
    ),
    "an inner Bundle that does not hold together": (
        bundle(bundle(PATIENT, PATIENT, id="inner"), INNER | {"id": "k"}, WRONG),
        {0: None, 2: None},
    ),
    "an inner document with an entry that nothing leads to": (
        bundle(INNER | {"type": "document"}, PATIENT),
        {0: None},
    ),
    "a reference of an inner Bundle that is wrong": (bundle(PATIENT, LEADING), {1: None}),
    "a reference to an inner Bundle that is wrong": (
        bundle(observation(1, focus=[{"reference": "Bundle/inner"}]), LEADING, PATIENT),
        {1: None},
    ),
    "a wrong entry of the name that an inner Bundle refers to": (
        bundle(PATIENT | {"active": 1}, INNER),
        {0: None},
    ),
    "a reference in Parameters to an entry of a wrong type": (
        bundle(
            {
                **PARAMETERS,
                "parameter": [{"name": "x", "resource": LEADING["entry"][0]["resource"]}],
            },
            observation(1),
        ),
        {0: None},
    ),
    "a reference in Parameters to an entry": (bundle(PARAMETERS, PATIENT, WRONG), {2: None}),
    "an entry that is wrong": (bundle(PATIENT, WRONG, observation(1)), {1: None}),
    "something to say of one that is not": (
        bundle(WRONG, observation(1, code={"coding": [LOINC]})),
        {0: None, 1: [3]},
    ),
    "a reference of an odd form": (
        bundle(observation(1, subject={"reference": "a/b/c"}), PATIENT, WRONG),
        {0: None, 2: None},
    ),
    "a reference to an entry that is wrong": (
        bundle({**PATIENT, "gender": "x"}, observation(1, **SUBJECT), WRONG),
        {0: None, 2: None},
    ),
    "a reference to an entry of a wrong type": (
        bundle(WRONG, observation(1, subject={"reference": "Observation/o9"})),
        {0: None, 1: None},
    ),
    "an id that two entries have": (SECOND, {0: None, 1: None}),
    "an entry that is wrong itself": (STATED, {0: None, 1: None}),
    "a document": (bundle(PATIENT, WRONG, kind="document"), {1: None}),
    "a name that no Bundle has": (bundle(PATIENT, WRONG, nothing=1), {1: None}),
    "a member of the Bundle that is wrong": (bundle(WRONG, timestamp="x"), {0: None}),
    "full urls that are alike": (bundle(PATIENT, PATIENT, WRONG), {2: None}),
    "a type that is not there": (
        bundle({"resourceType": "Nothing", "id": "x"}, PATIENT),
        {0: None},
    ),
    "no type": (bundle(WRONG) | {"type": 1}, None),
    "an entry that is no object": (bundle(WRONG) | {"entry": [{"resource": WRONG}, []]}, None),
    "a full url of an odd form": (
        bundle(WRONG) | {"entry": [{"fullUrl": "a//b/", "resource": PATIENT}]},
        None,
    ),
}


AT_SITES: dict[str, Json] = {
    "a value that is wrong": bundle(PATIENT, observation(9, status=1), observation(1)),
    "a member of the Bundle that is wrong": bundle(PATIENT, timestamp="x"),
    "a reference of an odd form": bundle(
        observation(1, subject={"reference": "a/b/c"}), PATIENT, observation(2)
    ),
    "a reference to an entry that is wrong": bundle(
        {**PATIENT, "gender": "x"}, observation(1, **SUBJECT)
    ),
    "a reference to an entry of a wrong type": bundle(
        observation(2), observation(1, subject={"reference": "Observation/o2"})
    ),
    "a document that does not hang together": bundle(PATIENT, observation(1), kind="document"),
    "full urls that are alike": bundle(PATIENT, PATIENT, observation(1)),
    "an invariant of an entry": bundle(
        PATIENT, observation(1, valueString="x", dataAbsentReason={"text": "x"}, **SUBJECT)
    ),
    "a narrative that links to nothing": bundle(
        {
            **PATIENT,
            "text": {
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml"><a href="#5">x</a></div>',
            },
        }
    ),
    "no entries": {"resourceType": "Bundle", "type": "document", "entry": []},
    "an entry that is no object": {"resourceType": "Bundle", "type": "collection", "entry": [[]]},
}


@pytest.mark.parametrize("name", AT_SITES)
def test_what_is_said_of_a_bundle_at_its_site(base: Pair, strict: Pair, name: str) -> None:
    line = json.dumps(AT_SITES[name]).encode()
    for pair in (base, strict):
        assert pair.told_apart([line])[0] == []
        assert pair.is_told_at_sites(line)


@pytest.mark.parametrize("name", CASES)
def test_what_is_in_doubt(base: Pair, name: str) -> None:
    value, wanted = CASES[name]
    line = json.dumps(value).encode()
    found = doubts_of(base, line)
    assert found == ({} if wanted is None else {0: wanted})
    assert base.told_apart([line])[0] == []


QUESTIONNAIRE = {"resourceType": "Questionnaire", "id": "n", "status": "draft"}
"""Always left to the explainer."""
ODD = bundle({**PATIENT, "id": "q"}, QUESTIONNAIRE, id="inner")
VALID: dict[str, tuple[Json, set[int]]] = {
    "a Bundle in a Bundle": (bundle(PATIENT, ODD, observation(1, **SUBJECT)), {1}),
    "a code that is left undecided": (bundle(UNDECIDED, ODD, {**UNDECIDED, "id": "d2"}), {1}),
    "such a code in an entry that is odd": (
        bundle(UNDECIDED, bundle(UNDECIDED, QUESTIONNAIRE, id="i")),
        {1},
    ),
    "such a code in a Bundle beside it": (bundle(bundle(UNDECIDED, id="i"), ODD), {1}),
    "a reference to what is in another Bundle": (
        bundle(observation(1, subject={"reference": "Patient/q"}), ODD),
        {1},
    ),
    "a reference to an entry that is odd": (
        bundle(observation(1, focus=[{"reference": "Bundle/inner"}]), ODD, PATIENT),
        {1},
    ),
    "nothing in doubt": (bundle(UNDECIDED, PATIENT), set()),
}


@pytest.mark.parametrize("name", VALID)
def test_of_a_valid_bundle_only_what_is_not_certain_is_explained(base: Pair, name: str) -> None:
    value, wanted = VALID[name]
    line = json.dumps(value).encode()
    base.native._blocks._certain._is_valid_expected = True
    found = base.native._blocks._certain.find(base.handed_on([line]))
    assert found[0][0].keys() == wanted
    apart, verdicts = base.told_apart([line, b"{}", line])
    assert apart == []
    assert not verdicts.failed & {0, 2}
    assert sum(verdicts.undecided.values()) == 2 * line.count(b"8302-2")
    codes = [
        validator.validate_block(Block(line, codes=True)).codes
        for validator in (base.native, base.slow)
    ]
    assert codes[0] == codes[1]


def test_where_a_bundle_fails_the_next_one_is_expected_to(base: Pair) -> None:
    valid, wrong = (json.dumps(bundle(PATIENT, other)).encode() for other in (ODD, WRONG))
    certain = base.native._blocks._certain
    for line, is_tried in ((valid, True), (wrong, False), (valid, True)):
        assert base.told_apart([line])[0] == []
        assert bool(certain.find(base.handed_on([valid]))) is is_tried


@pytest.mark.parametrize("name", CASES)
def test_profiles_change_nothing(strict: Pair, name: str) -> None:
    assert strict.told_apart([json.dumps(CASES[name][0]).encode()])[0] == []


@pytest.mark.parametrize(
    "expression",
    [
        "managingOrganization.resolve().empty()",
        "managingOrganization.resolve().name.empty()",
        "managingOrganization.where(resolve() is Organization).empty()",
    ],
    ids=["leads somewhere", "leads to an entry in doubt", "leads to an Organization"],
)
def test_an_invariant_that_follows_a_reference_is_told_by_the_whole_line(
    tmp_path: pathlib.Path, expression: str
) -> None:
    """Where the walk goes by entry, what is referred to is not all on the tape."""
    pair = Pair("strict", (guide(tmp_path, [invariant("alone", "Patient", expression)]),))
    patient = {
        **PATIENT,
        "meta": {"profile": [f"{OWN}alone"]},
        "managingOrganization": {"reference": "Organization/o"},
    }
    organization = {"resourceType": "Organization", "id": "o", "name": "O", "active": 1}
    line = json.dumps(bundle(patient, organization)).encode()
    said, _ = pair.told_apart([line])
    assert said == []
    (verdict,) = pair.native.validate_block(Block(line)).verdicts.values()
    assert any("alone" in str(issue) for issue in verdict.issues)


@pytest.mark.parametrize("seed", range(3))
def test_issues_are_those_of_the_whole_walk(base: Pair, seed: int) -> None:
    rng = random.Random(seed)
    generator = Generator(base.catalogue, rng)
    names = ("Patient", "Observation", "Basic", "Claim", "Bundle", "CarePlan")
    material = {name: [generator.resource(name, 0.1) for _ in range(4)] for name in names}
    sound = [
        json.dumps(each, separators=(",", ":")).encode() for of in material.values() for each in of
    ]
    broken = mutated_lines(material, base.catalogue, rng, "base")

    def mixed() -> Iterator[bytes]:
        while True:
            line = next(broken) if rng.random() < 0.3 else rng.choice(sound)
            yield line if line.startswith(b"{") else rng.choice(sound)

    lines = [line for line in itertools.islice(wrapped(mixed(), rng), 200) if b"\n" not in line]
    assert base.told_apart(lines)[0] == []
    bundles = [line for line in lines if line.startswith(b'{"resourceType":"Bundle"')]
    found = doubts_of(base, *bundles)
    assert len(found) > len(bundles) // 4
    assert any(members for doubts in found.values() for members in doubts.values())


def test_a_wrong_entry_costs_no_walk_through_the_others() -> None:
    fast, slow = Validator("structure-only"), Validator("structure-only", native=False)
    fast._blocks._finder._left = 0
    sound = [observation(number, **SUBJECT, valueString="x") for number in range(60)]
    block = Block(json.dumps(bundle(PATIENT, WRONG, *sound)).encode())
    calls = []
    for validator in (fast, slow):
        for _ in range(3):  # types are compiled, and what is asked is answered
            validator.validate_block(block)
        calls.append(calls_of(lambda: validator.validate_block(block)))  # noqa: B023
    assert calls[0] < calls[1] / 1.5  # what is asked of the Bundle as a whole is asked of both


def test_few_bundles_are_explained_whole() -> None:
    validator = Validator("structure-only")
    block = Block(json.dumps(bundle(PATIENT, WRONG)).encode())
    assert validator.validate_block(block).failed
    assert "_hearing" not in vars(validator._blocks._finder)
