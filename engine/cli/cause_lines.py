"""Cause lines: what was found, grouped, as sentences for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["cause_lines"]

_TYPES = 4
"""Resource types of a cause that are named."""

_CODES = 10
"""Codes of a code system that are named."""


def cause_lines(summary: Mapping[str, Any], most: int | None) -> Iterator[str]:
    """Yield the groups of a summary as JSON has it, the most frequent first and so many at the
    most, then the lines that drown the others, then what to mend.
    """
    causes = summary["causes"]
    shown = causes[:most]
    for cause in shown:
        yield from _sentences(cause)
    if len(shown) < summary["causesInAll"]:
        yield _more(summary, shown)
    if (drowning := summary["drowning"]) is not None:
        lines = drowning["lines"]
        cause_them = "1 line causes" if lines == 1 else f"{lines:,} lines cause"
        yield f"{cause_them} {drowning['errors']:,} of {drowning['allErrors']:,} errors"
    yield from _mending(summary["mend"], summary["rejected"])
    yield from _profiles(summary["unknownProfiles"], most)
    for found in summary["otherVersions"]:
        yield _release(found)
    for found in summary["laterCodes"]:
        yield _later(found)


def _sentences(cause: Mapping[str, Any]) -> Iterator[str]:
    types = [f"{name or 'unknown type'} {count:,}" for name, count in cause["types"].items()]
    if len(types) > _TYPES:
        types[_TYPES:] = [f"{len(types) - _TYPES} more types"]
    among = f" ({', '.join(types)})" if len(types) > 1 else ""
    issues, lines = cause["issues"], cause["lines"]
    within = "" if lines == issues else f" in {lines:,} {'line' if lines == 1 else 'lines'}"
    yield f"{issues:,} x{within} {_found(cause)}{among}"
    place = "".join(f", first at {at['file']}:{at['line']}" for at in cause["first"][:1])
    yield f"    {cause['severity']} {cause['rule']}{place}"


def _found(entry: Mapping[str, Any]) -> str:
    # A value with a line break must not look like a line of ours.
    message = str(entry["message"]).replace("\n", " ")
    return f"{entry['path']}: {message}" if entry["path"] else message


def _more(summary: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> str:
    known = len(summary["causes"])
    told = known == summary["causesInAll"]
    issues = sum(entry["issues"] for entry in summary["causes" if told else "rules"])
    left = issues - sum(cause["issues"] for cause in shown)
    groups = summary["causesInAll"] - len(shown)
    kinds = "1 more kind" if groups == 1 else f"{groups:,} more kinds"
    if len(shown) == known:
        note = "too many kinds to list; the most frequent ones stand here"
    else:
        note = "--statistics" if told else f"--statistics lists the {known:,} most frequent kinds"
    return f"{left:,} x {kinds} of findings ({note})"


def _mending(mends: Sequence[Mapping[str, Any]], rejected: int) -> Iterator[str]:
    """Say what to mend, and how many of the rejected lines pass then."""
    if not mends or rejected < 2:
        return
    whole = mends[-1]["linesPassing"]
    these = "this cause" if len(mends) == 1 else f"these {len(mends)} causes"
    passing = "all" if whole == rejected else f"{_percent(whole, rejected)} of the"
    yield f"mend {these} and {passing} {rejected:,} rejected lines pass:"
    for number, mend in enumerate(mends, 1):
        share = _percent(mend["linesPassing"], rejected)
        yield f"  {number}. {_found(mend)} ({mend['rule']}): {share}"


def _profiles(profiles: Sequence[Mapping[str, Any]], most: int | None) -> Iterator[str]:
    """Say which profiles are not known, and what makes them known, once for each package."""
    if not profiles:
        return
    issues = sum(profile["issues"] for profile in profiles)
    noun = "profile is" if len(profiles) == 1 else "profiles are"
    yield f"{len(profiles):,} {noun} not known, claimed {issues:,} times:"
    by_command: dict[str, list[Mapping[str, Any]]] = {}
    for profile in profiles:
        by_command.setdefault(profile["command"] or "", []).append(profile)
    for command, group in by_command.items():
        for profile in group[:most]:
            yield f"  {profile['issues']:,} {profile['url']}{_elsewhere(profile)}"
        if len(group) > len(group[:most]):
            yield f"  and {len(group) - len(group[:most]):,} more (--statistics)"
        yield f"    to check them: {command}" if command else "    no package is known to hold them"


def _elsewhere(profile: Mapping[str, Any]) -> str:
    others = ", ".join(profile["otherVersionsInCache"])
    return f" (another version is in the cache: {others})" if others else ""


def _release(found: Mapping[str, Any]) -> str:
    versions = " or ".join(found["versions"])
    members = ", ".join(found["members"])
    why = f"{members}, which R4 has not" if members else "a type that R4 has not"
    lines = found["lines"]
    what = f"1 {found['type']} looks" if lines == 1 else f"{lines:,} lines of {found['type']} look"
    return f"{what} like {versions}: {why}"


def _later(found: Mapping[str, Any]) -> str:
    codes = ", ".join(found["codes"][:_CODES]) + (", ..." if len(found["codes"]) > _CODES else "")
    return (
        f"{found['issues']:,} x codes of {found['system']} that are unknown here and that "
        f"{found['package']} in the cache has: {codes}"
    )


def _percent(part: int, whole: int) -> str:
    """Return per cents, rounded down: 100 is said of all alone."""
    return f"{part * 100 // whole} %"
