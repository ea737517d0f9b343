"""Shapes: a malformed definition is refused by one sentence that names its member."""

from __future__ import annotations

import json

import pytest

from bulkfhir.validators import Validator
from bulkfhir.validators.definitions.shapes import misshapen
from bulkfhir.validators.errors import PackageError

PROFILE = {
    "resourceType": "StructureDefinition",
    "url": "http://example.org/p",
    "name": "P",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {"element": [{"id": "Patient", "path": "Patient"}]},
}


def element(**members):
    return {
        "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", **members}]}
    }


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"type": ["Patient"]}, "type is not a string"),
        ({"version": 1}, "version is not a string"),
        ({"context": "x"}, "context is not a list"),
        ({"differential": "x"}, "differential is not an object"),
        ({"differential": {"element": [5]}}, "differential.element[0] is not an object"),
        (element(type="x"), "differential.element[0].type is not a list"),
        (element(type=["x"]), "differential.element[0].type[0] is not an object"),
        (element(min="1"), "differential.element[0].min is not a number"),
        (element(min=True), "differential.element[0].min is not a number"),
        (element(max=[1]), "differential.element[0].max is not a string"),
        (element(contentReference=5), "differential.element[0].contentReference is not a string"),
        (element(type=[{"code": "x", "profile": "x"}]), "element[0].type[0].profile is not a list"),
        (element(constraint=[{"expression": 5}]), "constraint[0].expression is not a string"),
    ],
)
def test_a_malformed_profile_is_refused(tmp_path, members, fault):
    assert fault in misshapen({**PROFILE, **members})
    (tmp_path / "package").mkdir()
    (tmp_path / "package/p.json").write_text(json.dumps({**PROFILE, **members}))
    with pytest.raises(PackageError, match=r"not a well-formed StructureDefinition: .*example.org"):
        Validator(packages=(str(tmp_path),))


@pytest.mark.parametrize(
    "members", [{"abstract": "false"}, element(max=1)], ids=["abstract", "max"]
)
def test_what_hl7_s_own_cases_write_otherwise_is_read(tmp_path, members):
    assert misshapen({**PROFILE, **members}) is None
    (tmp_path / "package").mkdir()
    (tmp_path / "package/p.json").write_text(json.dumps({**PROFILE, **members}))
    line = {"resourceType": "Patient", "id": "a", "meta": {"profile": [PROFILE["url"]]}}
    verdict = Validator(packages=(str(tmp_path),)).validate(json.dumps(line).encode())
    assert not verdict.failed


def test_a_type_that_is_no_type_is_judged_without_a_crash(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package/p.json").write_text(json.dumps({**PROFILE, "type": "x"}))
    line = {"resourceType": "Patient", "id": "a", "meta": {"profile": [PROFILE["url"]]}}
    verdict = Validator(packages=(str(tmp_path),)).validate(json.dumps(line).encode())
    assert not verdict.crashed


def test_concepts_may_be_nested_as_deep_as_json():
    concept = {"code": 5}  # is not the depth's fault
    for _ in range(3000):
        concept = {"code": "a", "concept": [concept]}
    system = {"resourceType": "CodeSystem", "url": "http://example.org/c", "concept": [concept]}
    assert misshapen(system).endswith("concept[0].code is not a string")
    assert misshapen({**system, "concept": [{"code": "a", "concept": 5}]}) == (
        "concept[0].concept is not a list"
    )


@pytest.mark.parametrize("kind", [["StructureDefinition"], 5, None])
def test_a_resource_type_of_another_kind_is_no_definition(tmp_path, kind):
    (tmp_path / "package").mkdir()
    (tmp_path / "package/package.json").write_text('{"name":"a","version":"1"}')
    (tmp_path / "package/p.json").write_text(json.dumps({**PROFILE, "resourceType": kind}))
    Validator(packages=(str(tmp_path),))
