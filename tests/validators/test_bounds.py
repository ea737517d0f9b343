"""Bounds: whatever comes with data or a profile, a check takes so many steps and no more; beyond,
it is undecided, counted and told, by every engine alike.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bulkfhir.validators import fhirpath
from bulkfhir.validators.fhirpath import UndecidedError, among

from .rules.guides import guide, invariant, line

SHARED = Path(__file__).resolve().parents[3] / "shared/cases"

REGEX = "http://hl7.org/fhir/StructureDefinition/regex"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
EXPLODES = "(?=a)(a+)+!"
"""No linear engine takes a look ahead, and the other one gives up on it."""


def response(item, *, answers=1, contained=(), **answer):
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "r",
        "contained": [
            {"resourceType": "Questionnaire", "id": "q", "status": "active", "item": [item]},
            *contained,
        ],
        "questionnaire": "#q",
        "status": "completed",
        "item": [{"linkId": "1", "answer": [answer] * answers}],
    }


def conditional(expression, count=1):
    value = {"language": "text/fhirpath", "expression": expression}
    extension = {"url": SDC, "valueExpression": value}
    item = {"linkId": "1", "type": "string", "extension": [extension], "repeats": True}
    return response(item, answers=count, valueString="x")


def code_set(pattern):
    compose = {
        "include": [
            {
                "system": "http://hl7.org/fhir/resource-types",
                "filter": [{"property": "code", "op": "regex", "value": pattern}],
            }
        ]
    }
    held = {"resourceType": "ValueSet", "id": "vs", "status": "active", "compose": compose}
    item = {"linkId": "1", "type": "choice", "answerValueSet": "#vs"}
    code = "MedicinalProductPharmaceutical"
    coding = {"system": "http://hl7.org/fhir/resource-types", "code": code}
    return response(item, contained=[held], valueCoding=coding)


FORMAT = response(
    {"linkId": "1", "type": "string", "extension": [{"url": REGEX, "valueString": EXPLODES}]},
    valueString="a" * 60,
)
BEYOND = {
    "a format": (FORMAT, "beyond bounds: format of an answer"),
    "a format that is no regular expression": (
        response(
            {"linkId": "1", "type": "string", "extension": [{"url": REGEX, "valueString": "a**("}]},
            valueString="a",
        ),
        "beyond bounds: format of an answer",
    ),
    "a condition that never ends": (
        conditional("('x').repeat($this & 'x').exists()"),
        "beyond bounds: enableWhen expression",
    ),
    "a condition that looks at all with all": (
        conditional(
            "%resource.descendants().where(%resource.descendants().where(%resource.descendants()"
            ".exists()).exists()).exists()",
            count=60,
        ),
        "beyond bounds: enableWhen expression",
    ),
    "a condition that is nested too deep": (
        conditional("(" * 400 + "true" + ")" * 400),
        "beyond bounds: enableWhen expression",
    ),
    "a condition with a pattern that explodes": (
        conditional(f"('{'a' * 60}').matches('{EXPLODES}')"),
        "beyond bounds: enableWhen expression",
    ),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_beyond_its_bounds_is_counted_and_fails_no_line(judging, name):
    resource, key = BEYOND[name]
    judge = judging("structure-only")
    before = judge.undecided[key]
    verdict = judge.validate(json.dumps(resource).encode())
    assert [issue.rule for issue in verdict.issues if issue.fails] == []
    assert judge.undecided[key] > before


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_beyond_its_bounds_is_told_beside_errors(judging, name):
    resource = {**BEYOND[name][0], "status": "none"}
    verdict = judging("structure-only").validate(json.dumps(resource).encode())
    assert {issue.rule for issue in verdict.issues if issue.severity == "information"} >= {
        "beyond-bounds"
    }


@pytest.mark.parametrize("pattern", ["(?=M)(([A-Za-z]+)+)+!", "(?=M)Med.*"])
def test_a_filter_of_a_contained_value_set_is_bounded(judging, pattern):
    verdict = judging("structure-only").validate(json.dumps(code_set(pattern)).encode())
    assert "answer-value-set" not in {issue.rule for issue in verdict.issues}


@pytest.mark.parametrize(
    "expression",
    [
        "'x'" + ".replace('x', 'xxxxxxxxxx')" * 12,
        "9.power(1000).power(1000).power(1000)",
        "(1).repeat($this + 1)",
        "name.given.repeat($this & 'x')",
        "'" + "a" * 60 + "'.matches('(?=a)(a+)+!')",
    ],
    ids=["text", "power", "numbers", "texts", "pattern"],
)  # fmt: skip
def test_an_expression_stops(expression):
    with pytest.raises(UndecidedError):
        fhirpath.compile(expression, "Patient").evaluate(
            {"resourceType": "Patient", "name": [{"given": ["Ada"]}]}
        )


@pytest.mark.parametrize(
    "expression",
    [
        "name.union(name).count() = 400",
        "name.intersect(name.tail()).count() = 399",
        "name.exclude(name.first()).count() = 399",
        "name.subsetOf(name)",
        "(name | name).count() = 400",
        "name.given.distinct().count() = 400",
    ],
)
def test_sets_are_compared_without_looking_at_all_pairs(expression, monkeypatch):
    """By texts that tell elements apart, here ``text``: 400 names have 160,000 pairs."""
    names = [{"text": f"n{number}", "given": [f"g{number}"]} for number in range(400)]
    calls = []
    real = among.same_parts
    monkeypatch.setattr(among, "same_parts", lambda *two: calls.append(1) or real(*two))
    compiled = fhirpath.compile(expression, "Patient")
    assert compiled.evaluate({"resourceType": "Patient", "name": names}) == [True]
    assert len(calls) <= 2_000


REDOS = {
    "words": "matches('^([A-Za-z]+ ?)*$')",
    "parts": "matches('^(([^,]+),?)+;$')",
    "same": "replaceMatches('(a|a)*b','x').length() > 0",
    "looks": "matches('(?=a)(a+)+!')",
}


@pytest.mark.parametrize("family", ["a" * 28, "a" * 5_000], ids=["short", "long"])
def test_a_pattern_of_a_profile_comes_to_an_end(judging, tmp_path, family):
    """Three of them are linear by RE2; the fourth is beyond its bounds, which decides nothing."""
    profiles = [invariant(name, "Patient.name.family", text) for name, text in REDOS.items()]
    judge = judging("strict", packages=(guide(tmp_path, profiles),))
    name = [{"family": family + "1"}]
    failed = {
        one: [
            i.rule
            for i in judge.validate(json.dumps(line("Patient", one, name=name)).encode()).issues
        ]
        for one in REDOS
    }
    assert failed == {"words": ["words"], "parts": ["parts"], "same": [], "looks": []}
    assert sum(judge.undecided.values()) > 0


@pytest.mark.skipif(not SHARED.exists(), reason="needs the cases beside the project")
def test_the_patterns_that_were_reported_come_to_an_end(judging):
    judge = judging("strict", packages=(str(SHARED / "packages/redos"),))
    name = [{"family": "a" * 5_000 + "!"}]
    for number, rules in enumerate([["k"], ["k"], []], start=1):
        meta = {"profile": [f"http://x.org/fhir/StructureDefinition/re{(1, 3, 2)[number - 1]}"]}
        patient = {"resourceType": "Patient", "id": "p", "meta": meta, "name": name}
        verdict = judge.validate(json.dumps(patient).encode())
        assert [issue.rule for issue in verdict.issues] == rules


def observation(ours, theirs):
    return {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "valueString": "x",
        "code": {"coding": ours},
        "component": [{"code": {"coding": [one]}, "valueString": "y"} for one in theirs],
    }


def coding(prefix, number):
    return {"system": f"http://example.org/{prefix}", "code": f"c{number}"}


def test_obs_7_compares_codings_by_what_tells_them_apart(judging, monkeypatch):
    """3,000 codings and 3,000 components are nine million pairs."""
    ours, theirs = ([coding(one, number) for number in range(3_000)] for one in "ab")
    calls = []
    real = among.same_parts
    monkeypatch.setattr(among, "same_parts", lambda *two: calls.append(1) or real(*two))
    judge = judging("structure-only")
    assert judge.validate(json.dumps(observation(ours, theirs)).encode()).issues == []
    assert not calls
    verdict = judge.validate(json.dumps(observation(ours, [*theirs, ours[7]])).encode())
    assert [issue.rule for issue in verdict.issues if issue.fails] == ["obs-7"]


def test_obs_7_is_undecided_where_too_many_codings_look_alike(judging):
    ours = [{"userSelected": True, "_code": {"id": str(number)}} for number in range(3_000)]
    theirs = [{"userSelected": False, "_code": {"id": str(number)}} for number in range(3)]
    judge = judging("structure-only")
    before = judge.undecided["beyond bounds: invariant obs-7"]
    verdict = judge.validate(json.dumps(observation(ours, theirs)).encode())
    assert "obs-7" not in {issue.rule for issue in verdict.issues}
    assert judge.undecided["beyond bounds: invariant obs-7"] == before + 1


def test_a_reference_that_matches_many_entries_is_one_issue(judging):
    def entry(version):
        patient = {
            "resourceType": "Patient",
            "id": "o",
            "meta": {"versionId": str(version)},
            "link": [{"other": {"reference": "Patient/o"}, "type": "seealso"}],
        }
        return {
            "fullUrl": "http://example.org/fhir/Patient/o",
            "resource": patient,
            "request": {"method": "PUT", "url": "Patient/o"},
            "response": {"status": "200"},
        }

    bundle = {"resourceType": "Bundle", "id": "b", "type": "history"}
    bundle["entry"] = [entry(version) for version in range(40)]
    verdict = judging("structure-only").validate(json.dumps(bundle).encode())
    assert [issue.rule for issue in verdict.issues] == ["bundle-several-matches"] * 40
    assert len({issue.location for issue in verdict.issues}) == 40


def test_many_claimed_profiles_are_looked_at_once_each(judging):
    """Of 3,000 urls each second one is there before: no list is searched for them."""
    urls = [f"http://example.org/p{number // 2}" for number in range(3_000)]
    patient = {"resourceType": "Patient", "id": "p", "meta": {"profile": urls}}
    judge = judging("strict", max_issues=0)
    verdict = judge.validate(json.dumps(patient).encode())
    assert [issue.rule for issue in verdict.issues if issue.fails] == ["profile-unknown"] * 1_500


def test_a_definition_of_many_elements_is_decided(judging):
    """sdf-8 asks for all elements at each of them: 2,000 of them are four million."""
    url = "http://example.org/s"
    elements = [{"id": "Patient", "path": "Patient"}] + [
        {"id": f"Patient.x{number}", "path": f"Patient.x{number}"} for number in range(2_000)
    ]
    definition = {
        "resourceType": "StructureDefinition",
        "id": "s",
        "url": url,
        "name": "S",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": elements},
    }
    judge = judging("structure-only")
    before = judge.undecided.copy()
    assert judge.validate(json.dumps(definition).encode()).issues == []
    assert judge.undecided == before
    elements[7]["path"] = "Person.x6"
    rules = {issue.rule for issue in judge.validate(json.dumps(definition).encode()).issues}
    assert "sdf-8a" in rules


def test_small_steps_come_to_an_end_as_large_ones_do():
    from bulkfhir.validators.fhirpath.errors import UndecidedError
    from bulkfhir.validators.fhirpath.steps import Steps

    steps = Steps({"a": [1, 2, 3]})
    for _ in range(20_000 + 20 * 5):
        steps.take(1)
    for _ in range(2):
        with pytest.raises(UndecidedError):
            steps.take(1)


@pytest.mark.parametrize(
    "text", ["10.log(1)", "1000000000.exp()", "10000000000.5.power(1000000000.5)"]
)
def test_arithmetic_beyond_what_a_decimal_holds_is_empty(text):
    from bulkfhir.validators import fhirpath

    assert fhirpath.compile(text, "Patient").evaluate({"resourceType": "Patient"}) == []
