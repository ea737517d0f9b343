"""Redaction: issues that quote no value of any resource (``values=False``), for outcomes that may
leave a protected place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from bulkfhir.validators import BlockVerdicts, Issue, Verdict

__all__ = ["WORDED", "redacted"]

WORDED = frozenset(
    {
        "binding-no-code",
        "cardinality",
        "choice",
        "contained-id",
        "duplicate-property",
        "ele-1",
        "empty-array",
        "empty-string",
        "extension-url",
        "id-required",
        "identifier-system",
        "json",
        "json-depth",
        "json-form",
        "json-object",
        "json-type",
        "line-length",
        "null",
        "resource-size",
        "string-length",
        "system-relative",
        "unknown-element",
        "validator-crash",
    }
)
"""Rules of ours whose messages are made of element names, numbers and the definitions' own words.

Invariants are too: see ``_keeps``.
"""


def redacted(verdicts: BlockVerdicts, *, ours: bool) -> BlockVerdicts:
    """Return the same with every message left out that may quote a value.

    ``ours``: the validator is bulkfhir's own, whose rules are known here.
    """
    if not verdicts.verdicts:
        return verdicts
    plain = {
        position: Verdict(
            verdict.resource_type, verdict.resource_id, list(_redacted(verdict.issues, ours))
        )
        for position, verdict in verdicts.verdicts.items()
    }
    return dataclasses.replace(verdicts, verdicts=plain)


def _redacted(issues: Iterable[Issue], ours: bool) -> Iterable[Issue]:
    for issue in issues:
        yield (
            issue if ours and issue.violation is None and _keeps(issue) else issue.without_values()
        )


def _keeps(issue: Issue) -> bool:
    """An invariant's message is its key and what the definition says of it, never what was
    found.
    """
    return issue.rule in WORDED or issue.diagnostics.startswith(
        f"Constraint failed: {issue.rule}: "
    )
