"""Slices by the thousand: a profile is read in steps that grow with it, and values are held against
slices so often and no more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bulkfhir.validators import Validator
from tests.call_counter import calls_of
from tests.validators.rules.guides import guide, line, profile

RESLICED = "resliced"


def sliced(name: str, count: int, *, least: int = 0) -> dict[str, Any]:
    """A profile whose identifiers have so many slices, told apart by their system."""
    slicing = {"discriminator": [{"type": "value", "path": "system"}], "rules": "closed"}
    elements: list[dict[str, Any]] = [{"path": "Patient.identifier", "slicing": slicing}]
    for number in range(count):
        outer = f"s{number}" if name != RESLICED else f"s{number // 2}" + "/again" * (number % 2)
        identity = f"Patient.identifier:{outer}"
        elements += [
            {"id": identity, "path": "Patient.identifier", "sliceName": outer, "min": least},
            {"id": f"{identity}.system", "path": "Patient.identifier.system", "min": 1,
             "fixedUri": f"http://example.org/{number}"},
        ]  # fmt: skip
    return profile(name, "Patient", {"path": "Patient"}, *elements)


def patient(name: str, systems: list[int]) -> bytes:
    identifiers = [{"system": f"http://example.org/{number}", "value": "x"} for number in systems]
    return json.dumps(line("Patient", name, id="p", identifier=identifiers)).encode()


def calls(folder: Path, name: str, count: int) -> int:
    """How many calls reading a profile and judging one line takes."""
    package = guide(folder / str(count), [sliced(name, count)])
    validator = Validator("strict", packages=[package], native=False)

    def judged() -> None:
        assert not validator.validate(patient(name, [0])).issues

    return calls_of(judged)


@pytest.mark.parametrize("name", ["plain", RESLICED])
def test_four_times_the_slices_are_four_times_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calls(tmp_path, name, 8)  # what is compiled once
    assert calls(tmp_path, name, 400) < 5 * calls(tmp_path, name, 100)


@pytest.fixture(scope="module")
def judge(judging, tmp_path_factory: pytest.TempPathFactory):
    """300 slices, of which three are needed in the second profile."""
    folder = tmp_path_factory.mktemp("slices")
    resources = [sliced("many", 300), sliced("needed", 3, least=1)]
    return judging("strict", packages=(guide(folder, resources),))


def test_few_values_are_held_against_many_slices(judge) -> None:
    assert judge.validate(patient("many", [0, 299])).issues == []
    rules = [issue.rule for issue in judge.validate(patient("many", [0, 300])).issues]
    assert rules == ["slice-closed"]


def test_many_values_against_many_slices_are_undecided_and_counted(judge) -> None:
    """120 values and 300 slices are more than 10,000, and 100 for each value."""
    key = "beyond bounds: slicing of Patient.identifier"
    before = judge.undecided[key]
    assert judge.validate(patient("many", [*range(119), 300])).issues == []
    assert judge.undecided[key] == before + 1
    wrong = json.loads(patient("many", [*range(119), 300])) | {"gender": "x"}
    rules = [issue.rule for issue in judge.validate(json.dumps(wrong).encode()).issues]
    assert rules == ["binding-required", "beyond-bounds"]


def test_a_needed_slice_is_missed_however_many_values_there_are(judge) -> None:
    values = [number % 2 for number in range(3_000)]
    issues = judge.validate(patient("needed", values)).issues
    assert [(issue.rule, issue.location) for issue in issues] == [("cardinality", "Patient")]
