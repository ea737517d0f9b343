"""Codes that a release of HL7 Terminology at hand knows, and R4's frozen copy does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bulkfhir.validators import Validator
from bulkfhir.validators.definitions.packages import Packages
from bulkfhir.validators.terminology import Terminology
from bulkfhir.validators.terminology.code_faults import CODE_SYSTEM
from tests.validators.definitions.test_packages import make

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
ELSEWHERE = (
    "Unknown code ({}#{}): the version of the code system that counts does not have it; version "
    "{}, which a package at hand holds, has it"
)


def release(folder: Path, version: str, *codes: str, content: str = "complete") -> str:
    """Make a release of HL7 Terminology that holds one code system."""
    system: dict[str, Any] = {
        "resourceType": "CodeSystem",
        "url": CATEGORY,
        "version": version,
        "status": "active",
        "content": content,
        "concept": [{"code": code} for code in codes],
    }
    return str(make(folder, "hl7.terminology.r4", version, [system]))


@pytest.fixture
def packages(tmp_path: Path) -> list[str]:
    return [
        release(tmp_path, "5.0.0", "laboratory", "wearable"),
        release(tmp_path, "10.0.0", "laboratory", "wearable", "genomic"),
        release(tmp_path, "11.0.0", content="not-present"),
    ]


@pytest.mark.parametrize(
    ("code", "version"),
    [
        pytest.param("wearable", "10.0.0", id="two releases, the newest is named"),
        pytest.param("genomic", "10.0.0", id="one release"),
        pytest.param("nonsense", None, id="no release"),
    ],
)
def test_the_newest_release_that_has_a_code_is_named(
    packages: list[str], code: str, version: str | None
) -> None:
    terminology = Terminology(Packages(packages))
    codings = terminology.coding_binding()(CATEGORY, code)
    concepts = terminology.concept_binding()([{"system": CATEGORY, "code": code}])
    for finding in (*codings, *concepts):
        assert finding.rule == CODE_SYSTEM.name
        assert finding.service_text == f"Unknown code ({CATEGORY}#{code})"
        told = (
            finding.service_text if version is None else ELSEWHERE.format(CATEGORY, code, version)
        )
        assert finding.text == told
        assert code not in finding.hidden.text
    assert len(codings) == len(concepts) == 1
    assert terminology.version_with(CATEGORY + "|1.0.0", code) == version


def test_without_a_package_nothing_more_is_said(tmp_path: Path) -> None:
    other = release(tmp_path, "5.0.0", "laboratory")
    (finding,) = Terminology(Packages([other])).coding_binding()(CATEGORY, "wearable")
    assert finding.text == f"Unknown code ({CATEGORY}#wearable)"


def test_no_verdict_is_changed(packages: list[str]) -> None:
    """Known codes pass and unknown ones fail as without the package, by one rule at one place."""
    lines = [
        json.dumps(
            {
                "resourceType": "Observation",
                "id": "o",
                "status": "final",
                "code": {"text": "c"},
                "category": [{"coding": [{"system": CATEGORY, "code": code}]}],
            }
        ).encode()
        for code in ("laboratory", "wearable", "nonsense")
    ]
    found = []
    for given in ([], packages):
        validator = Validator(packages=given)
        verdicts = [validator.validate(line) for line in lines]
        found.append(
            [[(one.severity, one.rule, one.location) for one in v.issues] for v in verdicts]
        )
    assert found[0] == found[1]
    assert [verdict.failed for verdict in verdicts] == [False, True, True]
