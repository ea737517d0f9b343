"""Narratives: text, and links that lead somewhere."""

from __future__ import annotations

import pytest

from .resources import patient

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">%s</div>'

CASES = {
    "a narrative": (patient(text={"status": "generated", "div": DIV % "hello"}), []),
    "a blank narrative": (
        patient(text={"status": "generated", "div": DIV % " "}),
        [("txt-2", "Patient.text.div")],
    ),
    "a link that leads nowhere": (
        patient(text={"status": "generated", "div": DIV % "<a href='#x'>y</a>"}),
        [("xhtml-anchor", "Patient.text.div")],
    ),
    "a link to the resource's id": (
        patient(text={"status": "generated", "div": DIV % "<a href='#p'>y</a>"}),
        [],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_narrative_links(failures, resource, expected):
    assert failures(resource) == sorted(expected)
