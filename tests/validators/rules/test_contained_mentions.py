"""dom-3: what counts as a mention of a contained resource.

The kinds were compared with HL7's validator, not each line.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

ORGANIZATION = {"resourceType": "Organization", "id": "o", "name": "n"}


def text(inside: str) -> dict[str, str]:
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>',
    }


def patient(*held: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "p",
        "contained": list(held or [ORGANIZATION]),
        **members,
    }


def narrated(inside: str) -> dict[str, Any]:
    return patient(text=text(inside))


def composition(**members: Any) -> dict[str, Any]:
    return {
        "resourceType": "Composition", "id": "c", "status": "final", "type": {"text": "x"},
        "date": "2020", "author": [{"display": "a"}], "title": "t", "contained": [ORGANIZATION],
        **members,
    }  # fmt: skip


def section(inside: str, depth: int = 0) -> dict[str, Any]:
    nested = {"section": [section(inside, depth - 1)]} if depth else {"text": text(inside)}
    return {"title": "t", **nested}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [{"fullUrl": f"http://example.org/{r['resourceType']}/{r['id']}", "resource": r}
               for r in resources]  # fmt: skip
    return {"resourceType": "Bundle", "id": "b", "type": "collection", "entry": entries}


def parameters(resource: dict[str, Any]) -> dict[str, Any]:
    part = {"name": "b", "resource": resource}
    return {"resourceType": "Parameters", "id": "p", "parameter": [{"name": "a", "part": [part]}]}


def graph(edges: str, *, typed: bool = True) -> dict[str, Any]:
    """A resource that mentions none of what it contains; ``ab`` is a reference from a to b."""
    mentioned: dict[str, list[dict[str, str]]] = {}
    for edge in edges.split():
        mentioned.setdefault(edge[0], [])
        mentioned[edge[0]] += [{"reference": "#" + to} for to in edge[1:]]
    held: list[dict[str, Any]] = []
    for identity, references in mentioned.items():
        if typed:
            found: dict[str, Any] = {"status": "completed", "subject": {"reference": "Patient/1"}}
            found |= {"resourceType": "Procedure", "partOf": references}
        else:
            found = {"resourceType": "List", "status": "current", "mode": "working"}
            found["entry"] = [{"item": one} for one in references]
        held.append({"id": identity, **{key: item for key, item in found.items() if item}})
    return {"resourceType": "Basic", "id": "x", "code": {"text": "x"}, "contained": held}


IMAGE, LINK = '<img src="#o" alt="a"/>', '<a href="#o">x</a>'
OTHER = {"resourceType": "Organization", "id": "q", "name": "n", "text": text(LINK)}

MENTIONED: dict[str, dict[str, Any]] = {
    "image": narrated(IMAGE),
    "link": narrated(LINK),
    "nested-in-a-table": narrated(f"<table><tr><td><p><b>{LINK}</b></p></td></tr></table>"),
    "entity-in-the-attribute": narrated('<a href="&#35;o">x</a>'),
    "hexadecimal-entity": narrated('<img src="&#x23;o" alt="a"/>'),
    "composition-text": composition(text=text(IMAGE)),
    "section": composition(section=[section(LINK)]),
    "section-of-a-section": composition(section=[section(IMAGE, 3)]),
    "narrative-of-another-that-is-mentioned": patient(
        ORGANIZATION, OTHER, managingOrganization={"reference": "#q"}
    ),
    "narrative-of-one-that-mentions-the-container": patient(
        ORGANIZATION,
        {"resourceType": "Observation", "id": "q", "status": "final", "code": {"text": "x"},
         "subject": {"reference": "#"}, "text": text(LINK)},
    ),
    "in-a-bundle": bundle(narrated(LINK)),
    "section-in-a-bundle": bundle(composition(section=[section(LINK)])),
    "in-parameters": parameters(narrated(IMAGE)),
    "uri": patient(extension=[{"url": "http://example.org/x", "valueUri": "#o"}]),
    "two-that-mention-each-other": graph("ab ba"),
    "two-in-a-bundle": bundle(graph("ab ba")),
    "three-in-a-circle": graph("ab bc ca"),
    "a-circle-leads-to-a-third": graph("ab ba bc c"),
}  # fmt: skip

UNMENTIONED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing": (narrated("x"), {"o"}),
    "anchor-name": (narrated('<a name="o">x</a>'), {"o"}),
    "element-id": (narrated('<p id="o">x</p>'), {"o"}),
    "quotation-cite": (narrated('<q cite="#o">x</q>'), {"o"}),
    "block-quotation-cite": (narrated('<blockquote cite="#o">x</blockquote>'), {"o"}),
    "image-description": (narrated('<img src="http://x.y/z" longdesc="#o"/>'), {"o"}),
    "area": (
        narrated('<map name="m"><area href="#o" shape="rect" coords="1"/></map>x'), {"o"}
    ),
    "other-page": (narrated('<a href="http://x.y/z#o">x</a>'), {"o"}),
    "comment": (narrated(f"<!-- {LINK} -->x"), {"o"}),
    "escaped-markup": (narrated("&lt;a href='#o'&gt;"), {"o"}),
    "markdown": (
        {"resourceType": "Questionnaire", "id": "q", "status": "draft", "description": LINK,
         "contained": [ORGANIZATION]}, {"o"}
    ),
    "string": (patient(name=[{"text": LINK}]), {"o"}),
    "own-narrative": (patient({**ORGANIZATION, "text": text(LINK)}), {"o"}),
    "narrative-of-another-that-is-not-mentioned": (patient(ORGANIZATION, OTHER), {"o", "q"}),
    "narrative-of-another-entry": (
        bundle(patient(), {"resourceType": "Patient", "id": "q", "text": text(LINK)}), {"o"}
    ),
    "one-that-mentions-itself": (graph("aa"), {"a"}),
    "one-that-leads-to-one-that-mentions-itself": (graph("ab bb"), {"a"}),
    "one-that-leads-to-a-circle": (graph("ab bc cb"), {"a"}),
    "a-chain": (graph("ab bc c"), {"a", "b", "c"}),
    "a-circle-by-references-of-any-type": (graph("ab ba", typed=False), {"a", "b"}),
}  # fmt: skip


def unmentioned(judge, resource) -> set[str]:
    issues = judge.validate(json.dumps(resource).encode()).issues
    return {issue.diagnostics.split("'")[1] for issue in issues if issue.rule == "dom-3"}


@pytest.mark.parametrize("case", MENTIONED)
def test_a_contained_resource_is_mentioned(judge, case):
    verdict = judge.validate(json.dumps(MENTIONED[case]).encode())
    assert [(issue.rule, issue.location) for issue in verdict.issues if issue.fails] == []


@pytest.mark.parametrize("case", UNMENTIONED)
def test_a_contained_resource_is_not_mentioned(judge, case):
    resource, wanted = UNMENTIONED[case]
    assert unmentioned(judge, resource) == wanted
