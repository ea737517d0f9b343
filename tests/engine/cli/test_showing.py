"""What is shown of findings: by rule, by place, by severity, and what is new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.cli.test_cli import bulkfhir

__all__ = ["bulkfhir"]

PACKAGE = Path(__file__).resolve().parents[3] / "fixtures" / "packages" / "example.profiles"
INVARIANT = "n-1"
"""An invariant that the package states, and R4 does not."""

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
        pytest.param(("--select", "Patient.name[1].family"), EVERY[3:], id="indexes do not count"),
        pytest.param(("--select", "pat-1"), [], id="an invariant"),
        pytest.param(("--ignore", "Patient.name.given"), [*EVERY[:2], EVERY[3]], id="not a place"),
        pytest.param(
            ("--select", "Patient", "--ignore", "date"), [EVERY[0], *EVERY[2:]], id="both"
        ),
        pytest.param(("--severity", "error"), EVERY[:3], id="errors"),
    ],
)
def test_what_is_asked_for_is_shown_and_verdicts_stay(bulkfhir, options, rules):
    assert found(bulkfhir, *options) == rules


@pytest.mark.parametrize("option", ["--select", "--ignore"])
@pytest.mark.parametrize("command", [("validate",), ("import", "-o", "out")], ids=lambda c: c[0])
@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("blank-strng", "(did you mean blank-string?)"),
        ("Pateint.name", "(did you mean Patient.name?)"),
        ("patient", "(did you mean Patient?)"),
        ("us-core-1", "--package names the package"),
    ],
)
def test_what_is_neither_a_rule_nor_a_place_is_refused(bulkfhir, command, option, term, said):
    result = bulkfhir(*command, "p.ndjson", option, "date", option, term)
    assert (result.code, result.out) == (2, "")
    assert f"{option} {term}: neither a rule nor a place in a resource" in result.err
    assert said in result.err
    assert not Path("out").exists()


def test_an_invariant_of_a_package_is_known_where_the_package_is(bulkfhir):
    with_package = ("--package", str(PACKAGE), "--select", INVARIANT)
    assert bulkfhir("validate", "p.ndjson", "--select", INVARIANT).code == 2
    assert bulkfhir("validate", "p.ndjson", *with_package).code == 1


def test_a_plug_in_has_rules_of_its_own(bulkfhir, toys):
    assert bulkfhir("validate", "p.ndjson", "--judge", "toy", "--select", "no-rule").code == 0


def test_kinds_that_no_option_lists_are_told_from_those_that_one_does(bulkfhir):
    write([{"id": str(number), "gender": f"g{number}"} for number in range(2_003)])
    form = ("validate", "p.ndjson", "--level", "structure-only", "--workers", "1")
    kinds = " more kinds of findings "
    said = bulkfhir(*form).out
    assert f"1,998 x 1,998{kinds}(--statistics lists the 2,000 most frequent kinds)" in said
    said = bulkfhir(*form, "--statistics").out
    assert f"3 x 3{kinds}(too many kinds to list; the most frequent ones stand here)" in said
    write([{"id": str(number), "gender": f"g{number}"} for number in range(7)])
    assert f"2 x 2{kinds}(--statistics)" in bulkfhir(*form).out


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


@pytest.mark.parametrize("names", ["", " , "], ids=["nothing", "blanks"])
def test_failing_on_no_check_is_refused(bulkfhir, names):
    result = bulkfhir("validate", "p.ndjson", "--fail-on", names)
    assert (result.code, "no check is named" in result.err) == (2, True)


def test_a_line_break_in_a_value_makes_no_line_on_the_screen(bulkfhir):
    write([{"id": "a\nerror id, first at other.ndjson:1"}])
    said = bulkfhir("validate", "p.ndjson", "--output-format", "grouped").out
    assert "'a error id, first at other.ndjson:1'" in said


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
