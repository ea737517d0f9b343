"""`bulkfhir rules` and `bulkfhir explain`: what is printed of the catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from bulkfhir.engine.cli.program import run
from bulkfhir.engine.cli.rule_commands import explain
from bulkfhir.engine.judging.every_rule import EVERY_RULE


def test_every_rule_is_listed_with_what_it_asks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == len(EVERY_RULE)
    assert any(row.split() == ["date", "error", *DATE.split()] for row in rows)


DATE = "a date is written as one, and is in the calendar"


def test_a_rule_is_explained_with_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "attachment-size"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# attachment-size\n\nerror[structure]: ")
    assert "FHIR R4, section 2.24.0.5." in text
    assert "Fails with `attachment-size` at `Patient.photo[0]`:" in text
    assert "## " not in text


def test_a_name_that_no_rule_has_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "no-such-rule"]) == 2
    assert "no-such-rule: no rule is called so; " in capsys.readouterr().err
    assert run(["explain", "blank-strin"]) == 2
    assert "no rule is called so, did you mean blank-string? " in capsys.readouterr().err


def test_an_invariant_is_explained_by_its_definition(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "obs-7"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# obs-7\n\nerror[invariant]: If Observation.code is the same as ")
    assert "    value.empty() or component.code.where(coding.intersect" in text
    assert "- Observation of http://hl7.org/fhir/StructureDefinition/Observation\n" in text


def test_an_invariant_of_a_package_is_explained_where_the_package_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    url = "http://example.org/fhir/StructureDefinition/p"
    constraint = {
        "key": "ex-1",
        "severity": "warning",
        "human": "Say it",
        "expression": "name.exists()",
    }
    profile = {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": "p",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {
            "element": [{"id": "Patient", "path": "Patient", "constraint": [constraint]}]
        },
    }
    (tmp_path / "p.json").write_text(json.dumps(profile))
    assert run(["explain", "ex-1"]) == 2
    assert "--package names the package" in capsys.readouterr().err
    assert run(["explain", "ex-1", "--package", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# ex-1\n\nwarning[invariant]: Say it\n\n    name.exists()\n")
    assert f"- Patient of {url}\n" in text


def test_a_shell_completes_names_of_rules() -> None:
    name = next(each for each in explain.params if isinstance(each, click.Argument))
    with explain.make_context("explain", ["x"]) as context:
        found = [item.value for item in name.shell_complete(context, "attachment-")]
    assert found == ["attachment-base64", "attachment-size", "attachment-hash"]


def test_a_name_that_is_no_rule_moves_no_terminal(capsys):
    assert run(["explain", "\x1b[2Jrule\u202e"]) == 2
    assert capsys.readouterr().err.startswith("bulkfhir: \\x1b[2Jrule\\u202e: no rule is called so")
