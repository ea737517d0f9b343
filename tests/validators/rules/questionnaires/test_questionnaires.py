"""Responses against their Questionnaires, and Questionnaires themselves: every kind of item with
every kind of fault.

fixtures/special/responses.ndjson pins, for each line, whether it fails, as HL7's validator decides
it with the Questionnaires of questionnaires.ndjson at hand, and the rules of ours that say so.
"""

from __future__ import annotations

import copy
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bulkfhir.validators import Block, Validator
from tests.conftest import Judge

FIXTURES = pathlib.Path(__file__).resolve().parents[4] / "fixtures/special"
PINNED = [
    json.loads(line, parse_float=str)
    for line in (FIXTURES / "responses.ndjson").read_text().splitlines()
]
LINES = [
    line.partition(b'"resource": ')[2].removesuffix(b"}")
    for line in (FIXTURES / "responses.ndjson").read_bytes().splitlines()
]

Json = dict[str, Any]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("questionnaires")
    for number, line in enumerate((FIXTURES / "questionnaires.ndjson").read_text().splitlines()):
        (folder / f"{number}.json").write_text(line)
    return str(folder)


@pytest.fixture(scope="module")
def validator(judging: Callable[..., Judge], package: str) -> Judge:
    return judging("structure-only", packages=[package])


def _rules(validator: Judge, resource: Json | bytes) -> list[str]:
    line = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    return sorted({issue.rule for issue in validator.validate(line).issues if issue.fails})


@pytest.mark.parametrize("number", range(len(LINES)), ids=lambda number: f"line {number + 1}")
def test_verdict_is_the_reference_validators(validator: Judge, number: int) -> None:
    assert _rules(validator, LINES[number]) == PINNED[number]["rules"]


@pytest.mark.parametrize("known", [True, False])
def test_a_block_fails_the_same_lines_with_and_without_the_native_acceptor(
    package: str, known: bool
) -> None:
    block = Block(b"\n".join(LINES))
    failed = [
        Validator("structure-only", packages=[package] if known else [], native=native)
        .validate_block(block)
        .failed
        for native in (True, False)
    ]
    assert failed[0] == failed[1] != frozenset()


def _contained(items: list[Json], answers: list[Json], **more: Any) -> Json:
    questionnaire = {"resourceType": "Questionnaire", "id": "q", "status": "active", "item": items}
    return {
        "resourceType": "QuestionnaireResponse",
        "contained": [questionnaire],
        "questionnaire": "#q",
        "status": "completed",
        "item": answers,
        **more,
    }


def _answered(link_id: str, **value: Any) -> Json:
    return {"linkId": link_id, "answer": [value]}


NAME: Json = {"linkId": "name", "type": "string", "maxLength": 5, "required": True}


def test_a_contained_questionnaire_is_enforced(validator: Judge) -> None:
    assert _rules(validator, _contained([NAME], [_answered("name", valueString="short")])) == []
    assert _rules(validator, _contained([NAME], [_answered("name", valueString="too long")])) == [
        "answer-length"
    ]
    assert _rules(validator, _contained([NAME], [_answered("name", valueInteger=1)])) == [
        "answer-type"
    ]


def test_nothing_is_required_of_a_response_in_progress(validator: Judge) -> None:
    other = {"linkId": "other", "type": "string"}
    response = _contained([NAME, other], [_answered("other", valueString="x")])
    assert _rules(validator, response) == ["response-required"]
    assert _rules(validator, {**response, "status": "in-progress"}) == []


def test_an_unknown_questionnaire_is_a_warning(judging: Callable[..., Judge]) -> None:
    response = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": "http://nowhere.example/q",
        "status": "completed",
        "item": [{"linkId": "a"}],
    }
    issues = judging("structure-only", warnings=True).validate(json.dumps(response).encode()).issues
    said = [
        (issue.severity, issue.location)
        for issue in issues
        if issue.rule == "questionnaire-unknown"
    ]
    assert said == [("warning", "QuestionnaireResponse.questionnaire")]


def test_zeros_at_the_end_of_a_decimal_count_as_places(validator: Judge) -> None:
    places = {"url": "http://hl7.org/fhir/StructureDefinition/maxDecimalPlaces", "valueInteger": 3}
    response = json.dumps(
        _contained(
            [{"linkId": "a", "type": "decimal", "extension": [places]}],
            [_answered("a", valueDecimal=7)],
        )
    )
    assert _rules(validator, response.replace(": 7", ": 7.5").encode()) == []
    assert _rules(validator, response.replace(": 7", ": 7.50").encode()) == ["answer-decimals"]


def test_a_contained_value_set_holds_the_options(validator: Judge) -> None:
    options = {
        "resourceType": "ValueSet",
        "id": "v",
        "status": "active",
        "compose": {"include": [{"system": "http://c.example", "concept": [{"code": "a"}]}]},
    }
    item = {"linkId": "a", "type": "choice", "answerValueSet": "#v"}
    for code, rules in (("a", []), ("b", ["answer-value-set"])):
        response = _contained(
            [item], [_answered("a", valueCoding={"system": "http://c.example", "code": code})]
        )
        response["contained"].append(options)
        assert _rules(validator, response) == rules


def test_faults_name_the_answer(validator: Judge) -> None:
    group = {"linkId": "g", "type": "group", "item": [NAME]}
    issues = validator.validate(
        json.dumps(
            _contained(
                [group], [{"linkId": "g", "item": [_answered("name", valueString="too long")]}]
            )
        ).encode()
    ).issues
    assert [issue.location for issue in issues if issue.fails] == [
        "QuestionnaireResponse.item[0].item[0].answer[0].value.ofType(string)"
    ]


def _variants(value: Any) -> Iterator[Any]:
    """The value with each of its parts in turn replaced by something that does not belong there."""
    yield from (None, 7, "x", [], {}, [[1]], {"a": {"b": 1}}, True)
    if isinstance(value, dict):
        for key in value:
            for variant in _variants(value[key]):
                changed = copy.copy(value)
                changed[key] = variant
                yield changed
    elif isinstance(value, list) and value:
        for variant in _variants(value[0]):
            yield [variant, *value[1:]]


def test_malformed_data_is_never_raised_at(validator: Judge) -> None:
    extension = {"url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueInteger": 1}
    condition = {"question": "g", "operator": "exists", "answerBoolean": True}
    item = {
        "linkId": "a",
        "type": "integer",
        "required": True,
        "extension": [extension],
        "enableWhen": [condition],
        "answerOption": [{"valueInteger": 2}],
    }
    response = _contained(
        [{"linkId": "g", "type": "group", "item": [item]}],
        [{"linkId": "g", "text": "t", "item": [_answered("a", valueInteger=2)]}],
    )
    for variant in _variants(response):
        if isinstance(variant, dict):
            validator.validate(
                json.dumps({**variant, "resourceType": "QuestionnaireResponse"}).encode()
            )
