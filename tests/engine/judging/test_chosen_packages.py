"""Packages of a job: looked at before anything is read."""

from __future__ import annotations

import json
import tarfile

import pytest

from bulkfhir.engine import import_job
from bulkfhir.engine.errors import ConfigurationError

PROFILE = {
    "resourceType": "StructureDefinition",
    "url": "http://example.org/StructureDefinition/p", "name": "P", "status": "active",
    "kind": "resource", "abstract": False,
    "type": "Patient", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {"element": [{"id": "Patient", "path": "Patient"}, {"id": "Patient.birthDate",
    "path": "Patient.birthDate", "min": 1}]},
}  # fmt: skip


def package(folder, version, minimum, **manifest):
    path = folder / f"example-{version}.tgz"
    profile = json.loads(json.dumps(PROFILE | {"version": version}))
    profile["differential"]["element"][1]["min"] = minimum
    members = {
        "package.json": {
            "name": "example",
            "version": version,
            "fhirVersions": ["4.0.1"],
            **manifest,
        },
        "StructureDefinition-p.json": profile,
    }
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            file = folder / name
            file.write_text(json.dumps(content))
            tar.add(file, f"package/{name}")
            file.unlink()
    return str(path)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data" / "a.ndjson"
    path.parent.mkdir()
    path.write_text(
        '{"resourceType":"Patient","id":"a","meta":{"profile":["http://example.org/StructureDefinition/p"]}}\n'
    )
    return path


def run(data, tmp_path, **options):
    result = import_job(data, tmp_path / "out", workers=1, **options)
    return result.progress.to_json()["TotalNumberOfResourcesWithCustomerError"]


def test_a_package_that_cannot_be_found_is_one_sentence_before_anything_is_read(data, tmp_path):
    with pytest.raises(ConfigurationError, match="nobody"):
        run(data, tmp_path, packages=["nobody#1.0"])
    assert not (tmp_path / "out").exists()


def test_a_missing_dependency_is_one_warning_at_the_start(data, tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    run(
        data,
        tmp_path,
        packages=[package(tmp_path, "1.0.0", 0, dependencies={"example.base": "2.0.0"})],
    )
    assert [
        record.levelname for record in caplog.records if "example.base" in record.getMessage()
    ] == ["WARNING"]


def test_a_package_for_another_fhir_version_than_it_says_is_one_warning_and_judges(
    data, tmp_path, caplog, monkeypatch
):
    monkeypatch.setitem(PROFILE, "fhirVersion", "4.0.1")
    path = package(tmp_path, "1.0.0", 1, fhirVersions=["3.0.2"])
    assert run(data, tmp_path, packages=[path]) == 1
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said == (
        "package.json of example#1.0.0 names FHIR 3.0.2, its StructureDefinitions are for 4.0.1: "
        "the definitions count"
    )


def test_a_profile_with_a_fault_is_one_warning_at_the_start(data, tmp_path, caplog):
    path = tmp_path / "profiles"
    path.mkdir()
    for name, fault in ("p", "Patient.shoeSize"), ("q", "Patient.birthDate"):
        elements = [{"id": "Patient", "path": "Patient"}, {"id": fault, "path": fault, "min": 1}]
        profile = PROFILE | {
            "url": f"http://example.org/StructureDefinition/{name}",
            "differential": {"element": elements},
        }
        (path / f"{name}.json").write_text(json.dumps(profile))
    run(data, tmp_path, packages=[str(path)])
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "http://example.org/StructureDefinition/p, element 'Patient.shoeSize'" in warning


def test_the_first_version_given_is_the_default_unless_another_is_named(data, tmp_path):
    packages = [package(tmp_path, "1.0.0", 0), package(tmp_path, "2.0.0", 1)]
    assert run(data, tmp_path, packages=packages) == 0
    assert run(data, tmp_path, packages=packages, default_versions=["example#2.0.0"]) == 1


def test_a_default_version_of_another_form_is_refused(data, tmp_path):
    with pytest.raises(ConfigurationError, match="name#version"):
        run(data, tmp_path, default_versions=["example"])


def test_expressions_that_are_no_fhirpath_are_one_warning_at_the_start(data, tmp_path, caplog):
    path = tmp_path / "profiles"
    path.mkdir()
    constraints = [
        {"key": f"x-{number}", "severity": "error", "human": "a rule", "expression": text}
        for number, text in enumerate(("active.exists()", "active = ", "nonesuch()", "active = "))
    ]
    elements = [{"id": "Patient", "path": "Patient", "constraint": constraints}]
    profile = PROFILE | {"differential": {"element": elements}}
    (path / "p.json").write_text(json.dumps(profile))
    assert run(data, tmp_path, packages=[str(path)]) == 1
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.startswith(
        "3 expressions of profiles are no FHIRPath, which fails whatever is held to it: "
        f"x-1 of {PROFILE['url']} ("
    )
    assert "x-0" not in warning
    assert "there is no function nonesuch()" in warning
