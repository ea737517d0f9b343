"""FHIRPath over decoded JSON: what HL7's own tests do not reach (companions, references, hooks,
bounds, HL7's reading of odd cases).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bulkfhir.validators import fhirpath
from bulkfhir.validators.fhirpath import (
    EvaluationError,
    FhirPathSyntaxError,
    FhirPathTypeError,
    Hooks,
    Quantity,
    Scope,
    Temporal,
    UndecidedError,
)

UCUM = "http://unitsofmeasure.org"
EXTENSION = {"extension": [{"url": "http://example.org/why", "valueCode": "unknown"}]}


def evaluate(expression: str, resource: dict[str, Any], **scope: Any) -> list[Any]:
    return fhirpath.compile(expression, resource["resourceType"]).evaluate(
        resource, Scope(resource, resource, **scope)
    )


PATIENT = {
    "resourceType": "Patient",
    "id": "a",
    "_birthDate": EXTENSION,
    "active": True,
    "name": [{"given": ["Ada", None], "_given": [None, EXTENSION], "family": "L"}],
    "multipleBirthInteger": 2,
    "extension": [{"url": "http://example.org/weight", "valueDecimal": 0.10}],
}

VALUES: dict[str, tuple[str, list[Any]]] = {
    "an element with only an extension exists": ("birthDate.exists()", [True]),
    "but has no value": ("birthDate.hasValue()", [False]),
    "and reads as nothing": ("birthDate", [None]),
    "its extension is reached": (
        "birthDate.extension('http://example.org/why').value",
        ["unknown"],
    ),
    "it equals no value": ("birthDate = @2020", [False]),
    "companions in an array keep their place": (
        "name.given.hasValue()[0] | name.given.select(hasValue())",
        [False, True],
    ),
    "a choice is named without its type": ("multipleBirth", [2]),
    "and, as profiles do, with it": ("multipleBirthInteger", [2]),
    "a choice has the type it has": ("multipleBirth is integer", [True]),
    "other types are not selected": ("multipleBirth.ofType(boolean)", []),
    "a number is a decimal of the digits it shows": ("extension.value = 0.1", [True]),
    "two decimals add as written": ("extension.value + 0.2 = 0.3", [True]),
    "a type name at the start selects": ("Patient.id", ["a"]),
    "a supertype, too": ("DomainResource.id | Observation.id", ["a"]),
    "an unknown name finds nothing": ("nonsense.more", []),
    "one thing that is no boolean is true": ("name and active", [True]),
    "nothing is neither": ("photo and active", []),
    "children of an element": ("name.children().count()", [3]),
    "descendants hold the extensions of primitives": (
        "descendants().where($this = 'unknown').count()",
        [2],
    ),
    "comments": ("/* a */ id // b", ["a"]),
    "quoted names": ("name.`family`", ["L"]),
    "names that are operators": ("name.where(is.empty() and contains.empty()).count()", [1]),
    "variables": ("%`ext-birthPlace`", ["http://hl7.org/fhir/StructureDefinition/birthPlace"]),
    "defined variables": ("defineVariable('n', name.family).select(%n)", ["L"]),
}


@pytest.mark.parametrize(("expression", "result"), VALUES.values(), ids=VALUES.keys())
def test_on_a_patient(expression: str, result: list[Any]) -> None:
    assert evaluate(expression, PATIENT) == result


def test_results_are_python_values() -> None:
    observation = {
        "resourceType": "Observation",
        "effectiveDateTime": "2020-05-01T10:00:00+02:00",
        "valueQuantity": {"value": 1.5, "code": "mg", "system": UCUM},
        "code": {"text": "x"},
    }
    moment, quantity, part, number = evaluate("effective | value | code | value.value", observation)
    assert moment == Temporal.parse("2020-05-01T10:00:00+02:00")
    assert quantity == Quantity(Decimal("1.5"), "mg")
    assert part == {"text": "x"}
    assert number == Decimal("1.5")


COMPARISONS = [
    ("@2020", "@2020-05", None),
    ("@2019", "@2020-05", -1),
    ("@2020", "@2020", 0),
    ("@2020-05-01", "@2020-05-01T10:00:00Z", None),
    ("@2020-05-01", "@2020-05-02T10:00:00Z", -1),
    ("@2020-05-01T10:00:00Z", "@2020-05-01T11:30:00+02:00", 1),
    ("@2020-05-01T10:00:00Z", "@2020-05-01T12:00:00+02:00", 0),
    ("@2020-05-01T10:00:00Z", "@2020-05-01T10:00:00.5Z", -1),
    ("@2020-05-01T10:00Z", "@2020-05-01T10:00:00Z", None),
    ("@2016-12-31T23:59:59.9Z", "@2016-12-31T23:59:60Z", -1),
    ("@2016-12-31T23:59:60Z", "@2017-01-01", -1),
    ("@T10:00", "@T10:00:01", None),
    ("@T09:59", "@T10:00:01", -1),
]


@pytest.mark.parametrize(("left", "right", "order"), COMPARISONS)
def test_dates_compare_as_far_as_their_precision_decides(
    left: str, right: str, order: int | None
) -> None:
    for one, other, sign in ((left, right, 1), (right, left, -1)):
        expected = [] if order is None else [order * sign < 0]
        assert evaluate(f"{one} < {other}", PATIENT) == expected
        assert evaluate(f"{one} <= {other}", PATIENT) == (
            [] if order is None else [order * sign <= 0]
        )


@pytest.mark.parametrize(
    "text",
    [
        "2019-02-29",
        "1900-02-29",
        "2020-13",
        "2020-00-01",
        "0000",
        "2020-1",
        "2020-01-01T24:00:00Z",
        "2020-01-01T10:60:00Z",
        "25:00",
        "2020-01-01 10:00",
    ],
)
def test_what_is_not_in_the_calendar_is_no_date(text: str) -> None:
    assert Temporal.parse(text) is None


@pytest.mark.parametrize(
    ("start", "amount", "unit", "end"),
    [
        ("2020-01-31", 1, "month", "2020-02-29"),
        ("2020-02-29", 1, "year", "2021-02-28"),
        ("2020", 14, "month", "2021"),
        ("2020-01-01T23:30:00+02:00", 1, "hour", "2020-01-02T00:30:00+02:00"),
        ("10:30:00", 45, "minute", "11:15:00"),
        ("9999-12-31", 1, "day", None),
    ],
)
def test_durations_are_added_at_the_precision_of_the_date(
    start: str, amount: int, unit: str, end: str | None
) -> None:
    moment = Temporal.parse(start)
    assert moment is not None
    moved = moment.add(amount, unit)
    assert (None if moved is None else moved.text) == end


QUANTITIES = [
    ("4 'g' = 4000 'mg'", [True]),
    ("1 'cm' < 1 '[in_i]'", [True]),
    ("1 'g' = 1 'm'", []),
    ("1 'mo' = 1 month", []),
    ("7 days = 1 week", [True]),
    ("1 'g' + 1 'mg' = 1.001 'g'", [True]),
    ("2 'm' * 3 'm' = 6 'm2'", [True]),
    ("value = 1500 'ug'", [True]),
    ("value > 1 'mg'", [True]),
]


@pytest.mark.parametrize(("expression", "result"), QUANTITIES)
def test_quantities_compare_by_their_units(expression: str, result: list[Any]) -> None:
    assert (
        evaluate(
            expression,
            {
                "resourceType": "Observation",
                "valueQuantity": {"value": 1.5, "unit": "milligram", "code": "mg", "system": UCUM},
            },
        )
        == result
    )


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ({"code": "a"}, {"code": "a", "display": "x"}, True),
        ({"code": "a", "display": "x"}, {"code": "a"}, False),
    ],
)
def test_elements_are_equal_where_the_right_one_has_all_of_the_left(
    left: dict[str, str], right: dict[str, str], equal: bool
) -> None:
    observation = {
        "resourceType": "Observation",
        "code": {"coding": [left]},
        "valueCodeableConcept": {"coding": [right]},
    }
    assert evaluate("code.coding = value.coding", observation) == [equal]


def bundle() -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "p"}},
            {
                "fullUrl": "http://example.org/Practitioner/q",
                "resource": {"resourceType": "Practitioner", "id": "q"},
            },
        ],
    }


REFERENCES = {
    "a full url": ("urn:uuid:1", "p"),
    "type and id": ("Practitioner/q", "q"),
    "with a version": ("Practitioner/q/_history/3", "q"),
    "an absolute url of an entry": ("http://example.org/Practitioner/q", "q"),
    "an absolute url of none": ("http://other.org/Practitioner/q", None),
    "another type": ("Patient/q", None),
    "contained": ("#c", "c"),
    "not contained": ("#d", None),
    "the container": ("#", "o"),
}


@pytest.mark.parametrize(("reference", "found"), REFERENCES.values(), ids=REFERENCES.keys())
def test_resolve_looks_in_the_resource_and_its_bundle(reference: str, found: str | None) -> None:
    observation = {
        "resourceType": "Observation",
        "id": "o",
        "contained": [{"resourceType": "Group", "id": "c"}],
        "subject": {"reference": reference},
    }
    assert evaluate("subject.resolve().id", observation, bundle=bundle()) == (
        [] if found is None else [found]
    )


def test_resolve_asks_its_hook_last() -> None:
    hooks = Hooks(resolve=lambda reference: {"resourceType": "Patient", "id": reference[-1]})
    assert evaluate(
        "subject.resolve().id",
        {"resourceType": "Observation", "subject": {"reference": "Patient/z"}},
        hooks=hooks,
    ) == ["z"]


def test_what_only_others_know_is_asked_of_them() -> None:
    asked: list[Any] = []
    hooks = Hooks(
        member_of=lambda value, name, url: (
            value == "male" if url == "http://example.org/known" else None
        ),
        conforms_to=lambda value, name, url: url.endswith(name),
        html_checks=lambda xhtml: "script" not in xhtml,
        in_slice=lambda value, name, structure, wanted: (
            value["use"] == wanted and structure == "http://example.org/p"
        ),
        trace=lambda name, values: asked.append((name, len(values))),
    )
    patient = {
        "resourceType": "Patient",
        "gender": "male",
        "name": [{"use": "old"}, {"use": "usual"}],
        "text": {"div": "<div/>"},
    }

    def ask(expression: str) -> list[Any]:
        return evaluate(expression, patient, hooks=hooks, profile="http://example.org/p")

    assert ask("gender.memberOf('http://example.org/known')") == [True]
    assert ask("gender.memberOf('http://example.org/unknown')") == []
    assert ask("conformsTo('http://example.org/Patient')") == [True]
    assert ask("text.div.htmlChecks()") == [True]
    assert ask("name.slice(%profile, 'old').use") == ["old"]
    assert ask("name.trace('names').count()") == [2]
    assert asked == [("names", 2)]


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "a..b",
        "(a",
        "a)",
        "'a",
        "a =",
        "a b",
        "@2019-02-29",
        "{1}",
        "a[",
        "'\\q'",
        "#",
        "1 +",
        "$that",
    ],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(FhirPathSyntaxError):
        fhirpath.compile(expression, "Patient")


@pytest.mark.parametrize(
    "expression", ["nonsense()", "exists(1, 2)", "as(Nonsense)", "ofType(1)", "substring()"]
)
def test_what_names_nothing_that_exists_is_refused(expression: str) -> None:
    with pytest.raises(FhirPathTypeError):
        fhirpath.compile(expression, "Patient")


@pytest.mark.parametrize(
    "expression",
    [
        "name.first",
        "contact.name.giben",
        "Observation.code",
        "birthDate.family",
        "name.matches('a')",
    ],
)
def test_strict_compilation_refuses_what_the_type_does_not_have(expression: str) -> None:
    fhirpath.compile(expression, "Patient")
    with pytest.raises(FhirPathTypeError):
        fhirpath.compile(expression, "Patient", strict=True)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "1" + " + 1" * 5000,
        "a" + ".a" * 5000,
        "not(" * 5000 + ")" * 5000,
        "-" * 5000 + "1",
    ],
)
def test_nesting_without_end_is_refused_cleanly(text: str) -> None:
    with pytest.raises(FhirPathSyntaxError, match="nested deeper"):
        fhirpath.compile(text, "Patient")


def test_an_expression_without_end_stops() -> None:
    with pytest.raises(UndecidedError):
        evaluate("id.repeat($this & 'x')", PATIENT)


@pytest.mark.parametrize(
    "expression",
    [
        "name.given.single()",
        "name.substring(1)",
        "name < 1",
        "(1 | 2) and true",
        "'a' * 2",
        "%unknown",
        "gender.matches('(')",
    ],
)
def test_what_has_no_value_here_is_an_error_and_fails_a_constraint(expression: str) -> None:
    patient = PATIENT | {"gender": "male"}
    compiled = fhirpath.compile(expression, "Patient")
    with pytest.raises(EvaluationError):
        compiled.evaluate(patient)
    assert compiled.holds(patient) is False


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("active", True),
        ("active.not()", False),
        ("photo", False),
        ("name", True),
        ("name | active", True),
        ("1 = 1", True),
    ],
)
def test_a_constraint_holds_by_hl7s_rule(expression: str, holds: bool) -> None:
    assert fhirpath.compile(expression, "Patient").holds(PATIENT) is holds


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "x",
        [],
        {"name": "x"},
        {"name": [1, None]},
        {"contact": {"name": []}},
        {"resourceType": 7},
    ],
)
def test_data_of_any_form_only_fails(value: Any) -> None:
    for expression in (
        "name.given.count() > 0",
        "contact.name.family = 'x'",
        "descendants().empty()",
        "name.first().period.start <= name.period.end",
    ):
        assert fhirpath.compile(expression, "Patient").holds(value) in (True, False)
        assert fhirpath.invariant(expression, "Patient").holds(
            value if isinstance(value, dict) else {}, Scope()
        ) in (True, False)


def test_compiled_expressions_are_kept() -> None:
    assert fhirpath.compile("name.given", "Patient") is fhirpath.compile("name.given", "Patient")


def test_a_primitive_is_evaluated_with_its_companion() -> None:
    made = fhirpath.invariant("extension.exists() or $this > @2000", "date")
    assert made.holds("2001-01-01", Scope()) is True
    assert made.holds("1999-01-01", Scope()) is False
    assert made.holds_for(None, Scope(), EXTENSION) is True


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("name.iif(family.exists(), $this.id)", ["p"]),
        ("name.iif($this.family.exists(), given)", ["Ada"]),
        ("name.aggregate($total + given.count(), 0)", [1]),
        ("name.trace('x', family).given", ["Ada"]),
        ("name.defineVariable('family', family).select(%family)", ["Lovelace"]),
        ("name.where($this.family = 'Lovelace').given", ["Ada"]),
    ],
)
def test_names_and_this_in_arguments_are_what_they_are_evaluated_on(
    expression: str, expected: list[Any]
) -> None:
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"family": "Lovelace", "given": ["Ada"]}],
    }
    assert fhirpath.compile(expression, "Patient").evaluate(patient) == expected
