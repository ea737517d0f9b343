"""Audit: the extension that HealthLake's minimal level puts on a resource that it stores in spite
of search-relevant failures.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import orjson

from bulkfhir.validators import Issue

from .service_issues import health_lake_outcome

__all__ = ["VALIDATION_ISSUE", "audited"]

VALIDATION_ISSUE = "http://healthlake.amazonaws.com/fhir/StructureDefinition/validation-issue"

_decode = json.JSONDecoder().raw_decode
"""(value, where it ends) of the JSON value at a position."""


def audited(line: bytes, issues: Sequence[Issue]) -> bytes:
    """Return the resource with the audit extension appended to its top-level ``extension``; every
    other byte stays as it is.
    """
    outcome = orjson.dumps(health_lake_outcome(issues)).decode()
    extension = json.dumps(
        {"url": VALIDATION_ISSUE, "valueString": outcome}, separators=(",", ":"), ensure_ascii=False
    )
    text = line.decode()
    start, end = _member(text, "extension")
    if start == end:
        brace = text.index("{") + 1
        comma = "" if text[brace:].lstrip().startswith("}") else ","
        changed = f'{text[:brace]}"extension":[{extension}]{comma}{text[brace:]}'
    elif text[start] == "[":
        empty = not text[start + 1 : end - 1].strip()
        changed = f"{text[: end - 1]}{'' if empty else ','}{extension}{text[end - 1 :]}"
    else:  # minimal accepts an extension that is no list; it is kept as the first of one
        changed = f"{text[:start]}[{text[start:end]},{extension}]{text[end:]}"
    return changed.encode()


def _member(text: str, name: str) -> tuple[int, int]:
    """Where the value of a top-level member stands in the text of a JSON object; (0, 0) where there
    is none.
    """
    position = _skip(text, text.index("{") + 1)
    while text[position] == '"':
        key, position = _decode(text, position)
        start = _skip(text, _skip(text, position) + 1)
        _, end = _decode(text, start)
        if key == name:
            return start, end
        position = _skip(text, end)
        if text[position] != ",":
            break
        position = _skip(text, position + 1)
    return 0, 0


def _skip(text: str, position: int) -> int:
    while text[position] in " \t\r\n":
        position += 1
    return position
