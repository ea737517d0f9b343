"""A job's errors by rule: their numbers while it runs; when it has ended, each with its causes and
first examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bulkfhir.validators.verdicts.issue import FAILING

from ..counting.causes import Cause, Example
from ..counting.summary import RuleCount, Summary

__all__ = ["counted_findings", "findings_of"]

_RULES = 50
"""Rules that are kept for the job page; the Manifest's logs have all of them."""

_CAUSES = 10
"""Causes that are kept of each."""

_ISSUES = 3


def findings_of(summary: Summary) -> list[Mapping[str, Any]]:
    """Return ``{severity, rule, count, causes: [{path, message, issues, lines, types, first: {file,
    line}}], examples: [{file, line, resource, issues: [{location, diagnostics}]}]}``, errors first,
    the most frequent before the others.

    All that is said of a rule is of that rule: the issues of an example are what it found there.
    """
    rules = sorted(summary.rules, key=lambda rule: rule.severity not in FAILING)[:_RULES]
    return [_finding(rule, list(_causes_of(rule, summary))) for rule in rules]


def counted_findings(rules: Mapping[str, int]) -> list[Mapping[str, Any]]:
    """Return the same of a job that still runs, from ``severity rule`` -> issues: without examples,
    whose lines are not numbered yet.
    """
    rows = [(*key.partition(" ")[::2], count) for key, count in rules.items()]
    ordered = sorted(rows, key=lambda row: (row[0] not in FAILING, -row[2], row[1]))
    return [
        {"severity": severity, "rule": rule, "count": count, "examples": []}
        for severity, rule, count in ordered[:_RULES]
    ]


def _causes_of(rule: RuleCount, summary: Summary) -> Iterator[Cause]:
    for cause in summary.causes:
        if (cause.severity, cause.rule) == (rule.severity, rule.rule):
            yield cause


def _finding(rule: RuleCount, causes: list[Cause]) -> dict[str, Any]:
    return {
        "severity": rule.severity,
        "rule": rule.rule,
        "count": rule.count,
        "causes": [_cause(cause) for cause in causes[:_CAUSES]],
        "examples": [_example(example, causes) for example in rule.examples],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "path": cause.path,
        "message": cause.message,
        "issues": cause.issues,
        "lines": cause.lines,
        "types": dict(cause.types),
    }
    if cause.first:
        example, _ = cause.first[0]
        shown["first"] = {"file": example.file, "line": example.line}
    return shown


def _example(example: Example, causes: list[Cause]) -> dict[str, Any]:
    """Return a line with what the rule found there: the first lines of a rule are among the first
    lines of its causes.
    """
    shown: dict[str, Any] = {"file": example.file, "line": example.line}
    there = [
        (name, {"location": cause.path, "diagnostics": cause.message})
        for cause in causes
        for place, name in cause.first
        if place == example
    ]
    if there:
        if there[0][0]:
            shown["resource"] = there[0][0]
        shown["issues"] = [issue for _, issue in there][:_ISSUES]
    return shown
