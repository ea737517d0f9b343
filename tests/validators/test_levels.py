"""The three levels of HealthLake, and what becomes of profiles that nobody knows."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bulkfhir.validators import Block, Validator

UNKNOWN = b'{"resourceType":"Patient","id":"p","meta":{"profile":["http://example.org/StructureDefinition/nobody-knows"]}}'


def rules(verdict, severity="error"):
    return [issue.rule for issue in verdict.issues if issue.severity == severity]


def test_strict_is_the_default_and_refuses_an_unknown_profile_saying_what_to_do(judging):
    verdict = judging().validate(UNKNOWN)
    (issue,) = verdict.issues
    assert (issue.rule, issue.location) == ("profile-unknown", "Patient.meta.profile[0]")
    assert "--level structure-only" in issue.diagnostics
    assert "--unknown-profile warning|ignore" in issue.diagnostics


def test_an_unknown_profile_may_be_a_warning_or_nothing(judging):
    warned = judging(unknown_profile="warning", warnings=True).validate(UNKNOWN)
    assert (warned.failed, rules(warned, "warning")) == (False, ["profile-unknown"])
    assert judging(unknown_profile="ignore", warnings=True).validate(UNKNOWN).issues == []


def test_structure_only_does_not_look_at_profiles(judging):
    assert judging("structure-only").validate(UNKNOWN).issues == []


def test_a_profile_of_the_core_holds_at_strict_only(judging):
    line = (
        b'{"resourceType":"Observation","id":"o","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/bodyweight"]},"status":"final",'
        b'"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],'
        b'"code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/1"},"effectiveDateTime":"2020-01-02",'
        b'"valueQuantity":{"value":70,"unit":"kg","system":"http://unitsofmeasure.org","code":"m"}}'
    )
    assert judging("structure-only").validate(line).issues == []
    assert "binding-required" in rules(judging("strict").validate(line))


def test_minimal_accepts_what_is_readable_and_warns_of_what_search_cannot_read(judging):
    verdict = judging("minimal").validate(
        b'{"resourceType":"Patient","id":"p","birthDate":"1900-02-30","photo":[{"title":1}],"nonsense":true}'
    )
    assert not verdict.failed
    assert [(i.severity, i.rule, i.location) for i in verdict.issues] == [
        ("warning", "date", "Patient.birthDate")
    ]


def test_minimal_warns_of_a_missing_element_that_search_reads(judging):
    verdict = judging("minimal").validate(
        b'{"resourceType":"Observation","id":"o","code":{"text":"c"}}'
    )
    assert [(i.severity, i.rule, i.element) for i in verdict.issues] == [
        ("warning", "cardinality", "status")
    ]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"{", "json"),
        (b'{"resourceType":"Patient","active":true,"active":true}', "duplicate-property"),
        (b'{"resourceType":"Patience","id":"p"}', "resource-type"),
        (b'{"resourceType":"Patient","id":"p q"}', "id"),
    ],
)
@pytest.mark.parametrize("level", ["strict", "structure-only", "minimal"])
def test_what_holds_at_every_level(judging, level, line, rule):
    verdict = judging(level).validate(line)
    assert verdict.failed
    assert rule in [issue.rule for issue in verdict.issues]


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="strict, structure-only, minimal"):
        Validator("lenient")


def test_warnings_are_said_of_failing_resources_and_of_others_when_asked_for(judging):
    line = b'{"resourceType":"Patient","id":"p","maritalStatus":{"coding":[{"system":"http://example.org/s","code":"m"}]}%s}'
    assert judging("structure-only").validate(line % b"").issues == []
    assert rules(judging("structure-only", warnings=True).validate(line % b""), "warning")
    assert rules(judging("structure-only").validate(line % b',"active":"x"'), "warning")


def test_a_code_that_cannot_be_decided_offline_is_counted_and_does_not_fail(judging):
    judge = judging("structure-only")
    line = (
        b'{"resourceType":"MolecularSequence","id":"m","coordinateSystem":0,"structureVariant":['
        b'{"variantType":{"coding":[{"system":"http://loinc.org","code":"LA9658-1"}]}}]}'
    )  # bound, required, to a value set of LOINC that nobody publishes
    counts = [judge.undecided.total()]
    for _ in range(2):
        assert not judge.validate(line).failed
        counts.append(judge.undecided.total())
    assert [after - before for before, after in pairwise(counts)] == [1, 1]


def test_a_block_gives_parallel_columns_for_the_lines_that_are_not_blank():
    data = (
        b'{"resourceType":"Patient","id":"a"}\r\n\n  \n{"resourceType":"Patient","id":7}\nnonsense'
    )
    verdicts = Validator("structure-only").validate_block(Block(data))
    assert list(verdicts.numbers) == [0, 3, 4]
    assert list(verdicts.types) == ["Patient", "Patient", None]
    assert list(verdicts.ids) == ["a", None, None]
    assert verdicts.failed == {1, 2}
    assert (
        next(data[s:e] for s, e in zip(verdicts.starts, verdicts.ends, strict=True))
        == b'{"resourceType":"Patient","id":"a"}'
    )
