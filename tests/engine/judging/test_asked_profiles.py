"""Profiles that the user asks for: every resource of their type follows them, whatever it names."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine import ConfigurationError, import_job, validate_files

BASE = "http://hl7.org/fhir/StructureDefinition/Patient"
URL = "http://example.org/StructureDefinition/born"


@pytest.fixture
def package(tmp_path):
    """A package with a profile: a Patient has a birthDate."""
    elements = [
        {"id": "Patient", "path": "Patient"},
        {"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1},
    ]
    profile = {
        "resourceType": "StructureDefinition",
        "url": URL,
        "name": "Born",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": BASE,
        "derivation": "constraint",
        "differential": {"element": elements},
    }
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"name": "born", "version": "1.0.0"}))
    (folder / "StructureDefinition-born.json").write_text(json.dumps(profile))
    return str(folder)


@pytest.fixture
def source(write, patient):
    basic = {"resourceType": "Basic", "id": "b", "code": {"text": "a"}}
    return write(
        "in.ndjson",
        [
            patient("without"),
            patient("with", birthDate="1990-01-01"),
            patient("claims", meta={"profile": [URL]}),
            json.dumps(basic).encode(),
        ],
    )


def found(source, **options):
    with validate_files(source, workers=1, **options) as validation:
        return [
            (finding.line, issue.rule, issue.profile)
            for finding in validation
            for issue in finding.verdict.issues
        ]


def test_a_profile_holds_for_every_resource_of_its_type_and_is_said_once(source, package):
    expected = [(1, "cardinality", URL), (3, "cardinality", URL)]
    assert found(source, packages=[package], profiles=[URL]) == expected
    assert found(source, packages=[package]) == expected[1:]


def test_a_profile_holds_for_an_import_too(source, package, tmp_path):
    result = import_job(source, tmp_path / "out", packages=[package], profiles=[URL], workers=1)
    assert result.summary.totals.customer_errors == 2


@pytest.mark.parametrize(
    ("level", "url", "says"),
    [
        pytest.param("strict", "http://example.org/none", "no package at hand", id="unknown"),
        pytest.param("structure-only", URL, "at level strict", id="another level"),
        pytest.param("strict", BASE[:-7] + "Address", "which is no resource", id="no resource"),
    ],
)
def test_a_profile_that_cannot_be_checked_is_refused(source, package, level, url, says):
    with pytest.raises(ConfigurationError, match=says):
        validate_files(source, level=level, packages=[package], profiles=[url])
