"""Profiles with features that published packages seldom use, and the reference validator's verdict
for lines about each of them.

fixtures/heldout/profiles.ndjson holds a package: closed, ordered and re-sliced slices, slices by
profile, type and existence, fixed complex values, bounds, bindings to code systems with filters,
extensions with contexts, profiles on datatypes, Bundles and Compositions; all with differentials
only. lines.ndjson holds the lines, lines.tsv beside it, line by line: the verdict, ours where we
differ, and what the line shows.
"""

from __future__ import annotations

import csv
import json
import pathlib
from collections.abc import Callable

import pytest

from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block
from tests.conftest import Judge

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures/heldout"


def _lines() -> list[tuple[bytes, dict[str, str]]]:
    lines = (FIXTURES / "lines.ndjson").read_bytes().split(b"\n")[:-1]
    with (FIXTURES / "lines.tsv").open() as file:
        return list(
            zip(lines, csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE), strict=True)
        )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("heldout") / "package"
    folder.mkdir()
    (folder / "package.json").write_text(
        '{"name": "held.example", "version": "1.0.0", "fhirVersions": ["4.0.1"]}'
    )
    for number, definition in enumerate((FIXTURES / "profiles.ndjson").read_text().splitlines()):
        (folder / f"{number}.json").write_text(definition)
    return str(folder.parent)


@pytest.fixture(scope="module")
def validator(judging: Callable[..., Judge], package: str) -> Judge:
    return judging("strict", packages=(package,))


def test_verdicts_are_the_reference_validators_but_for_those_explained(
    validator: Judge,
) -> None:
    different = []
    for number, (line, row) in enumerate(_lines(), 1):
        rules = [issue.rule for issue in validator.validate(line).issues if issue.fails]
        if bool(rules) != ((row["ours"] or row["verdict"]) == "invalid"):
            different.append(
                f"line {number} [{row['shows']}]: {row['verdict']}, ours: "
                f"{', '.join(rules) or 'valid'}"
            )
    assert different == []


def test_blocks_have_the_verdicts_of_their_lines(package: str) -> None:
    validator = Validator("strict", packages=(package,))
    lines = [line for line, _ in _lines()]
    expected = {number for number, line in enumerate(lines) if validator.validate(line).failed}
    assert set(validator.validate_block(Block(b"\n".join(lines))).failed) == expected


def test_we_differ_from_the_reference_on_bounds_of_dates_and_on_whole_names_only() -> None:
    shown = {row["shows"] for _, row in _lines() if row["ours"]}
    assert {name.partition(":")[0] for name in shown} == {
        "obs-cat2",
        "obs-kg",
        "cont2",
        "pat-a",
        "pat-b",
        "pat-pin",
    }


@pytest.mark.parametrize("profile", ["vitalsigns", "Patient"])
def test_the_cores_profiles_are_known_without_a_version_only(
    validator: Judge, profile: str
) -> None:
    url = f"http://hl7.org/fhir/StructureDefinition/{profile}"
    versioned = {"resourceType": "Patient", "meta": {"profile": [f"{url}|4.0.1"]}}
    assert [
        issue.rule
        for issue in validator.validate(json.dumps(versioned).encode()).issues
        if issue.fails
    ] == ["profile-unknown"]
    plain = {"resourceType": "Patient", "meta": {"profile": [url]}}
    assert "profile-unknown" not in [
        issue.rule for issue in validator.validate(json.dumps(plain).encode()).issues
    ]


def test_a_blank_canonical_url_is_no_error(validator: Judge) -> None:
    line = {"resourceType": "ValueSet", "url": " ", "status": "retired"}
    assert not validator.validate(json.dumps(line).encode()).failed


def test_a_bound_of_a_date_says_nothing_of_what_is_no_date(validator: Judge) -> None:
    line = {
        "resourceType": "Patient",
        "meta": {"profile": ["http://held.example/fhir/StructureDefinition/pat-a"]},
        "birthDate": "2020-13",
    }
    rules = [issue.rule for issue in validator.validate(json.dumps(line).encode()).issues]
    assert "date" in rules
    assert "maximum-value" not in rules


def test_a_slice_by_existence_sees_a_primitive_that_is_only_its_companion(
    validator: Judge,
) -> None:
    telecom = {
        "system": "phone",
        "_rank": {"extension": [{"url": "http://example.org/e", "valueString": "x"}]},
    }
    profile = "http://two.example/fhir/StructureDefinition/a1"
    resource = {
        "resourceType": "Patient",
        "meta": {"profile": [profile]},
        "name": [{"use": "official", "given": ["Ann"]}],
        "telecom": [telecom],
    }
    assert validator.validate(json.dumps(resource).encode()).failed
