"""Slicing: which slice a value is in, decided wherever FHIR R4 decides it, and counted where it
does not.

fixtures/slicing/package.ndjson holds the definitions of a package (differentials only);
cases.jsonl holds lines about them, each with what it shows, the right verdict, the rules that fail
it, how many values it leaves undecided, and what the reference validator (HAPI 8.4.0) made of it.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from bulkfhir.engine.judging.chosen_packages import check_packages
from bulkfhir.validators import Validator
from bulkfhir.validators.definitions.packages import Packages
from bulkfhir.validators.explainer import Explainer
from bulkfhir.validators.profiles.lost_slices import lost_slices
from bulkfhir.validators.schema.snapshot import UsableSnapshots
from tests.conftest import Judge

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures/slicing"
CASES = [json.loads(line) for line in (FIXTURES / "cases.jsonl").read_text().splitlines()]
URL = "http://example.org/fhir/StructureDefinition/"
GONE = {"url": "http://elsewhere.example.org/gone", "valueCode": "a"}
SLICE_FUNCTION = ["slice-count", "slice-of-name", "slice-there", "slice-value"]
HELD = {"url": URL + "e1", "valueCode": "a"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("slicing") / "package"
    folder.mkdir()
    (folder / "package.json").write_text(
        '{"name": "example.slicing", "version": "1.0.0", "fhirVersions": ["4.0.1"]}'
    )
    for number, definition in enumerate((FIXTURES / "package.ndjson").read_text().splitlines()):
        (folder / f"{number}.json").write_text(definition)
    return str(folder.parent)


@pytest.fixture(scope="module")
def validator(judging: Callable[..., Judge], package: str) -> Judge:
    return judging("strict", packages=[package])


@pytest.fixture(scope="module")
def telling(package: str) -> Validator:
    return Validator("strict", packages=[package], warnings=True)


def line(profile: str, **more: Any) -> bytes:
    meta = {"profile": [URL + profile]}
    return json.dumps({"resourceType": "Patient", "meta": meta, **more}).encode()


def slicing_of(validator: Judge | Validator) -> int:
    return sum(n for key, n in validator.undecided.items() if key.startswith("slicing: "))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['profile']}: {case['shows']}")
def test_a_slice_is_decided_or_counted(case: dict[str, Any], validator: Judge) -> None:
    before = slicing_of(validator)
    verdict = validator.validate(json.dumps(case["resource"]).encode())
    assert sorted({issue.rule for issue in verdict.issues if issue.fails}) == case["rules"]
    assert verdict.failed == (case["expected"] == "invalid")
    assert slicing_of(validator) - before == case["undecided"]


def test_what_the_reference_decides_is_decided_so_but_for_what_it_finds_nothing_of() -> None:
    """Two things it does not: ``slice()``, and dateTimes as they are written."""
    different = [
        case["profile"]
        for case in CASES
        if case["reference"] in ("valid", "invalid")
        and case["expected"] != case["reference"]
        and not (case["expected"] == "undecided" and case["profile"].startswith("bound-"))
    ]
    assert sorted(set(different)) == [*SLICE_FUNCTION, "start-patterndatetime"]


def test_an_undecided_slicing_is_told_beside_errors(validator: Judge) -> None:
    named = {"identifier": [{"system": "http://b.example.org"}], "name": [{}]}
    verdict = validator.validate(line("type-profile-gone", **named))
    (told,) = (issue for issue in verdict.issues if issue.rule == "slicing")
    assert (told.severity, told.location) == ("information", "Patient.identifier[0]")
    assert told.diagnostics.startswith("Slicing cannot be evaluated: " + URL + "type-profile-gone")
    assert "the profile http://elsewhere.example.org/gone is not known" in told.diagnostics


def test_an_undecided_slicing_is_told_of_valid_lines_where_warnings_are_wanted(
    telling: Validator,
) -> None:
    named = [{"system": "http://a.example.org"}, {"system": "http://b.example.org"}]
    verdict = telling.validate(line("type-profile-gone", identifier=named))
    assert not verdict.failed
    assert [issue.location for issue in verdict.issues if issue.rule == "slicing"] == [
        "Patient.identifier[1]"
    ]


@pytest.mark.native
def test_lines_with_undecided_slices_stay_on_the_fast_path(package: str) -> None:
    from bulkfhir.validators import Block

    validator = Validator("strict", packages=[package])
    named = [{"system": "http://a.example.org"}, {"system": "http://b.example.org"}]
    verdicts = validator.validate_block(Block(line("type-profile-gone", identifier=named)))
    assert (dict(verdicts.asked), sum(verdicts.undecided.values())) == ({}, 1)


@pytest.mark.parametrize(
    ("extensions", "rules"),
    [
        pytest.param([HELD, GONE], [], id="held and gone"),
        pytest.param([HELD, GONE, GONE], ["cardinality"], id="gone twice"),
        pytest.param([GONE], ["cardinality"], id="held one missing"),
        pytest.param(
            [{**HELD, "valueCode": None, "valueString": "a"}],
            ["extension-type", "profile-element-type"],
            id="held one of another type",
        ),
    ],
)
def test_extensions_are_told_apart_by_url_whether_held_or_not(
    extensions: list[dict[str, Any]], rules: list[str], validator: Judge
) -> None:
    given = [{k: v for k, v in one.items() if v is not None} for one in extensions]
    verdict = validator.validate(line("gone", extension=given))
    assert sorted({issue.rule for issue in verdict.issues if issue.fails}) == rules


def test_slices_that_are_lost_for_want_of_a_definition_are_named(package: str) -> None:
    usable = UsableSnapshots(Packages([package]))
    profiles = [URL + name for name in ("gone", "type-profile-gone", "exists-unsaid", "default")]
    unheld = [GONE["url"]]
    assert lost_slices(Explainer(usable), profiles, unheld) == [
        f"{URL}type-profile-gone: Patient.identifier:gone: the profile {GONE['url']} is not known"
    ]


def test_the_warning_about_missing_dependencies_says_which_slices_they_cost(
    package: str, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = pathlib.Path(package) / "package/package.json"
    held = manifest.read_text()
    manifest.write_text(held.replace("}", ', "dependencies": {"elsewhere.example": "1.0.0"}}'))
    try:
        with caplog.at_level("WARNING", logger="bulkfhir.engine"):
            check_packages([package], [])
    finally:
        manifest.write_text(held)
    (told,) = (r.getMessage() for r in caplog.records if "missing dependencies" in r.getMessage())
    assert "elsewhere.example#1.0.0 (wanted by example.slicing#1.0.0)" in told
    assert "slices that cannot be decided without them: " in told
    assert f"{URL}profile-gone: Bundle.entry:a" in told
    assert f"{URL}gone:" not in told  # an extension is told by its url
