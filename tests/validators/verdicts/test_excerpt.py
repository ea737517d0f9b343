"""Excerpt: a line shows so many issues, those that fail it first; the rest is counted."""

from __future__ import annotations

import json

import pytest

from bulkfhir.validators import Issue, Verdict
from bulkfhir.validators.verdicts.excerpt import MOST, excerpt


def issues(*severities):
    return [
        Issue(severity, "value", f"rule-{number % 3}", f"Patient.a[{number}]", "text")
        for number, severity in enumerate(severities)
    ]


def test_few_issues_stay_as_they_are():
    verdict = Verdict("Patient", "p", issues("warning", "error"))
    assert excerpt(verdict, 2) is verdict
    assert excerpt(verdict, 0) is verdict


def test_errors_are_shown_first_and_the_rest_is_counted_by_rule():
    verdict = Verdict("Patient", "p", issues(*["warning"] * 4, "error", "information", "fatal"))
    shown = excerpt(verdict, 3)
    assert [issue.severity for issue in shown.issues] == [
        "error", "fatal", "warning", "information"
    ]  # fmt: skip
    assert [issue.location for issue in shown.issues[:3]] == [
        "Patient.a[4]", "Patient.a[6]", "Patient.a[0]"
    ]  # fmt: skip
    assert shown.issues[3].rule == "more-issues"
    assert shown.issues[3].diagnostics == (
        "The line has 4 more issues, which are counted and not shown: 3 warnings, 1 information"
    )
    assert dict(shown.hidden) == {
        ("warning", "rule-1"): 1,
        ("warning", "rule-2"): 1,
        ("warning", "rule-0"): 1,
        ("information", "rule-2"): 1,
    }


def test_an_excerpt_of_an_excerpt_counts_all():
    verdict = Verdict("Patient", "p", issues(*["error"] * 10))
    once = excerpt(excerpt(verdict, 6), 3)
    assert once == excerpt(verdict, 3)
    assert sum(once.hidden.values()) == 7


def line(count):
    return json.dumps(
        {
            "resourceType": "Patient",
            "id": "p",
            "name": [{"family": "Ada", f"x{number}": 1} for number in range(count)],
        }
    ).encode()


def test_a_line_shows_a_thousand_issues_by_every_engine(judging):
    verdict = judging("structure-only").validate(line(2_500))
    assert len(verdict.issues) == MOST + 1
    assert {issue.rule for issue in verdict.issues[:-1]} == {"unknown-element"}
    assert dict(verdict.hidden) == {("error", "unknown-element"): 2_500 - MOST}
    assert verdict.failed


@pytest.mark.parametrize(("most", "shown"), [(0, 2_500), (5, 6), (2_500, 2_500)])
def test_the_number_may_be_chosen(judging, most, shown):
    verdict = judging("structure-only", max_issues=most).validate(line(2_500))
    assert len(verdict.issues) == shown
