"""Not checked: what a job left open, so that nobody takes silence for an answer."""

from __future__ import annotations

from collections.abc import Iterator

from bulkfhir.validators.checks.claim_faults import PROFILE_UNKNOWN
from bulkfhir.validators.verdicts.undecided import UNDECIDED, undecided_by_kind

from ..counting.summary import Summary
from .job_facts import JobFacts

__all__ = ["not_checked"]

_LEVELS = {
    "structure-only": "Level structure-only: the profiles that resources claim were not looked at.",
    "minimal": (
        "Level minimal: only that a line can be read, its resource type and its id were looked at."
    ),
}


def not_checked(facts: JobFacts) -> Iterator[str]:
    """Yield a sentence for each thing that was not looked at, or could not be."""
    summary, choices = facts.summary, facts.choices
    if choices.level in _LEVELS:
        yield _LEVELS[choices.level]
    yield from _unknown_profiles(summary, choices.unknown_profile)
    for kind, counts in undecided_by_kind(summary.undecided).items():
        if counts:
            yield f"{sum(counts.values()):,} {UNDECIDED[kind]}."
    if summary.totals.server_errors:
        yield f"{summary.totals.server_errors:,} resources on which the validator itself broke."
    if summary.broken_files:
        yield f"{len(summary.broken_files):,} files were not read to the end."
    if summary.skipped:
        yield f"{len(summary.skipped):,} files beside the data were not read."
    if not choices.warnings:
        yield "Warnings and information of accepted lines were not counted (--warnings)."
    if summary.checks is None:
        yield ("Whether references between lines lead to a resource was not looked at (--checks).")


def _unknown_profiles(summary: Summary, meaning: str) -> Iterator[str]:
    times = sum(row.count for row in summary.rules if row.rule == PROFILE_UNKNOWN.name)
    if times:
        yield f"{times:,} times a profile is named that is not known, and nothing was held to it."
    elif meaning == "ignore":
        yield "Profiles that are not known were passed over (--unknown-profile ignore)."
