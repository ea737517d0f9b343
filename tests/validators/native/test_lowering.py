"""What the acceptor is told: every type can be lowered, and questions are answered by the
explainer's own checks. Needs no native module.
"""

from __future__ import annotations

import struct

import pytest

from bulkfhir.validators.checks.surroundings import Scope
from bulkfhir.validators.definitions import core
from bulkfhir.validators.explainer.resource_walk import Explainer
from bulkfhir.validators.native.questions import NeedsContextError, Nowhere, about_text, about_value
from bulkfhir.validators.native.records import Names, items, string, u16
from bulkfhir.validators.native.type_records import Lowering
from bulkfhir.validators.native.unseen import scopes

TYPE, NODE = 0, 1


@pytest.fixture
def lowering() -> Lowering:
    return Lowering(Explainer(core()))


def test_a_type_is_lowered_once_when_it_is_first_met(lowering: Lowering) -> None:
    lowering.table.take_records()
    assert lowering.table.answer(TYPE, b"Patient") == (1, [])
    first = lowering.table.take_records()
    assert b"birthDate" in first
    assert b"multipleBirthInteger" in first
    assert lowering.table.answer(TYPE, b"Patient") == (1, [])
    assert lowering.table.take_records() == b""
    assert lowering.table.types == ["Patient"]


@pytest.mark.parametrize(
    "name", [b"Patiently", b"DomainResource", b"HumanName", b"", "Pati\u00ebnt".encode()]
)
def test_what_is_no_resource_type_is_left_to_the_explainer(lowering: Lowering, name: bytes) -> None:
    assert lowering.table.answer(TYPE, name) == (0, [])


def test_types_with_rules_that_the_acceptor_lacks_are_left_to_the_explainer(
    lowering: Lowering,
) -> None:
    assert lowering.table.answer(TYPE, b"StructureMap") == (0, [])
    assert lowering.table.answer(TYPE, b"Questionnaire") == (0, [])


def test_the_types_of_a_choice_wait_until_data_has_them(lowering: Lowering) -> None:
    lowering.table.answer(TYPE, b"Observation")
    before = lowering.table.take_records()
    assert (
        b"timeOffset" not in before
    )  # Observation.value[x] may be SampledData, which has nothing to do with it yet
    number = 0
    while lowering.table.answer(NODE, struct.pack("<I", number))[0]:
        number += 1
    assert b"lowerLimit" in lowering.table.take_records()


def asked_about(lowering: Lowering, questions: int) -> range:
    return range(questions, len(lowering.table._questions))


def test_codes_are_judged_by_their_binding(lowering: Lowering) -> None:
    found = lowering.schema.properties("Patient")["gender"]
    before = len(lowering.table._questions)
    lowering.values.primitive(found)
    (check,) = asked_about(lowering, before)
    assert [
        lowering.table.answer(check, code)[0]
        for code in (b"male", b"mail", b"", b" ", b"\\u006dale")
    ] == [1, 0, 0, 0, 1]


def test_undecided_codes_name_their_value_set(lowering: Lowering) -> None:
    found = lowering.schema.properties("Condition")["code"]
    before = len(lowering.table._questions)
    lowering.values.checks(found, "value")
    check = asked_about(lowering, before)[0]
    value, undecided = lowering.table.answer(check, b"http://snomed.info/sct\x1f38341003\x1f")
    direct = Nowhere()
    concept = lowering.compilation.value_check(found)
    concept(
        {"coding": [{"system": "http://snomed.info/sct", "code": "38341003"}]},
        Scope({}, direct.undecided),
    )
    assert value == 1
    assert [lowering.table.undecided[number] for number in undecided] == sorted(
        direct.undecided.elements()
    )


def test_narratives_with_local_links_need_their_resource(lowering: Lowering) -> None:
    found = lowering.schema.properties("Narrative")["div"]
    before = len(lowering.table._questions)
    lowering.values.primitive(found)
    (check,) = asked_about(lowering, before)
    div = '<div xmlns=\\"http://www.w3.org/1999/xhtml\\">%s</div>'
    texts = (
        "x",
        '<a href=\\"#a\\">x</a>',
        "<script>x</script>",
        " ",
        '<img src=\\"a.png\\" alt=\\"x\\"/>x',
    )
    assert [lowering.table.answer(check, (div % text).encode())[0] for text in texts] == [
        1,
        0,
        0,
        0,
        1,
    ]


def test_a_check_that_looks_beyond_its_value_cannot_answer(lowering: Lowering) -> None:
    place = scopes(lowering.compilation.hooks)
    nosy = about_value(lambda value, scope: int(bool(scope.resource)), place)
    with pytest.raises(NeedsContextError):
        nosy(b"{}")
    assert lowering.table.answer(lowering.table.question(nosy), b"{}") == (0, [])
    resolving = about_value(
        lambda value, scope: int(bool(scope.memo["fhirpath"].resource["id"])), place
    )
    with pytest.raises(NeedsContextError):
        resolving(b"{}")


def test_a_check_that_breaks_leaves_the_line_to_the_explainer(lowering: Lowering) -> None:
    broken = about_text(lambda value, scope: 1 / 0, remarks=False)
    assert lowering.table.answer(lowering.table.question(broken), b"x") == (0, [])


def test_what_refers_to_something_contained_is_not_judged_alone(lowering: Lowering) -> None:
    blind = about_value(lambda value, scope: 1)
    assert blind(b'{"reference":"Patient/1"}')[0] == 1
    assert blind(b'{"reference":"#a"}')[0] == 0


def test_numbers_reach_their_check_as_the_explainer_sees_them(lowering: Lowering) -> None:
    found = lowering.schema.properties("Quantity")["value"]
    _, check, _ = lowering.values.primitive(found)
    assert [
        lowering.table.answer(check, lexeme)[0] for lexeme in (b"1e400", b"-0", b"0e5", b"1E5")
    ] == [
        1,
        1,
        0,
        1,
    ]


def test_a_profile_is_one_overlay_however_it_is_asked_for(lowering: Lowering) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/bp"
    numbers = {lowering.overlays.of_profiles([one]) for one in (url, f"{url}|4.0.1")}
    assert len(numbers) == 1


def test_records_are_counted_little_endian_lists() -> None:
    names = Names()
    assert (
        names.keys(["a", "b", "a"])
        == items([u16(0), u16(1), u16(0)])
        == b"\x03\x00\x00\x00\x01\x00\x00\x00"
    )
    assert names.take_records() == b"\x01\x01\x00a\x01\x01\x00b"
    assert names.take_records() == b""
    assert string("\u00e9") == b"\x02\x00\xc3\xa9"
