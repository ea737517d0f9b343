"""Summary as JSON: a job's sums, for programs that read what we print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bulkfhir.validators.verdicts.undecided import undecided_by_kind

if TYPE_CHECKING:
    from ..counting.causes import Cause, Causes
    from ..counting.summary import Example, Summary
    from ..job_report.later_codes import LaterCodes
    from ..job_report.other_releases import LooksLike
    from ..job_report.unknown_profiles import UnknownProfile

__all__ = ["summary_json"]


def summary_json(summary: Summary) -> dict[str, Any]:
    """Return counts by type and by rule; names of members are stable."""
    from ..job_report.later_codes import later_codes
    from ..job_report.other_releases import other_releases
    from ..job_report.unknown_profiles import unknown_profiles

    totals = summary.totals
    return {
        "files": summary.files,
        "resources": totals.scanned,
        "accepted": totals.imported,
        "rejected": totals.customer_errors,
        "notJudged": totals.server_errors,
        "types": [
            {
                "type": row.type or None,
                "accepted": row.accepted,
                "rejected": row.rejected,
                "notJudged": row.crashed,
            }
            for row in summary.types
        ],
        "rules": [
            {
                "rule": row.rule,
                "severity": row.severity,
                "issues": row.count,
                "first": [_place(example) for example in row.examples],
            }
            for row in summary.rules
        ],
        "causes": [_cause(cause) for cause in summary.causes],
        "causesInAll": summary.causes.distinct,
        "mend": _mend(summary.causes),
        "drowning": _drowning(summary.causes),
        "unknownProfiles": [_profile(one) for one in unknown_profiles(summary.causes)],
        "otherVersions": [_release(one) for one in other_releases(summary.causes)],
        "laterCodes": [_later(one) for one in later_codes(summary.causes)],
        "duplicates": _duplicates(summary),
        "checks": _checks(summary),
        "undecided": dict(summary.undecided),
        "undecidedByKind": {
            kind: sum(counts.values())
            for kind, counts in undecided_by_kind(summary.undecided).items()
        },
        "handedOn": dict(summary.fallbacks),
        "opinions": {name: dict(outcomes) for name, outcomes in summary.opinions.items()},
        "brokenFiles": [
            {"file": broken.name, "message": broken.message, "status": broken.status}
            for broken in summary.broken_files
        ],
        "skipped": [
            {"file": skipped.name, "reason": skipped.reason} for skipped in summary.skipped
        ],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "rule": cause.rule,
        "severity": cause.severity,
        "path": cause.path,
        "message": cause.message,
        "issues": cause.issues,
        "lines": cause.lines,
        "types": dict(cause.types),
        "first": [_place(example) for example, _ in cause.first],
    }


def _mend(causes: Causes) -> list[dict[str, Any]]:
    return [
        {
            "rule": mend.rule,
            "path": mend.path,
            "message": mend.message,
            "issues": mend.issues,
            "linesPassing": mend.whole,
        }
        for mend in causes.mends
    ]


def _drowning(causes: Causes) -> dict[str, int] | None:
    found = causes.drowning
    return (
        None
        if found is None
        else {"lines": found.lines, "errors": found.errors, "allErrors": found.all_errors}
    )


def _profile(found: UnknownProfile) -> dict[str, Any]:
    return {
        "url": found.url,
        "issues": found.issues,
        "package": found.package or None,
        "inCache": list(found.held),
        "otherVersionsInCache": list(found.other),
        "command": found.command or None,
    }


def _release(found: LooksLike) -> dict[str, Any]:
    return {
        "type": found.resource_type,
        "lines": found.lines,
        "versions": list(found.versions),
        "members": list(found.members),
    }


def _later(found: LaterCodes) -> dict[str, Any]:
    return {
        "system": found.system,
        "codes": list(found.codes),
        "issues": found.issues,
        "package": found.package,
    }


def _duplicates(summary: Summary) -> dict[str, Any] | None:
    if summary.replaced is None:
        return None
    return {
        "replacedLines": summary.replaced,
        "first": [
            {"first": _place(found.first), "last": _place(found.last)} for found in summary.repeated
        ],
    }


def _checks(summary: Summary) -> dict[str, Any] | None:
    checks = summary.checks
    if checks is None:
        return None
    return {
        "findings": dict(checks.counts),
        "groups": [
            {
                "check": one.check,
                "group": one.group,
                "findings": one.count,
                "first": [_place(example) for example in one.examples],
            }
            for one in summary.check_groups
        ],
        "references": dict(checks.references),
        "mustSupport": [
            {
                "profile": one.profile,
                "element": one.element,
                "having": one.having,
                "claiming": one.claiming,
            }
            for one in checks.completeness
        ],
        "codes": [
            {
                "valueSet": one.value_set,
                "system": one.system,
                "code": one.code,
                "count": one.count,
                "first": _place(one.first),
            }
            for one in summary.check_codes
        ],
        "table": checks.table,
    }


def _place(example: Example) -> dict[str, str | int]:
    return {"file": example.file, "line": example.line}
