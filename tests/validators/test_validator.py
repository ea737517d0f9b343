"""Validator: what a caller hands it, and how it travels to another process."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from bulkfhir.validators import Block, Validator
from bulkfhir.validators.remarks import Remarks

Makes = Callable[..., Validator]
LINE = '{"resourceType":"Patient","id":"p","name":[{"family":"Müller"}],"active":"yes"}'
FORMS = {
    "bytes": LINE.encode(),
    "str": LINE,
    "bytearray": bytearray(LINE.encode()),
    "memoryview": memoryview(LINE.encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_resource_is_given_as_bytes_or_text(validators: Makes, form: str) -> None:
    verdict = validators("structure-only").validate(FORMS[form])
    assert [issue.location for issue in verdict.issues] == ["Patient.active"]


def test_a_lone_surrogate_is_the_datas_fault(validators: Makes) -> None:
    verdict = validators("structure-only").validate(LINE.replace("ü", "\ud800"))
    assert [issue.rule for issue in verdict.issues] == ["json"]


@pytest.mark.parametrize("given", [LINE.encode(), LINE, None], ids=["bytes", "str", "None"])
def test_lines_are_given_as_a_block(validators: Makes, given: object) -> None:
    with pytest.raises(TypeError, match=f"a Block of bytes, not as {type(given).__name__}$"):
        validators("structure-only").validate_block(given)


def test_a_block_is_one_of_bytes(validators: Makes) -> None:
    with pytest.raises(TypeError, match=r"a Block of bytes, not as str$"):
        validators("structure-only").validate_block(Block(LINE))


@pytest.mark.parametrize("given", [{"resourceType": "Patient"}, None, 3], ids=["dict", "None", "3"])
def test_anything_else_is_the_callers_mistake(validators: Makes, given: object) -> None:
    with pytest.raises(TypeError, match=f"not as {type(given).__name__}$"):
        validators("structure-only").validate(given)  # type: ignore[arg-type]


def test_profiles_that_are_asked_for_travel_too() -> None:
    profile = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
    original = Validator(profiles=[profile])
    line = '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"}}'
    verdict = original.validate(line)
    assert verdict.failed
    assert pickle.loads(pickle.dumps(original)).validate(line) == verdict


@pytest.mark.parametrize("level", ["strict", "minimal"])
def test_a_validator_is_pickled_by_its_choices(level: str) -> None:
    original = Validator(level, unknown_profile="ignore", max_issues=1)  # type: ignore[arg-type]
    text = LINE.replace('"id"', '"meta":{"profile":["http://example.org/p"]},"id"')
    lines = Block("\n".join([text, text.replace("Patient", "Patent")]).encode())
    expected = original.validate_block(lines)
    copy = pickle.loads(pickle.dumps(original))
    assert copy.level == level
    assert not copy.undecided
    assert copy.validate_block(lines).verdicts == expected.verdicts


def test_lines_after_a_failing_one_are_told_the_same() -> None:
    good = b'{"resourceType":"Patient","id":"a","name":[{"family":"A"}]}'
    bad = b'{"resourceType":"Patient","id":"b","gender":"none","name":[{"given":[" "]}]}'
    lines = [good, bad, bad, good, good, bad]
    alone = [Validator("structure-only", native=False).validate(line) for line in lines]
    validator = Validator("structure-only", native=False)
    assert [validator.validate(line).issues for line in lines] == [one.issues for one in alone]
    assert alone[1].issues
    assert not alone[0].issues


def test_remarks_that_break_are_logged_and_cost_only_themselves(
    validators: Makes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_remarks: Remarks, _resource: object, line: bytes) -> None:
        raise KeyError(line)

    monkeypatch.setattr(Remarks, "of", broken)
    line = b'{"resourceType":"Patient","id":"unheard-of"}'
    assert validators("structure-only").remarks(line) == ()
    assert "KeyError" in caplog.text
    assert "unheard-of" not in caplog.text
