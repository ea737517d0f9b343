"""Report document: what a report says of a job, as JSON. The page says the same in HTML.

Every text that is not of our own goes through the one place that decides what may stand.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bulkfhir.validators.verdicts.declaration import MASK
from bulkfhir.validators.verdicts.undecided import undecided_by_kind

from ..counting.causes import Cause, Causes, Mend
from ..counting.summary import Example, Summary
from .job_facts import JobFacts
from .later_codes import later_codes
from .not_checked import not_checked
from .other_releases import other_releases
from .profiles_needed import profiles_needed
from .shown_text import EveryText

__all__ = ["report_document"]

_LAYOUT = 1
"""Grows when a member of the document changes its meaning."""

_FILES = 100
"""Files of a kind that are named; a job may have twenty thousand."""

Json = dict[str, Any]


def report_document(facts: JobFacts, packages: Sequence[str], text: EveryText) -> Json:
    """Return the report as JSON values.

    packages   labels of all packages that were used, dependencies among them
    text       decides which text may stand
    """
    from importlib.metadata import version  # a tenth of a job's start: only who reports pays

    summary = facts.summary
    return {
        "layout": _LAYOUT,
        "writtenBy": f"bulkfhir {version('bulkfhir')}",
        "valuesIncluded": facts.wish.values,
        "job": _job(facts, text),
        "figures": _figures(facts),
        "throughput": [
            {"seconds": round(at.seconds, 2), "resources": at.resources, "rejected": at.rejected}
            for at in facts.curve
        ],
        "types": _types(summary, text),
        "rules": _rules(summary, text),
        "causes": _causes(summary.causes, text),
        "causesInAll": summary.causes.distinct,
        "mend": [_mend(one, text) for one in summary.causes.mends],
        "drowning": _drowning(summary.causes),
        "unknownProfiles": profiles_needed(summary.causes, values=facts.wish.values),
        "otherVersions": _other_versions(summary.causes, text, values=facts.wish.values),
        "laterCodes": _later_codes(summary.causes, text),
        "undecided": _undecided(summary, text),
        "packages": ["hl7.fhir.r4.core#4.0.1", *map(text.file, packages)],
        "notChecked": list(not_checked(facts)),
        "brokenFiles": _broken(summary, text),
        "skippedFiles": _skipped(summary, text),
        "replacedLines": summary.replaced,
        "checks": _checks(summary, text),
        "opinions": {name: dict(found) for name, found in summary.opinions.items()},
    }


def _job(facts: JobFacts, text: EveryText) -> Json:
    return {
        "id": facts.job_id,
        "name": facts.wish.name,
        "datastoreId": facts.datastore_id,
        "status": str(facts.status),
        "folder": text.file(facts.folder),
        "source": text.file(facts.source),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(facts.finished)),
        "level": facts.choices.level,
        "unknownProfile": facts.choices.unknown_profile,
        "terminology": facts.choices.terminology,
        "warnings": facts.choices.warnings,
    }


def _figures(facts: JobFacts) -> Json:
    manifest, totals = facts.manifest, facts.summary.totals
    return {
        "files": manifest.scanned_files,
        "filesReadToTheEnd": manifest.files_read_with_success,
        "megabytes": round(manifest.scanned_bytes / 1e6, 6),
        "resources": totals.scanned,
        "accepted": totals.imported,
        "rejected": totals.customer_errors,
        "notJudged": totals.server_errors,
        "seconds": round(facts.elapsed, 3),
        "acceptedPerSecond": facts.progress.throughput,
        "acceptedByEarlierRuns": facts.earlier,
    }


def _types(summary: Summary, text: EveryText) -> list[Json]:
    found: dict[str, Counter[str]] = {}
    for row in summary.types:
        counts = {"accepted": row.accepted, "rejected": row.rejected, "notJudged": row.crashed}
        found.setdefault(text.name(row.type), Counter()).update(counts)
    errors = Counter[str]()
    for cause in summary.causes:
        if cause.fails:
            errors.update(_by_name(cause.types, text))
    whole = len(summary.causes) == summary.causes.distinct
    return [
        {"type": name or None, **counts, "errors": errors[name] if whole else None}
        for name, counts in found.items()
    ]


def _rules(summary: Summary, text: EveryText) -> list[Json]:
    counts = Counter[tuple[str, str]]()
    for row in summary.rules:
        counts[text.rule(row.rule), row.severity] += row.count
    return [
        {"rule": rule, "severity": severity, "issues": count, "says": _says(rule)}
        for (rule, severity), count in counts.items()
    ]


def _says(rule: str) -> str | None:
    from ..judging.every_rule import rule_named  # which imports every rule there is

    declared = rule_named(rule)
    return None if declared is None else declared.says


def _causes(causes: Causes, text: EveryText) -> list[Json]:
    """Return the causes, those that look alike without values as one: how many lines have one of
    them is not known then.
    """
    found: dict[tuple[str, ...], Json] = {}
    for cause in causes:
        key = (cause.severity, *_worded(cause, text))
        entry = found.get(key)
        if entry is None:
            found[key] = _cause(cause, key, text)
            continue
        entry["kinds"] += 1
        entry["issues"] += cause.issues
        entry["lines"] = None
        types = Counter(entry["types"]) + _by_name(cause.types, text)
        entry["types"] = dict(types.most_common())
    return sorted(found.values(), key=lambda entry: (not entry["fails"], -entry["issues"]))


def _cause(cause: Cause, key: tuple[str, ...], text: EveryText) -> Json:
    severity, rule, path, message = key
    return {
        "rule": rule,
        "severity": severity,
        "fails": cause.fails,
        "path": path,
        "message": message,
        "kinds": 1,
        "issues": cause.issues,
        "lines": cause.lines,
        "types": dict(_by_name(cause.types, text)),
        "first": [_place(example, text) for example, _ in cause.first],
    }


def _by_name(counts: Mapping[str, int], text: EveryText) -> Counter[str]:
    named = Counter[str]()
    for name, count in counts.items():
        named[text.name(name)] += count
    return named


def _worded(found: Cause | Mend, text: EveryText) -> tuple[str, str, str]:
    """Return rule, place and sentence; the rule's own words where the sentence may not stand."""
    message = text.message(found.message, found.quoted)
    if not message:
        says = _says(found.rule)
        message = f"not so: {says}" if says else MASK
    return text.rule(found.rule), text.place(found.path), message


def _mend(mend: Mend, text: EveryText) -> Json:
    rule, path, message = _worded(mend, text)
    return {
        "rule": rule,
        "path": path,
        "message": message,
        "issues": mend.issues,
        "linesPassing": mend.whole,
    }


def _drowning(causes: Causes) -> Json | None:
    found = causes.drowning
    if found is None:
        return None
    return {"lines": found.lines, "errors": found.errors, "allErrors": found.all_errors}


def _other_versions(causes: Causes, text: EveryText, *, values: bool) -> list[Json]:
    return [
        {
            "type": text.name(one.resource_type),
            "lines": one.lines,
            "versions": list(one.versions),
            "members": list(one.members) if values else [],
        }
        for one in other_releases(causes)
    ]


def _later_codes(causes: Causes, text: EveryText) -> list[Json]:
    """Return the codes that a later release of HL7 Terminology has, which lies in the cache: it is
    published, so that its codes say nothing that the data alone holds.
    """
    return [
        {
            "system": text.url(one.system),
            "codes": list(one.codes),
            "issues": one.issues,
            "package": text.file(one.package),
        }
        for one in later_codes(causes)
    ]


def _undecided(summary: Summary, text: EveryText) -> list[Json]:
    found = Counter[tuple[str, str]]()
    for kind, counts in undecided_by_kind(summary.undecided).items():
        for key, count in counts.items():
            found[kind, text.undecided(key)] += count
    return [
        {"kind": kind, "of": shown, "times": count} for (kind, shown), count in found.most_common()
    ]


def _broken(summary: Summary, text: EveryText) -> list[Json]:
    return [
        {"file": text.file(one.name), "reason": text.reason(one.message), "status": one.status}
        for one in summary.broken_files[:_FILES]
    ]


def _skipped(summary: Summary, text: EveryText) -> list[Json]:
    return [
        {"file": text.file(one.name), "reason": text.reason(one.reason)}
        for one in summary.skipped[:_FILES]
    ]


def _checks(summary: Summary, text: EveryText) -> Json | None:
    checks = summary.checks
    if checks is None:
        return None
    return {
        "findings": dict(checks.counts),
        "groups": [
            {
                "check": one.check,
                "group": _group(one.check, one.group, text),
                "findings": one.count,
                "first": [_place(example, text) for example in one.examples],
            }
            for one in summary.check_groups
        ],
        "references": dict(checks.references),
        "mustSupport": [
            {
                "profile": text.url(one.profile),
                "element": one.element,
                "having": one.having,
                "claiming": one.claiming,
            }
            for one in checks.completeness
        ],
        "codes": [
            {
                "valueSet": text.url(one.value_set),
                "system": one.system and text.url(one.system),
                "code": one.code and text.code(one.system, one.code),
                "count": one.count,
                "first": _place(one.first, text),
            }
            for one in summary.check_codes
        ],
    }


def _group(check: str, group: str, text: EveryText) -> str:
    """Return what findings share: a value set, or a place and the type that it refers to."""
    if check == "code-undecided":
        return text.url(group)
    return " → ".join(map(text.place, group.split(" → ")))


def _place(example: Example, text: EveryText) -> Json:
    return {"file": text.file(example.file), "line": example.line}
