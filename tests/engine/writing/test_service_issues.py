"""FAILURE lines in HealthLake's own words: every line of the documented sample that we can make."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine import import_job

JOB = "a" * 32
PROFILE = "http://hl7.org/fhir/StructureDefinition/Observation"
SAMPLE = {
    "bad-resource-type": (
        '{"resourceType":"Patient123","id":"a"}',
        "error",
        (
            "1 validation error detected: Value 'Patient123' at 'resourceType' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [A-Za-z]{1,256}"
        ),
        None,
    ),
    "bad-id": (
        '{"resourceType":"Patient","id":"a_b"}',
        "error",
        (
            "1 validation error detected: Value at 'resourceId' failed to satisfy constraint: "
            "Member "
            "must satisfy regular expression pattern: [A-Za-z0-9-.]{1,64}"
        ),
        None,
    ),
    "empty-id": (
        '{"resourceType":"Patient","id":""}',
        "error",
        (
            "2 validation errors detected: Value at 'resourceId' failed to satisfy constraint: "
            "Member "
            "must satisfy regular expression pattern: [A-Za-z0-9-.]{1,64}; Value at 'resourceId' "
            "failed to satisfy constraint: Member must have length greater than or equal to 1"
        ),
        None,
    ),
    "no-id": (
        '{"resourceType":"Patient"}',
        "error",
        "Missing required id field in resource json",
        None,
    ),
    "broken-json": (
        '{"resourceType":"Patient","id":"x"',
        "error",
        "Invalid JSON found in input file",
        None,
    ),
    "array-for-a-primitive": (
        '{"resourceType":"Patient","id":"x","gender":["male"]}',
        "error",
        "This property must be an simple value, not an array",
        ["/Patient/gender"],
    ),
    "unknown-property": (
        '{"resourceType":"Patient","id":"x","telecomx":1}',
        "error",
        "Unrecognised property '@telecomx'",
        ["/Patient"],
    ),
    "cardinality": (
        '{"resourceType":"Observation","id":"x","code":{"text":"a"}}',
        "error",
        f"Profile {PROFILE}, Element 'Observation.status': minimum required = 1, but only found 0",
        ["Observation"],
    ),
}


@pytest.mark.parametrize("values", [True, False], ids=["values", "no-values"])
@pytest.mark.parametrize("case", SAMPLE)
def test_a_failure_line_is_worded_as_the_service_words_it(tmp_path, case, values):
    line, severity, diagnostics, location = SAMPLE[case]
    (tmp_path / "in.ndjson").write_text(line + "\n")
    import_job(tmp_path / "in.ndjson", tmp_path / "out", workers=1, job_id=JOB, values=values)
    (log,) = (tmp_path / "out").glob("*/FAILURE/in.ndjson")
    issue = json.loads(log.read_text())["UpdateResourceResponse"]["jsonBlob"]["issue"][0]
    said = {"severity": severity, "code": "processing", "diagnostics": diagnostics}
    if location:
        said["location"] = location
    if not values:
        said["diagnostics"] = said["diagnostics"].replace("Patient123", "***")
    assert issue == said


def test_our_own_messages_have_no_mark_and_name_what_was_meant(tmp_path):
    from bulkfhir.validators import Validator

    def said(line):
        return [issue.diagnostics for issue in Validator("structure-only").validate(line).issues]

    assert said(b'{"resourceType":"Patient","birthdate":"2020"}') == [
        "Unrecognised property 'birthdate': Patient has no such element; did you mean 'birthDate'?"
    ]
    assert said(b'{"resourceType":"Patient","contact":[{"nmae":{"family":"x"}}]}')[0] == (
        "Unrecognised property 'nmae': Patient.contact has no such element; did you mean 'name'?"
    )
    assert said(b'{"resourceType":"Patient","zzz":1}') == [
        "Unrecognised property 'zzz': Patient has no such element"
    ]
