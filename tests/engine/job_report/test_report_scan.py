"""No string of the data stands in a report without values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bulkfhir.engine import import_job
from tests.oracle.report_scan import held_text, leaks, leaks_of, strings_of

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"


@pytest.fixture(scope="module")
def held():
    return held_text([])


@pytest.mark.parametrize(
    "source",
    ["sample/Patient.ndjson", "sample/Condition.ndjson", "mutations/r4.ndjson", "special"],
)
def test_no_string_of_the_data_stands_in_its_report(source, held):
    assert leaks_of(FIXTURES / source, [], held) == []


HOSTILE = [
    {"resourceType": "Patient", "id": "SecretId-1", "gender": "SecretGender", "zzSecretName": 1},
    {"resourceType": "SecretType", "id": "x"},
    {"resourceType": "Patient", "id": "a", "birthDate": "SecretDate' is no date: YYYY"},
    {
        "resourceType": "Patient",
        "id": "b",
        "meta": {"profile": ["https://secret.example/fhir/StructureDefinition/secret-profile|9.8"]},
    },
    {
        "resourceType": "Patient",
        "id": "c",
        "gender": "' is not one of SecretValue, from which SecretOther",
        "maritalStatus": {"coding": [{"system": "http://secret.example/cs", "code": "SecretCode"}]},
    },
    {
        "resourceType": "Observation",
        "id": "d",
        "status": "final",
        "code": {
            "coding": [{"system": "http://hl7.org/fhir/observation-status", "code": "Sécret"}]
        },
        "valueQuantity": {"value": 98765.4321, "code": "{Secret Annotation}", "system": "x y"},
        "subject": {"reference": "SecretType/Secret-Reference"},
    },
    {
        "resourceType": "Patient",
        "id": "e",
        "meta": {"profile": ["http://hl7.org/fhir/us/secret-guide/StructureDefinition/secret"]},
    },
    {
        "resourceType": "Patient",
        "id": "f",
        "text": {
            "status": "generated",
            "div": "<div xmlns='http://www.w3.org/1999/xhtml'><secrettag secretattr='x'/></div>",
        },
    },
    {
        "resourceType": "QuestionnaireResponse",
        "id": "g",
        "status": "completed",
        "questionnaire": "http://secret.example/Questionnaire/q",
        "item": [{"linkId": "SecretLink"}],
    },
]


def test_hostile_values_do_not_get_into_a_report(tmp_path, held):
    folder = tmp_path / "secret-folder"
    folder.mkdir()
    lines = [json.dumps(line).encode() for line in HOSTILE]
    lines += [b'{"resourceType": "Patient", "SecretTwice": 1, "SecretTwice": 2}', b"Secret no json"]
    (folder / "Patient.ndjson").write_bytes(b"\n".join(lines))
    job = import_job(
        folder / "Patient.ndjson",
        tmp_path / "out",
        job_id="j",
        workers=1,
        report=True,
        warnings=True,
    )
    done = Path(job.job_folder.removeprefix("file://"))
    assert leaks(done, strings_of(folder), held) == []
    for name in ("report.json", "report.html"):
        assert "secret" not in (done / name).read_text("utf-8").lower()


def test_the_scan_finds_what_a_report_with_values_quotes(tmp_path, held):
    source = tmp_path / "Patient.ndjson"
    source.write_text('{"resourceType": "Patient", "id": "a", "birthDate": "Smith-1975"}\n')
    job = import_job(source, tmp_path / "out", job_id="j", workers=1, report_values=True)
    done = Path(job.job_folder.removeprefix("file://"))
    assert leaks(done, strings_of(source), held) == ["Smith-1975"]
