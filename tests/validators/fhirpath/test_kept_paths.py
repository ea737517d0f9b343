"""What was found in a line before is found again: the same values, after the same steps."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from bulkfhir.validators import fhirpath
from bulkfhir.validators.economy.line_memory import LineMemory
from bulkfhir.validators.fhirpath import EvaluationScope, Steps, UndecidedError

PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "name": [{"family": "A", "given": ["B", "C"]}, {"family": "D", "_family": {"id": "x"}}],
    "identifier": [{"system": "http://example.org", "value": str(n)} for n in range(12)],
    "generalPractitioner": [{"reference": "Practitioner/d"}],
}
PRACTITIONER = {
    "resourceType": "Practitioner",
    "id": "d",
    "extension": [{"url": "http://example.org/e", "valueString": "x"}],
    "qualification": [{"code": {"coding": [{"code": "00"}, {"code": "04"}]}}],
}
BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"fullUrl": f"http://example.org/{r['id']}", "resource": r} for r in (PATIENT, PRACTITIONER)
    ],
}
EXPRESSIONS = [
    "entry.where(resource is Patient).exists() and entry.where(resource is Coverage).empty()",
    "entry.where(resource is Patient).resource.name.family = 'A'",
    "entry.where(resource is Patient).resource.name.given.count() = 2",
    "entry.where(resource is Patient).resource.identifier.where(value = '3').exists()",
    "entry.resource.identifier.all(system.startsWith('http') and value.exists())",
    "entry.resource.identifier.where($this.value = '3' or $index = 5).count() = 2",
    "entry.resource.name.where(given.exists()).family",
    "entry.resource.name.family.hasValue()",
    "entry.resource.generalPractitioner.resolve().qualification.code.coding.all($this.code = '00')",
    "entry.resource.generalPractitioner.resolve().extension('http://example.org/e').value",
    "entry[1].resource.extension('http://example.org/e').exists()",
    "(entry[1].resource.extension('http://example.org/e').value as string) = 'x'",
    "entry.resource.name.where(family in %resource.entry.resource.name.family).count() = 2",
    "entry.resource.name.first().given.exists($this = 'C')",
    "entry.select(resource as Patient).name.family",
    "'04' in entry.resource.qualification.code.coding.code",
    "entry.resource.where($this is Patient or $this is Practitioner).count() = 2",
    "entry.resource.name.given.where($this = 'B').exists() implies type = 'collection'",
    "entry.resource.iif($this.exists(), name, identifier).family",
    "entry.where(resource is Patient).resource.name.given.single()",
    "entry.resource.name.aggregate($this.given.count() + iif($total.empty(), 0, $total))",
]


def found(text: str, scope: EvaluationScope) -> tuple[Any, bool, int]:
    """What an expression finds, whether it holds, and the steps that finding took."""
    expression = fhirpath.compile(text, "Bundle")
    scope.steps = Steps(BUNDLE)
    try:
        values: Any = expression.evaluate(BUNDLE, scope)
    except fhirpath.EvaluationError as error:
        values = str(error)
    taken = scope.steps.left
    scope.steps = None
    return values, expression.holds(BUNDLE, scope), taken


def around(memory: LineMemory | None) -> EvaluationScope:
    return EvaluationScope(BUNDLE, BUNDLE, BUNDLE, memory=memory)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_a_path_finds_the_same_from_memory_after_the_same_steps(text: str) -> None:
    remembering = around(LineMemory())
    alone = found(text, around(None))
    for other in EXPRESSIONS:
        found(other, remembering)
    assert found(text, remembering) == alone
    assert found(text, remembering) == alone


def test_a_path_that_two_expressions_begin_with_is_kept() -> None:
    memory = LineMemory()
    first, second = (
        fhirpath.compile(f"entry.where(resource is Practitioner).{name}", "Bundle")
        for name in ("resource.id", "fullUrl")
    )
    (entry,) = fhirpath.compile("entry.where(resource is Practitioner)", "Bundle").nodes(BUNDLE)
    first.evaluate(BUNDLE, around(memory))
    assert any(
        isinstance(result, list) and [one.value for one in result] == [entry.value]
        for _, result, _ in memory.found.values()
    )
    assert second.evaluate(BUNDLE, around(memory)) == ["http://example.org/d"]


def test_two_objects_of_one_text_are_told_apart() -> None:
    memory, expression = LineMemory(), fhirpath.compile("name.given.exists()", "Patient")
    answers = [
        expression.holds(one, EvaluationScope(one, one, memory=memory))
        for one in ({"name": [{"given": ["a"]}]}, {"name": [{"given": []}]}, {"name": []})
    ]
    assert answers == [True, False, False]


def test_memory_of_a_line_is_bounded() -> None:
    memory = LineMemory()
    values = [{"family": str(number)} for number in range(20_000)]
    for value in values:
        memory.keep(("a", id(value)), value, [value], 1)
    assert len(memory.found) <= 8192
    memory.keep("long", {}, [0] * 5000, 1)
    assert "long" not in memory.found


def test_an_expression_without_end_is_bounded_with_memory_too() -> None:
    names = [{"given": ["a"] * 50} for _ in range(400)]
    patient = {"resourceType": "Patient", "name": names}
    criterion = " and ".join(
        itertools.repeat("%resource.name.where(given.exists()).count() > 0", 3)
    )
    expression = fhirpath.compile(f"name.all(name.empty() and {criterion})", "Patient")
    with pytest.raises(UndecidedError):
        expression.holds(patient, EvaluationScope(patient, patient, memory=LineMemory()))
