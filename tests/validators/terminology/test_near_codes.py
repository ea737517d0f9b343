"""The code that was perhaps meant by one that is outside a required binding."""

from __future__ import annotations

from typing import Any

import pytest

from bulkfhir.validators.definitions import core
from bulkfhir.validators.terminology import Terminology
from bulkfhir.validators.terminology.near_codes import NearCodes

STATUS = (
    "registered preliminary final amended corrected cancelled entered-in-error unknown E11.9 "
    "form from"
).split()
GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
CURRENCY = "http://hl7.org/fhir/ValueSet/currencies"
CLINICAL = "http://hl7.org/fhir/ValueSet/allergyintolerance-clinical"
CLINICAL_SYSTEM = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"


@pytest.fixture
def terminology() -> Terminology:
    return Terminology(core())


@pytest.mark.parametrize(
    ("code", "near"),
    [
        pytest.param("Final", "final", id="case"),
        pytest.param("entered_in_error", "entered-in-error", id="what parts words"),
        pytest.param("canceled", "cancelled", id="a letter missing"),
        pytest.param("finall", "final", id="a letter too many"),
        pytest.param("amendet", "amended", id="a wrong letter"),
        pytest.param("unkonwn", "unknown", id="letters in the wrong order"),
        pytest.param("gone", None, id="another word"),
        pytest.param("fom", None, id="two are as near"),
        pytest.param("E11.8", None, id="digits mean themselves"),
        pytest.param("e11.9", None, id="case beside digits"),
        pytest.param("", None, id="empty"),
        pytest.param("--", None, id="no letter"),
        pytest.param("x" * 1_000_000, None, id="very long"),
    ],
)
def test_a_code_is_near_by_case_and_by_a_letter(code: str, near: str | None) -> None:
    assert NearCodes(STATUS).near(code) == near


def test_short_codes_are_near_by_case_alone() -> None:
    codes = NearCodes(["A", "AB", "XYZ"])
    assert [codes.near(code) for code in ("ab", "b", "xyz", "xy")] == ["AB", None, "XYZ", None]


def test_a_code_is_searched_once_and_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, searched = NearCodes(STATUS), list[str]()
    search = codes._search

    def counted(code: str) -> str | None:
        searched.append(code)
        return search(code)

    monkeypatch.setattr(codes, "_search", counted)
    assert {codes.near("Final") for _ in range(1000)} == {"final"}
    assert {codes.near("gone") for _ in range(1000)} == {None}
    assert searched == ["Final", "gone"]
    for number in range(9000):
        codes.near(f"{number}")
    assert len(codes._known) <= 4096


def test_a_terminology_of_many_codes_is_not_searched() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    codes = frozenset(f"{a}{b}{c}nn" for a in letters for b in letters for c in letters)
    assert NearCodes.among(codes).near("ABCnn") is None
    assert NearCodes.among(None).near("final") is None


@pytest.mark.parametrize(
    ("code", "hint"),
    [("Female", "; did you mean 'female'?"), ("femal", "; did you mean 'female'?"), ("f", "")],
)
def test_a_listed_value_set_says_what_was_meant(
    terminology: Terminology, code: str, hint: str
) -> None:
    binding = terminology.code_binding(GENDER, "required")
    assert binding is not None
    (finding,) = binding(code)
    assert finding.rule == "binding-required"
    assert finding.brief_text == (
        f"'{code}' is not one of female, male, other, unknown "
        f"(http://hl7.org/fhir/administrative-gender){hint}"
    )
    assert finding.text.endswith(f"(http://hl7.org/fhir/administrative-gender){hint}")
    assert finding.service_text == (
        f"The code provided ({code}) is not in the value set {GENDER}|4.0.1, and a code from this "
        "value set is required"
    )
    masked = hint.replace("female", "***")
    assert finding.hidden.text.endswith(f"administrative-gender){masked}")


def test_a_value_set_of_many_codes_says_what_was_meant(terminology: Terminology) -> None:
    binding = terminology.code_binding(CURRENCY, "required")
    assert binding is not None
    (finding,) = binding("eur")
    assert finding.brief_text == (
        f"'eur' is not in the value set {CURRENCY}|4.0.1, from which a code is required; "
        "did you mean 'EUR'?"
    )
    assert "did you mean" not in finding.service_text


@pytest.mark.parametrize(
    ("system", "code", "near"),
    [
        pytest.param(CLINICAL_SYSTEM, "Active", "'active'", id="case"),
        pytest.param("http://example.org/local", "Active", "", id="no code of that system"),
        pytest.param(CLINICAL_SYSTEM, "gone", "", id="another word"),
    ],
)
def test_a_coding_is_compared_with_the_codes_of_its_system(
    terminology: Terminology, system: str, code: str, near: str
) -> None:
    coding: dict[str, Any] = {"system": system, "code": code}
    concept = terminology.concept_binding(CLINICAL, "required")([coding])
    single = terminology.coding_binding(CLINICAL, "required")(system, code)
    for findings in (concept, single):
        text = next(one.text for one in findings if one.rule == "binding-required")
        assert text.endswith(f"; did you mean {near}?") if near else "did you mean" not in text


def test_only_a_required_binding_is_searched(terminology: Terminology) -> None:
    findings = terminology.concept_binding(CLINICAL, "extensible")(
        [{"system": CLINICAL_SYSTEM, "code": "Active"}]
    )
    assert not [one for one in findings if "did you mean" in one.text]
