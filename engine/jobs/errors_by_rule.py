"""A job's errors by rule: their numbers while it runs; when it has ended, each with its first
examples and what their FAILURE lines say.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from bulkfhir.validators.issue import FAILING

from ..counting.summary import Example, Summary
from ..errors import StorageError
from ..reading.compression import without_compression
from ..reading.log_names import safe_path
from ..storage import Reader, normal, storage_for
from ..writing.outcomes import FAILURE

__all__ = ["counted_findings", "findings_of"]

_RULES = 50
"""Rules that are kept for the job page; the Manifest's logs have all of them."""

_SEARCHED = 4 << 20
"""Bytes of one FAILURE log that are searched: the first examples stand near its beginning."""

_ISSUES = 3


def findings_of(summary: Summary, job_folder: str) -> list[Mapping[str, Any]]:
    """Return ``{severity, rule, count, examples: [{file, line, resource, issues: [{location,
    diagnostics}]}]}``, errors first, the most frequent before the others.

    An outcome line names no rule: the issues of an example are all the errors of its line.
    """
    rules = sorted(summary.rules, key=lambda rule: rule.severity not in FAILING)[:_RULES]
    wanted = {example for rule in rules for example in rule.examples}
    lines = _failure_lines(wanted, job_folder)
    return [
        {
            "severity": rule.severity,
            "rule": rule.rule,
            "count": rule.count,
            "examples": [_example(example, lines.get(example)) for example in rule.examples],
        }
        for rule in rules
    ]


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


def _example(example: Example, line: Mapping[str, Any] | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"file": example.file, "line": example.line}
    if line is None:
        return shown
    if "resourceId" in line:
        shown["resource"] = f"{line.get('resourceType')}/{line['resourceId']}"
    issues = line.get("UpdateResourceResponse", {}).get("jsonBlob", {}).get("issue", [])
    errors = [issue for issue in issues if issue.get("severity") in FAILING][:_ISSUES]
    shown["issues"] = [
        {
            "location": ", ".join(issue.get("location", [])),
            "diagnostics": issue.get("diagnostics", ""),
        }
        for issue in errors
    ]
    return shown


def _failure_lines(wanted: set[Example], job_folder: str) -> dict[Example, Mapping[str, Any]]:
    found: dict[Example, Mapping[str, Any]] = {}
    for file, examples in itertools.groupby(
        sorted(wanted, key=lambda example: (example.file, example.line)),
        key=lambda example: example.file,
    ):
        by_line = {example.line: example for example in examples}
        for line in _failures(file, job_folder):
            if line.get("lineId") in by_line:
                found[by_line.pop(line["lineId"])] = line
            if not by_line:
                break
    return found


def _failures(file: str, job_folder: str) -> Iterator[Mapping[str, Any]]:
    """The first lines of an input file's FAILURE log."""
    folder = normal(job_folder)
    storage = storage_for(folder)
    try:
        log = next(
            filter(
                None,
                (
                    storage.stat(storage.join(folder, f"{FAILURE}/{name}"))
                    for name in _log_names(file)
                ),
            ),
            None,
        )
        if log is None:
            return
        reader = storage.open(log.uri)
        try:
            text = _read(reader, _SEARCHED)
        finally:
            reader.close()
    except StorageError:
        return  # the examples then stand without their sentences
    for line in text[: text.rfind(b"\n") + 1].splitlines():
        yield json.loads(line)


def _log_names(file: str) -> Iterator[str]:
    """What the log of a file may be called, the longest first: a part of its path, which only the
    listing knew, with the ending of its compression where another input has the name without.
    """
    path = safe_path(file)
    for name in dict.fromkeys((path, without_compression(path))):
        steps = name.split("/")
        for begin in range(len(steps)):
            yield "/".join(steps[begin:])


def _read(reader: Reader, size: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < size and (piece := reader.read(size - len(pieces))):
        pieces += piece
    return bytes(pieces)
