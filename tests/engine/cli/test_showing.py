"""What is shown of findings: by rule, by place, by severity, and what is new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.cli.test_cli import bulkfhir

__all__ = ["bulkfhir"]

LINES = [
    {"id": "1", "gender": "m", "name": [{"family": " a"}]},
    {"id": "2", "birthDate": "x", "name": [{"given": ["B", 7]}]},
    {"id": "3"},
]


@pytest.fixture(autouse=True)
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(LINES)


def write(resources):
    lines = [json.dumps({"resourceType": "Patient", **one}) + "\n" for one in resources]
    Path("p.ndjson").write_text("".join(lines))


def found(bulkfhir, *options):
    """Rules of the issues, rules of the groups, accepted resources, exit code."""
    form = ("--output-format", "json", "--level", "structure-only", "--warnings", "--quiet")
    result = bulkfhir("validate", "p.ndjson", *form, *options)
    document = json.loads(result.out)
    summary = document["summary"]
    assert sorted({one["rule"] for one in document["issues"]}) == sorted(
        {cause["rule"] for cause in summary["causes"]}
    )
    assert (summary["accepted"], summary["rejected"], result.code) == (1, 2, 1)
    return sorted({cause["rule"] for cause in summary["causes"]})


EVERY = ["binding-required", "date", "json-type", "string-whitespace"]


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        pytest.param((), EVERY, id="everything"),
        pytest.param(("--select", "date"), ["date"], id="a rule"),
        pytest.param(("--select", "Patient.name"), EVERY[2:], id="below a place"),
        pytest.param(("--select", "Patient.nam"), [], id="no part of a name"),
        pytest.param(("--ignore", "Patient.name.given"), [*EVERY[:2], EVERY[3]], id="not a place"),
        pytest.param(
            ("--select", "Patient", "--ignore", "date"), [EVERY[0], *EVERY[2:]], id="both"
        ),
        pytest.param(("--severity", "error"), EVERY[:3], id="errors"),
    ],
)
def test_what_is_asked_for_is_shown_and_verdicts_stay(bulkfhir, options, rules):
    assert found(bulkfhir, *options) == rules


def test_a_baseline_leaves_what_is_new(bulkfhir):
    form = ("--output-format", "json", "--level", "structure-only", "--warnings", "--quiet")
    Path("before.json").write_text(bulkfhir("validate", "p.ndjson", *form).out)
    assert found(bulkfhir, "--baseline", "before.json") == []
    write([*LINES[:1], {**LINES[1], "birthDate": "y"}, LINES[2]])
    assert found(bulkfhir, "--baseline", "before.json") == ["date"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"summary": {"causes": [{}]}}'])
def test_what_is_no_baseline_is_refused(bulkfhir, text):
    Path("before.json").write_text(text)
    result = bulkfhir("validate", "p.ndjson", "--baseline", "before.json")
    assert (result.code, "no baseline" in result.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "code"), [("new", 0), ("error", 1), ("warning", 1)], ids=["new", "error", "warning"]
)
def test_what_to_fail_on_is_named(bulkfhir, name, code):
    form = ("--level", "structure-only", "--warnings", "--output-format", "json", "--quiet")
    Path("before.json").write_text(bulkfhir("validate", "p.ndjson", *form).out)
    options = ("--baseline", "before.json", "--exit-zero", "--fail-on", name)
    assert bulkfhir("validate", "p.ndjson", *form, *options).code == code
    assert bulkfhir("import", "p.ndjson", "-o", "out", *form[:3], *options).code == code


def test_what_is_new_fails_where_that_is_asked(bulkfhir):
    form = ("--level", "structure-only", "--output-format", "json", "--quiet")
    Path("before.json").write_text(bulkfhir("validate", "p.ndjson", *form).out)
    write([*LINES, {"id": "4", "gender": "w"}])
    options = ("--baseline", "before.json", "--exit-zero", "--fail-on", "new")
    assert bulkfhir("validate", "p.ndjson", *form, *options).code == 1
    assert bulkfhir("validate", "p.ndjson", *options[2:]).code == 2


def test_an_import_shows_less_and_writes_all(bulkfhir):
    options = ("--level", "structure-only", "--select", "date")
    result = bulkfhir("import", "p.ndjson", "-o", "out", *options)
    assert "birthDate" in result.out
    assert "gender" not in result.out.partition("mend ")[0]
    (log,) = Path("out").glob("*/FAILURE/p.ndjson")
    assert len(log.read_text().splitlines()) == 2
    assert result.code == 1
