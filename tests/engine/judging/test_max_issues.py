"""``--max-issues``: lines of logs and findings stay short, counts are of all issues."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine import import_job, validate_files
from bulkfhir.engine.cli.program import run


def bad(count):
    names = [{"family": "Ada", f"x{number}": 1} for number in range(count)]
    return json.dumps({"resourceType": "Patient", "id": "p", "name": names}).encode()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_outcome_line_is_short_and_the_summary_counts_all(write, tmp_path, rows, workers):
    source = write("in/a.ndjson", [bad(30), bad(3)])
    result = import_job(source, tmp_path / "out", workers=workers, max_issues=10)
    assert result.summary.totals.rules == {"error unknown-element": 33}
    (log,) = (tmp_path / "out").rglob("FAILURE/*.ndjson")
    shown = [row["UpdateResourceResponse"]["jsonBlob"]["issue"] for row in rows(log)]
    assert [len(issues) for issues in shown] == [11, 4]  # the fourth says what is beside errors
    assert shown[0][-1]["diagnostics"].startswith("The line has 20 more issues")


def test_a_validation_shows_so_many_and_counts_all(write):
    source = write("in/a.ndjson", [bad(30)])
    with validate_files(source, workers=1, max_issues=10, values=False) as validation:
        (finding,) = validation
    assert len(finding.verdict.issues) == 11
    assert validation.summary.totals.rules == {"error unknown-element": 30}


def test_plug_ins_are_held_to_it_too(toys, write, patient):
    """A plug-in that knows nothing of the option."""
    source = write("in/a.ndjson", [patient("1", bad=1, warn=1, unknown=1)])
    with validate_files(source, workers=1, max_issues=1, judge="toy") as validation:
        (finding,) = validation
    assert [issue.rule for issue in finding.verdict.issues] == ["bad", "more-issues"]
    assert sum(validation.summary.totals.rules.values()) == 3


def test_the_command_line_has_the_option(write, capsys):
    source = write("in/a.ndjson", [bad(30)])
    assert (
        run(["validate", str(source), "--max-issues", "4", "--output-format", "jsonl", "-q"]) == 1
    )
    rules = [json.loads(row)["rule"] for row in capsys.readouterr().out.splitlines()]
    assert rules == ["unknown-element"] * 4 + ["more-issues"]
