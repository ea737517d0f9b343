"""What an expression can see of a resource: enough that its answer is the same on nothing else."""

from __future__ import annotations

import pytest

from bulkfhir.validators.fhirpath.expression import compile_for
from bulkfhir.validators.fhirpath.lowered.mentions import mentions
from bulkfhir.validators.fhirpath.model import core_model

MODEL = core_model()
WHOLE: set[str] = set()


@pytest.mark.parametrize(
    ("type_name", "expression", "expected"),
    [
        (
            "Patient",
            "meta.profile.exists($this.startsWith('x'))",
            {"meta": {"profile", "_profile"}},
        ),
        ("Patient", "meta.exists() and meta.profile.exists()", {"meta": WHOLE}),
        ("Patient", "birthDate.exists()", {"birthDate": WHOLE, "_birthDate": WHOLE}),
        ("Patient", "name.where($this.family.exists()).exists()", {"name": WHOLE}),
        ("Patient", "name.given.count() < 3", {"name": {"given", "_given"}}),
        ("Patient", "name.select($this.family).exists()", {"name": WHOLE}),
        ("Patient", "name.extension('x').exists()", {"name": WHOLE, "extension": WHOLE}),
        ("Patient", "Patient.active", {"active": WHOLE, "_active": WHOLE}),
        ("Patient", "%context.gender = 'male'", {"gender": WHOLE, "_gender": WHOLE}),
        (
            "ExplanationOfBenefit",
            "item.sequence.subsetOf(%resource.item.noteNumber)",
            {"item": {"sequence", "_sequence", "noteNumber", "_noteNumber"}},
        ),
        (
            "CodeSystem",
            "concept.code.combine($this.descendants().concept.code).isDistinct()",
            {"concept": WHOLE, "contained": WHOLE},
        ),
        ("Questionnaire", "descendants().linkId.isDistinct()", {"item": WHOLE, "contained": WHOLE}),
    ],
)
def test_an_expression_sees_what_it_names(
    type_name: str, expression: str, expected: dict[str, set[str]]
) -> None:
    assert (
        mentions(compile_for(expression, type_name, False, MODEL).tree, type_name, MODEL)
        == expected
    )


def test_every_type_of_a_choice_is_seen() -> None:
    found = mentions(
        compile_for("value.exists()", "Observation", False, MODEL).tree, "Observation", MODEL
    )
    assert found is not None
    assert {"valueQuantity", "valueString", "_valueString"} <= found.keys()


@pytest.mark.parametrize(
    "expression",
    [
        "exists()",
        "$this.exists()",
        "%resource = %rootResource",
        "children().count() > 1",
        "descendants().exists()",
        "subject.resolve() is Patient",
        "name.iif(family.exists(), $this).exists()",
        "name.defineVariable('all', $this).exists()",
    ],
)
def test_what_looks_at_the_resource_itself_may_see_anything(expression: str) -> None:
    assert (
        mentions(compile_for(expression, "Observation", False, MODEL).tree, "Observation", MODEL)
        is None
    )
