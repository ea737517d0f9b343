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
    issue, *more = json.loads(log.read_text())["UpdateResourceResponse"]["jsonBlob"]["issue"]
    said = {"severity": severity, "code": "processing", "diagnostics": diagnostics}
    if location:
        said["location"] = location
    if not values:
        said["diagnostics"] = said["diagnostics"].replace("Patient123", "***")
    assert issue == said
    if case in ("bad-id", "empty-id", "no-id"):
        assert more == []  # the service refuses the id before it looks at the resource


NARRATIVE = {
    "severity": "warning",
    "code": "processing",
    "diagnostics": "A resource should have narrative for robust management [text.`div`.exists()]",
    "location": ["Patient"],
}
OWN = "http://example.org/own"
KNOWN = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"


def unknown(place, url=OWN):
    return {
        "severity": "information",
        "code": "processing",
        "diagnostics": f"Unknown extension {url}",
        "location": [place],
    }


def narrative(place):
    return {**NARRATIVE, "location": [place]}


DIV = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
ONE = {"url": OWN, "valueString": "x"}
BESIDE = {
    "no-narrative": ({"resourceType": "Patient"}, [NARRATIVE]),
    "narrative": ({"resourceType": "Patient", "text": DIV}, []),
    "no-div": ({"resourceType": "Patient", "text": {"status": "empty"}}, [NARRATIVE]),
    "unknown-extension": (
        {"resourceType": "Patient", "text": DIV,
         "extension": [{"url": KNOWN, "valueDateTime": "2020"}] * 3 + [ONE]},
        [unknown("Patient.extension[3]")],
    ),
    "modifier-extension": (
        {"resourceType": "Patient", "text": DIV, "modifierExtension": [ONE]},
        [unknown("Patient.modifierExtension[0]")],
    ),
    "inside": (
        {"resourceType": "Patient", "text": DIV, "_birthDate": {"extension": [ONE]},
         "name": [{"family": "x"}, {"extension": [{"url": OWN, "extension": [
             {"url": "part", "valueQuantity": {"extension": [ONE]}}, ONE]}]}]},
        [unknown("Patient.birthDate.extension[0]"),
         unknown("Patient.name[1].extension[0]"),
         unknown("Patient.name[1].extension[0].extension[0].value.ofType(Quantity).extension[0]"),
         unknown("Patient.name[1].extension[0].extension[1]")],
    ),
    "contained": (
        {"resourceType": "Patient", "contained": [{"resourceType": "Organization", "id": "o",
         "name": "n", "extension": [ONE]}], "managingOrganization": {"reference": "#o"}},
        [NARRATIVE, unknown("Patient.contained[0].extension[0]")],
    ),
    "other-forms": (
        {"resourceType": "Patient", "text": "x", "extension": {"url": OWN}, "name": "x",
         "contact": [1, [], {"extension": [ONE, None, {"url": 5}]}],
         "nowhere": {"extension": [ONE]}},
        [NARRATIVE, unknown("Patient.extension"), unknown("Patient.contact[2].extension[0]")],
    ),
    "entries": (
        {"resourceType": "Bundle", "type": "collection", "entry": [
            {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000000",
             "resource": {"resourceType": "Patient", "extension": [ONE]}}]},
        [narrative("Bundle.entry[0].resource"), unknown("Bundle.entry[0].resource.extension[0]")],
    ),
    "no-extension-in-entries": (
        {"resourceType": "Bundle", "type": "collection", "entry": [
            {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000000",
             "resource": {"resourceType": "Patient"}}]},
        [narrative("Bundle.entry[0].resource")],
    ),
    "no-extension-in-parameters": (
        {"resourceType": "Parameters", "parameter": [
            {"name": "x", "resource": {"resourceType": "Patient"}}]},
        [narrative("Parameters.parameter[0].resource")],
    ),
    "contained-alone": (
        {"resourceType": "Patient", "contained": [{"resourceType": "Organization", "id": "o",
         "name": "n"}], "managingOrganization": {"reference": "#o"}},
        [NARRATIVE],
    ),
}  # fmt: skip


def logged(tmp_path, *resources, **options):
    """The issues of each FAILURE line."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in resources]
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "in.ndjson").write_text("".join(line + "\n" for line in lines))
    import_job(tmp_path / "in.ndjson", tmp_path / "out", workers=1, job_id=JOB, **options)
    (log,) = (tmp_path / "out").glob("*/FAILURE/in.ndjson")
    outcomes = (json.loads(line)["UpdateResourceResponse"] for line in log.read_text().splitlines())
    return [outcome["jsonBlob"]["issue"] for outcome in outcomes]


@pytest.mark.parametrize("case", BESIDE)
def test_a_failure_line_says_beside_its_errors_what_the_service_says(tmp_path, case):
    resource, remarks = BESIDE[case]
    (issues,) = logged(tmp_path, {"id": "x", **resource, "zzz": 1})
    assert [issue["severity"] for issue in issues].index("error") == 0
    beside = [issue for issue in issues if issue["severity"] == "information"]
    beside += [issue for issue in issues if "robust management" in issue["diagnostics"]]
    assert sorted(beside, key=str) == sorted(remarks, key=str)
    assert issues[len(issues) - len(remarks) :] == remarks


@pytest.mark.parametrize(
    "case", ["bad-resource-type", "bad-id", "empty-id", "no-id", "broken-json"]
)
def test_nothing_is_said_beside_what_the_service_finds_before_it_validates(tmp_path, case):
    (issues,) = logged(tmp_path, SAMPLE[case][0])
    assert [one for one in issues if "narrative" in one["diagnostics"]] == []


@pytest.mark.parametrize("path", ["Patient.contact", "Patient.none", "none.none", "Patient.", "."])
def test_nothing_is_said_of_a_path_that_stands_for_a_type(tmp_path, path):
    held = {"resourceType": path, "extension": [ONE]}
    inside = {"resourceType": "Patient", "id": "x", "text": DIV, "contained": [held]}
    for issues in logged(tmp_path, {**held, "id": "x"}, inside):
        assert {issue["severity"] for issue in issues} <= {"error", "fatal"}


def test_an_extension_is_known_by_its_name_however_that_is_spelt(tmp_path):
    patient = json.dumps({"resourceType": "Patient", "id": "x", "extension": [ONE], "zzz": 1})
    (issues,) = logged(tmp_path, patient.replace("extension", r"e\u0078tension"))
    assert issues[1:] == [NARRATIVE, unknown("Patient.extension[0]")]


def test_what_is_said_beside_errors_quotes_no_values_where_none_are_wanted(tmp_path):
    patient = {"resourceType": "Patient", "id": "x", "extension": [ONE], "zzz": 1}
    (issues,) = logged(tmp_path, patient, values=False)
    assert issues[1:] == [NARRATIVE, unknown("Patient.extension[0]", "***")]


def test_a_package_makes_its_extensions_known(tmp_path):
    definition = {
        "resourceType": "StructureDefinition", "url": OWN, "type": "Extension", "name": "Own",
        "kind": "complex-type", "derivation": "constraint", "abstract": False,
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "context": [{"type": "element", "expression": "Patient"}],
        "differential": {"element": [{"id": "Extension", "path": "Extension"}]},
    }  # fmt: skip
    (tmp_path / "own.json").write_text(json.dumps(definition))
    patient = {"resourceType": "Patient", "id": "x", "extension": [ONE], "text": DIV, "zzz": 1}
    (issues,) = logged(tmp_path, patient, packages=[str(tmp_path / "own.json")])
    assert [issue["severity"] for issue in issues] == ["error"]


def test_there_are_a_hundred_of_them_at_the_most_and_none_at_level_minimal(tmp_path):
    patient = {"resourceType": "Patient", "id": "x", "extension": [ONE] * 500, "zzz": 1}
    (issues,) = logged(tmp_path, patient)
    assert len(issues) == 1 + 100
    (issues,) = logged(tmp_path / "m", {**patient, "id": "_"}, level="minimal")
    assert len(issues) == 1


def test_they_are_counted_nowhere(tmp_path):
    patient = {"resourceType": "Patient", "id": "x", "extension": [ONE], "zzz": 1}
    (tmp_path / "in.ndjson").write_text(json.dumps(patient))
    summary = import_job(tmp_path / "in.ndjson", tmp_path / "out", workers=1).summary
    assert [(one.rule, one.count) for one in summary.rules] == [("unknown-element", 1)]


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
