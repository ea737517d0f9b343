"""Codes that could not be decided offline are told with the lines that have them, by every engine
alike.
"""

from __future__ import annotations

import json

import pytest

from bulkfhir.validators import Block, Validator
from bulkfhir.validators.verdicts.undecided import UndecidedCode

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
REPORTS = "http://hl7.org/fhir/ValueSet/report-codes|4.0.1"
REASONS = "http://hl7.org/fhir/ValueSet/encounter-reason|4.0.1"


def report(*codings, **more):
    coded = [{"system": system, "code": code} for system, code in codings]
    made = {"resourceType": "DiagnosticReport", "id": "r", "status": "final"}
    return made | {"code": {"coding": coded}} | more


def encounter(code, **more):
    made = {"resourceType": "Encounter", "id": "e", "status": "finished"}
    made["class"] = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    return made | {"reasonCode": [{"coding": [{"system": SNOMED, "code": code}]}]} | more


@pytest.fixture(scope="module", params=[True, False], ids=["native", "explained"])
def judge(request):
    return Validator("structure-only", native=request.param)


def told(judge, *resources, write=json.dumps, **asked):
    data = b"".join(write(one).encode() + b"\n" for one in resources)
    verdicts = judge.validate_block(Block(data, **({"codes": True} | asked)))
    return {code: sorted(positions) for code, positions in verdicts.codes.items()}


def test_each_code_is_told_with_its_value_set_and_its_lines(judge):
    lines = report((LOINC, "1-8")), encounter("2"), report((LOINC, "1-8")), encounter("3")
    assert told(judge, *lines) == {
        UndecidedCode(REPORTS, LOINC, "1-8"): [0, 2],
        UndecidedCode(REASONS, SNOMED, "2"): [1],
        UndecidedCode(REASONS, SNOMED, "3"): [3],
    }


def test_a_code_counts_each_time_that_it_stands_in_a_line(judge):
    line = report((LOINC, "1-8"), (LOINC, "1-8"), (LOINC, "2-6"))
    assert told(judge, line) == {
        UndecidedCode(REPORTS, LOINC, "1-8"): [0, 0],
        UndecidedCode(REPORTS, LOINC, "2-6"): [0],
    }


def test_codes_in_contained_resources_and_entries_are_told(judge):
    inner = encounter("2")
    bundle = {"resourceType": "Bundle", "type": "collection"}
    bundle["entry"] = [{"fullUrl": "http://x.example/Encounter/e", "resource": inner}]
    outer = report((LOINC, "1-8"), contained=[inner], encounter={"reference": "#e"})
    assert told(judge, bundle, outer) == {
        UndecidedCode(REASONS, SNOMED, "2"): [0, 1],
        UndecidedCode(REPORTS, LOINC, "1-8"): [1],
    }


@pytest.mark.parametrize(
    "code",
    ["a#b", "a|b", "caf\u00e9", 'a"b', "x" * 70_000],
    ids=["hash", "bar", "far", "quote", "long"],
)
def test_odd_codes_are_told_as_they_stand(judge, code):
    assert told(judge, report((LOINC, code))) == {UndecidedCode(REPORTS, LOINC, code): [0]}


def test_escapes_that_json_does_not_need_change_nothing(judge):
    line = report((LOINC, "1-8"))
    spelled = json.dumps(line).replace("http://", "http:\\/\\/").replace('"1-8"', '"1\\u002d8"')
    assert told(judge, line, write=lambda _: spelled) == {UndecidedCode(REPORTS, LOINC, "1-8"): [0]}


def test_the_sum_is_how_often_value_sets_were_undecided(judge):
    lines = [report((LOINC, str(number % 7))) for number in range(20)]
    data = "\n".join(map(json.dumps, lines)).encode()
    verdicts = judge.validate_block(Block(data, codes=True))
    assert sum(map(len, verdicts.codes.values())) == verdicts.undecided[REPORTS] == 20


def test_codes_of_rejected_lines_are_told_too(judge):
    assert told(judge, report((LOINC, "1-8"), status="no")) == {
        UndecidedCode(REPORTS, LOINC, "1-8"): [0]
    }


@pytest.mark.parametrize("status", ["available", "no"])
@pytest.mark.parametrize(
    "concept",
    [
        {"text": "scan"},
        {"coding": [{"display": "scan"}]},
        {},
        {"system": LOINC, "code": "1-8"},
        {"coding": [], "code": "1-8"},
    ],
    ids=["text", "display", "nothing", "a coding", "a code beside codings"],
)
def test_a_concept_without_a_code_has_none_to_tell(judge, concept, status):
    study = {"resourceType": "ImagingStudy", "id": "s", "subject": {"reference": "Patient/p"}}
    assert told(judge, study | {"status": status, "procedureCode": [concept]}) == {}


def test_nothing_is_told_that_was_not_asked_for(judge):
    assert told(judge, report((LOINC, "1-8")), codes=False) == {}


@pytest.mark.parametrize("native", [True, False], ids=["native", "explained"])
def test_the_codes_for_a_value_set_that_is_not_known_are_told(tmp_path, native):
    url = "http://x.example/StructureDefinition/p"
    gender = {
        "id": "Patient.gender",
        "path": "Patient.gender",
        "binding": {"strength": "required", "valueSet": "http://x.example/v"},
    }
    profile = {
        "resourceType": "StructureDefinition",
        "url": url,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "kind": "resource",
        "abstract": False,
        "status": "active",
        "name": "P",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}, gender]},
    }
    named = {"name": "p", "version": "1.0.0", "fhirVersions": ["4.0.1"]}
    (tmp_path / "package").mkdir()
    (tmp_path / "package/package.json").write_text(json.dumps(named))
    (tmp_path / "package/p.json").write_text(json.dumps(profile))
    judge = Validator(packages=[str(tmp_path)], native=native)
    line = {"resourceType": "Patient", "id": "p", "meta": {"profile": [url]}, "gender": "male"}
    assert told(judge, line) == {UndecidedCode("http://x.example/v", None, "male"): [0]}
