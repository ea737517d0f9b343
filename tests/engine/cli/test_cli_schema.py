"""`bulkfhir schema`: what is printed of bindings."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine.cli.program import run


@pytest.fixture
def binding(capsys):
    """The binding of one element of a type, as it is printed."""

    def of(type_name, element):
        assert run(["schema", type_name]) == 0
        return json.loads(capsys.readouterr().out)["properties"][element]["element"]["binding"]

    return of


def test_required_bindings_are_expanded_to_their_codes(binding) -> None:
    assert binding("Patient", "gender")["codes"] == ["female", "male", "other", "unknown"]
    assert len(binding("Encounter.statusHistory", "status")["codes"]) == 9
    assert {"EUR", "USD", "XXX"} < set(binding("Money", "currency")["codes"])


def test_a_value_set_that_cannot_be_listed_is_undecided(binding) -> None:
    assert binding("Attachment", "contentType")["codes"] == "undecided"


def test_bindings_that_are_not_enforced_have_no_codes(binding) -> None:
    assert "codes" not in binding("Patient", "maritalStatus")
