"""Narratives: recorded verdicts of the reference validator, the names of the rules, and where local
links may lead.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bulkfhir.validators.values.narrative import check_div, read_div, resolve_anchors

RECORD = json.loads(
    (Path(__file__).resolve().parents[3] / "fixtures/narrative/verdicts.json").read_text()
)


def div(inside: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'


def patient(inside: str, **more: object) -> dict[str, Any]:
    return {"resourceType": "Patient", "text": {"status": "generated", "div": div(inside)}, **more}


@pytest.mark.parametrize("xhtml", RECORD["accepted"])
def test_what_the_reference_validator_accepts_is_accepted(xhtml: str) -> None:
    assert check_div(xhtml) == ()


@pytest.mark.parametrize("xhtml", RECORD["refused"])
def test_what_the_reference_validator_refuses_is_refused(xhtml: str) -> None:
    assert check_div(xhtml)


@pytest.mark.parametrize(
    ("xhtml", "rules"),
    [
        ("x", {"xhtml-syntax"}),
        (div("<p>x</b>"), {"xhtml-syntax"}),
        (div("&nbsp;"), {"xhtml-syntax"}),
        (div("<!DOCTYPE x>"), {"xhtml-syntax"}),
        ("<div>x</div>", {"xhtml-namespace"}),
        ('<p xmlns="http://www.w3.org/1999/xhtml">x</p>', {"xhtml-name"}),
        (div(" <br/>"), {"txt-2"}),
        (div("<form>x</form>"), {"txt-1", "xhtml-element"}),
        (div('<p onclick="x">y</p>'), {"txt-1", "xhtml-attribute"}),
        (div("<p><div>x</div></p>"), {"xhtml-nesting"}),
        (div("<b><b>x</b></b>"), {"xhtml-nesting"}),
        (div("<table><colgroup><col/></colgroup></table>x"), {"xhtml-place"}),
        (div("<ul>x</ul>"), {"xhtml-children"}),
        (div("<br>x</br>"), {"xhtml-children"}),
        (div('<a href="a b">x</a>'), {"xhtml-link"}),
        (div('<img src=""/>'), {"xhtml-link"}),
        (div('<a href="javascript:x">y</a>'), {"xhtml-scheme"}),
    ],
)
def test_a_finding_names_its_rule(xhtml: str, rules: set[str]) -> None:
    assert {found.rule for found in check_div(xhtml)} == rules


def test_txt_1_and_txt_2_can_be_asked_for() -> None:
    good, strange, blank, broken = (
        read_div(text) for text in (div("x"), div("<form>x</form>"), div(" "), "x")
    )
    assert [
        (narrative.allowed, narrative.content) for narrative in (good, strange, blank, broken)
    ] == [
        (True, True),
        (False, True),
        (True, False),
        (False, False),
    ]


def test_every_fault_is_told_once() -> None:
    findings = check_div(div("<u>x</u><u>y</u><i onclick='z'>a</i>"))
    assert len(findings) == len(set(findings)) == 3


def _numbered(chance: Random, numbers: list[int], depth: int) -> str:
    """Elements in one another and side by side, each with the next number as its link and as an
    attribute that no element has.
    """
    text = ""
    for _ in range(chance.randint(1, 3)):
        numbers.append(len(numbers))
        number = numbers[-1]
        inside = _numbered(chance, numbers, depth - 1) if depth else "x"
        text += f'<a href="#{number}" no{number}="x">{inside}</a>'
    return text


@pytest.mark.parametrize("seed", range(20))
def test_faults_and_links_are_told_in_document_order(seed: int) -> None:
    numbers: list[int] = []
    read = read_div(div(_numbered(Random(seed), numbers, seed % 4)))
    assert list(read.links) == [str(number) for number in numbers]
    strange = [found for found in read.findings if found.rule == "xhtml-attribute"]
    assert [found.values["attribute"] for found in strange] == [f"no{n}" for n in numbers]


@pytest.mark.parametrize("depth", [10_000])
def test_deep_nesting_is_read_without_recursion(depth: int) -> None:
    assert check_div(div("<span>" * depth + "x" + "</span>" * depth)) == ()
    assert {found.rule for found in check_div(div("<b>" * depth + "x" + "</b>" * depth))} == {
        "xhtml-nesting"
    }


def test_entities_cannot_be_declared() -> None:
    bomb = '<!DOCTYPE div [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>' + div("&b;")
    assert {found.rule for found in check_div(bomb)} == {"xhtml-syntax"}


def test_an_ampersand_that_never_ends_is_refused() -> None:
    assert {
        found.rule for found in check_div('<div xmlns="http://www.w3.org/1999/xhtml">a & b')
    } == {"xhtml-syntax"}


@pytest.mark.parametrize(
    "reference", ["&#" + "9" * 10_000 + ";", "&#" + "0" * 10_000 + "65;", "&#xFFFFFFFFF;"]
)
def test_character_references_may_be_of_any_length(reference: str) -> None:
    assert check_div(div("x" + reference)) == ()


@pytest.mark.parametrize(
    "resource",
    [
        patient('<a href="#n">x</a>', name=[{"id": "n"}]),
        patient('<a href="#n">x</a>', _birthDate={"id": "n"}),
        patient('<a href="#p">x</a>', id="p"),
        patient('<a href="#c">x</a>', contained=[{"resourceType": "Organization", "id": "c"}]),
        patient('<a href="#n">x</a><p id="n">y</p>'),
        patient('<a href="#n">x</a><a name="n">y</a>'),
        patient('<a href="#n">x</a><p id="n">y</p><p id="n">z</p>'),
        patient('<a href="#">x</a>'),
        patient('<img src="#n"/>', name=[{"id": "n"}]),
        {
            "resourceType": "Patient",
            "name": [{"id": "n"}],
            "contained": [patient('<a href="#n">x</a>')],
        },
        {
            "resourceType": "Bundle",
            "entry": [
                {"resource": patient('<a href="#q">x</a>')},
                {"resource": {"resourceType": "Patient", "id": "q"}},
            ],
        },
        {
            "resourceType": "Bundle",
            "entry": [
                {"resource": patient('<a href="#q">x</a>')},
                {"resource": patient('<p id="q">y</p>')},
            ],
        },
    ],
)
def test_a_local_link_that_leads_somewhere_is_fine(resource: dict[str, Any]) -> None:
    assert resolve_anchors(resource) == []


@pytest.mark.parametrize(
    ("resource", "rule", "location"),
    [
        (patient('<a href="#n">x</a>'), "xhtml-anchor", "Patient.text.div"),
        (patient('<a href="#n">x</a><p name="n">y</p>'), "xhtml-anchor", "Patient.text.div"),
        (patient("<a href = '#n'>x</a>"), "xhtml-anchor", "Patient.text.div"),
        (patient('<a href="&#35;n">x</a>'), "xhtml-anchor", "Patient.text.div"),
        (patient("<a href= &#x23;n>x</a>"), "xhtml-anchor", "Patient.text.div"),
        (patient("<a href=#n>x</a>"), "xhtml-anchor", "Patient.text.div"),
        (patient('<img src="#n"/>'), "xhtml-image", "Patient.text.div"),
        (patient('<img src="#n"/><a name="n">x</a>'), "xhtml-image", "Patient.text.div"),
        (
            patient('<img src="#n"/><p id="n">x</p><p id="n">y</p>'),
            "xhtml-image",
            "Patient.text.div",
        ),
        (
            {"resourceType": "Patient", "contained": [patient('<a href="#n">x</a>')]},
            "xhtml-anchor",
            "Patient.contained[0].text.div",
        ),
        (
            {
                "resourceType": "Bundle",
                "entry": [
                    {},
                    {"resource": patient('<img src="#q"/>')},
                    {"resource": {"resourceType": "Patient", "id": "q"}},
                ],
            },
            "xhtml-image",
            "Bundle.entry[1].resource.text.div",
        ),
        (
            {
                "resourceType": "Parameters",
                "parameter": [
                    {
                        "name": "a",
                        "part": [{"name": "b", "resource": patient('<a href="#n">x</a>')}],
                    }
                ],
            },
            "xhtml-anchor",
            "Parameters.parameter[0].part[0].resource.text.div",
        ),
        (
            {
                "resourceType": "Composition",
                "section": [{"section": [{"text": {"div": div('<a href="#n">x</a>')}}]}],
            },
            "xhtml-anchor",
            "Composition.section[0].section[0].text.div",
        ),
    ],
)
def test_a_local_link_that_leads_nowhere_is_an_error(
    resource: dict[str, Any], rule: str, location: str
) -> None:
    assert [
        (issue.severity, issue.rule, issue.location) for issue in resolve_anchors(resource)
    ] == [("error", rule, location)]


@pytest.mark.parametrize(
    "resource",
    [
        {},
        {"resourceType": 1},
        {"resourceType": "Bundle", "entry": [None, 1, {"resource": []}]},
        {"resourceType": "Patient", "text": []},
    ],
)
def test_malformed_resources_have_no_links(resource: dict[str, Any]) -> None:
    assert resolve_anchors(resource) == []
