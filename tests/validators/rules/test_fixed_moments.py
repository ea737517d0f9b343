"""fixed[x] and pattern[x] with a date inside an object: they never hold in HL7's validator, and so
not here; a date by itself does (docs/differences.md).
"""

from __future__ import annotations

import json

import pytest

from .guides import guide, line, profile

BIRTH = "Patient.birthDate"
PERIOD = {"path": "Patient.name.period", "patternPeriod": {"start": "2020"}}
PROFILES = [
    profile("fixed-day", "Patient", {"path": "Patient"}, {"path": BIRTH, "fixedDate": "2020"}),
    profile("pattern-day", "Patient", {"path": "Patient"}, {"path": BIRTH, "patternDate": "2020"}),
    profile("period", "Patient", {"path": "Patient"}, PERIOD),
    profile(
        "text", "Patient", {"path": "Patient"}, {"path": "Patient.name.text", "fixedString": "x"}
    ),
]


@pytest.fixture(scope="module")
def judge(judging, tmp_path_factory):
    return judging("strict", packages=(guide(tmp_path_factory.mktemp("guide"), PROFILES),))


@pytest.mark.parametrize(
    ("name", "members", "expected"),
    [
        pytest.param("fixed-day", {"birthDate": "2020"}, [], id="a-day-by-itself-holds"),
        pytest.param("pattern-day", {"birthDate": "2020"}, [], id="a-day-as-pattern-holds"),
        pytest.param("period", {"name": [{"period": {"start": "2020"}}]}, ["pattern"], id="equal"),
        pytest.param("period", {"name": [{"period": {"start": "2021"}}]}, ["pattern"], id="other"),
        pytest.param("period", {"name": [{"text": "x"}]}, [], id="absent"),
        pytest.param("text", {"name": [{"text": "x"}]}, [], id="a-string-holds"),
    ],
)
def test_a_pattern_with_a_moment_inside_never_holds(judge, name, members, expected):
    found = judge.validate(json.dumps(line("Patient", name, **members)).encode()).issues
    assert [issue.rule for issue in found if issue.fails] == expected
