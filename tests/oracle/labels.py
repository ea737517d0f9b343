"""Labels: what the reference's answers to a line come to, and which lines are not to be counted.

A label is a JSON object: ``line``, ``verdict`` (invalid or either), ``hapi`` (the version that it
is from), ``errors``, and of an ``either`` the reason ``why``. A valid line has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bulkfhir.validators.definitions import Definitions

__all__ = ["Answer", "Reach", "label"]

Answer = Mapping[str, Any]
_SHOWN = 12
_OF_ITS_OWN = ("StackOverflowError", "OutOfMemoryError", "HAPI-0650")
"""Crashes that say nothing of the line."""
_SLICING = "SLICING_CANNOT_BE_EVALUATED"
_URL = re.compile(r"\((https?://[^ )|]+)")


class Reach:
    """What the definitions at hand let the reference decide without a terminology server."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._asking: frozenset[str] = frozenset(
            constraint["key"]
            for profile in definitions.all("StructureDefinition")
            for element in profile.get("snapshot", profile.get("differential", {})).get(
                "element", ()
            )
            for constraint in element.get("constraint", ())
            if "memberOf(" in constraint.get("expression", "")
        )

    def decides(self, url: str, above: tuple[str, ...] = ()) -> bool:
        """Return whether every code of a value set can be told from what is at hand."""
        found = self._definitions.fetch("ValueSet", url)
        if found is None or url in above:
            return False
        compose = found.get("compose", {})
        parts = [*compose.get("include", ()), *compose.get("exclude", ())]
        if not parts:
            return bool(found.get("expansion", {}).get("contains"))
        return all(self._decides_part(part, (*above, url)) for part in parts)

    def _decides_part(self, part: Mapping[str, Any], above: tuple[str, ...]) -> bool:
        if not all(self.decides(url, above) for url in part.get("valueSet", ())):
            return False
        if "system" not in part or "concept" in part:
            return True
        system = self._definitions.fetch("CodeSystem", part["system"])
        return system is not None and system.get("content") == "complete"

    def exceeded_by(self, error: Mapping[str, str]) -> bool:
        """Return whether an error comes of terminology or definitions that are not at hand."""
        if error["id"].startswith("Terminology_TX_NoValid"):
            urls = _URL.findall(error["text"])
            sets = [url for url in urls if self._definitions.fetch("ValueSet", url) is not None]
            return bool(sets) and not all(map(self.decides, sets))
        return error["id"] == _SLICING or error["id"].rpartition("#")[2] in self._asking


def label(
    number: int, line: bytes, answers: Sequence[Answer], hapi: str, reach: Reach
) -> dict[str, Any] | None:
    """Return the label of a line, None for a valid one.

    answers  those of every run: where runs differ, no verdict is to be counted
    """
    errors = [_errors(answer) for answer in answers]
    row: dict[str, Any] = {"line": number, "verdict": "either", "hapi": hapi}
    if len({bool(one) for one in errors}) > 1:
        return {**row, "errors": max(errors, key=len), "why": "the reference contradicts itself"}
    found = errors[0]
    if not found:
        why = _lenient(line)
        return None if why is None else {**row, "why": why}
    row["errors"] = found[:_SHOWN]
    if any(mark in str(answers[0].get("crash", "")) for mark in _OF_ITS_OWN):
        return {**row, "why": "the reference could not decide"}
    if all(map(reach.exceeded_by, found)):
        return {**row, "why": "terminology or a definition that is not at hand"}
    return {**row, "verdict": "invalid"}


def _errors(answer: Answer) -> list[dict[str, str]]:
    found = [
        {"id": issue["id"] or "JSON", "location": issue["location"], "text": issue["text"][:200]}
        for issue in answer["issues"]
        if issue["severity"] in ("error", "fatal")
    ]
    if not found and "crash" in answer:
        crash = str(answer["crash"]).partition("\n")[0][:200]
        return [{"id": "JSON", "location": "", "text": crash}]
    return found


def _lenient(line: bytes) -> str | None:
    """Return what a line that the reference lets pass has that RFC 8259 or FHIR's JSON forbid."""
    faults: set[str] = set()

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in members}) < len(members):
            faults.add("a property name twice")
        if any(value == [] for _, value in members):
            faults.add("an empty array")
        return dict(members)

    if line.startswith(b"\xef\xbb\xbf"):
        return "a byte order mark"
    try:
        resource = json.loads(line, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return "no JSON by RFC 8259"
    text = json.dumps(resource, ensure_ascii=False)
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "a lone surrogate"
    if not isinstance(resource, dict) or resource.get("resourceType") in _ABSTRACT:
        return "an abstract type"
    return min(faults, default=None)


_ABSTRACT = ("Resource", "DomainResource")
