"""Keywords: a value of another kind is refused by name, and one text is no row of letters."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from bulkfhir.engine import ConfigurationError, JobStatus, import_job, validate_files
from bulkfhir.validators import Validator

SEVERAL = ("profiles", "packages", "default_versions", "validators", "include", "exclude")


@pytest.fixture
def package(tmp_path):
    """A folder with a profile that asks each Patient for a name."""
    profile = {
        "resourceType": "StructureDefinition",
        "url": "http://t.example/named",
        "type": "Patient",
        "kind": "resource",
        "derivation": "constraint",
        "abstract": False,
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": 1}]},
    }
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "profile.json").write_text(json.dumps(profile))
    return tmp_path / "guide"


def cases():
    for function in (import_job, validate_files):
        for keyword in inspect.signature(function).parameters:
            yield pytest.param(function, keyword, object(), id=f"{function.__name__}-{keyword}")
    for keyword in SEVERAL:
        yield pytest.param(import_job, keyword, ["a", 5], id=f"an item of {keyword}")


@pytest.mark.parametrize(("function", "keyword", "value"), list(cases()))
def test_a_value_of_another_kind_is_refused_by_name(tmp_path, function, keyword, value):
    given = {"source": "nowhere", "output": tmp_path / "out", keyword: value}
    if function is validate_files:
        given.pop("output", None)
    with pytest.raises(ConfigurationError, match=f"^{keyword}: .* is needed, and not ") as refused:
        function(**given)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_positions_are_keywords_too(tmp_path):
    with pytest.raises(ConfigurationError, match=r"^output: a path or a URI is needed"):
        import_job("nowhere", None)


@pytest.mark.parametrize("form", [str, Path], ids=["text", "path"])
def test_one_package_alone(form, package, tmp_path, write, patient):
    source = write("in/a.ndjson", [patient("a")])
    given = {
        "packages": form(package),
        "profiles": "http://t.example/named",
        "include": "*.ndjson",
        "workers": 1,
    }
    assert import_job(source, tmp_path / "one", **given).status is JobStatus.COMPLETED_WITH_ERRORS
    with validate_files(source, **given) as validation:
        (finding,) = validation
    assert {issue.rule for issue in finding.verdict.issues} >= {"cardinality"}


def test_a_validator_takes_one_package_and_one_profile_alone(package):
    url = "http://t.example/named"
    line = b'{"resourceType": "Patient", "id": "a"}'
    one = Validator(packages=str(package), profiles=url).validate(line)
    assert one == Validator(packages=[str(package)], profiles=[url]).validate(line)
    assert one.failed
