"""Variants of lines: what a file says once more, as lines that no process has seen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = [
    "NARRATIVE",
    "RENEWED",
    "SPELLINGS",
    "TRAITS",
    "Json",
    "distinct",
    "is_resource",
    "made",
    "renewed",
]

Json = dict[str, Any]

NARRATIVE = "a narrative of its own"
RENEWED = "ids, dates, references and narratives"
"""The form of lines that have all of these of their own; without it they have ids and dates."""

_ID = re.compile(rb'^{"resourceType": ?"\w+", ?"id": ?"(?=[^"]{1,60}")')
"""Up to an id with room for a few characters more."""
_UUID = re.compile(rb"\b([0-9a-f]{8})(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)")
_MOMENT = re.compile(rb'(?<=")\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d)?(?=[".+Z-])')
_SPREAD = 0x9E3779B1
"""Odd, so that different numbers give different ids."""
_LOCAL = re.compile(r"(?:^|/)[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,50}$")
"""The end of a relative reference, or of a url on a server."""
_ZONE = re.compile(rb'(\d\d:\d\d(?:\.\d+)?)\+(?=\d\d:\d\d")')
_MASKED = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "masked",
        }
    ]
}
_LABELS = [
    {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"},
    {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"},
]
_INSTANCE = {
    "url": "http://hl7.org/fhir/StructureDefinition/instance-name",
    "valueString": "An example",
}


def distinct(line: bytes, number: int) -> bytes:
    """The line with UUIDs and dates of its own, each the same wherever it stands: for measuring on
    lines that a process has not seen.
    """

    def renamed(match: re.Match[bytes]) -> bytes:
        return b"%08x" % (int(match[1], 16) ^ number * _SPREAD & 0xFFFFFFFF)

    def moved(match: re.Match[bytes]) -> bytes:
        text = match[0].decode()
        form = "%Y-%m-%dT%H:%M:%S" if "T" in text else "%Y-%m-%d"
        try:
            then = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            return match[0]
        # days for dates, so that what stands in one period keeps its order
        return (then + timedelta(days=number % 500, seconds=number % 1000)).strftime(form).encode()

    return _MOMENT.sub(moved, _UUID.sub(renamed, _ID.sub(rb"\g<0>%d-" % number, line, count=1)))


def _own(value: Any, number: int, name: str = "") -> Any:
    """The value with ids, references, full urls and narratives that no other number has."""
    match value:
        case dict():
            inside = {key: _own(each, number, key) for key, each in value.items()}
            if "resourceType" in inside and name != "contained":
                match inside.get("id"):
                    case str(found) if len(found) < 50:
                        inside["id"] = f"{found}-{number}"
            return inside
        case list():
            return [_own(each, number, name) for each in value]
        case str() if name in ("reference", "fullUrl") and _LOCAL.search(value):
            return f"{value}-{number}"
        case str() if name == "div":
            return f"{value.removesuffix('</div>')}<p>No. {number}</p></div>"
    return value


def renewed(resource: Json, number: int) -> bytes:
    """The resource as a line with ids, dates, references and narratives of its own."""
    return distinct(_text(_own(resource, number)), number)


def narrative(resource: Json, number: int) -> None:
    """A table as generators write it, with texts of its own."""
    rows = "".join(
        f"<tr><td>{key}</td><td><b>{resource['resourceType']} {number}</b> &amp; {value}</td></tr>"
        for key, value in resource.items()
        if isinstance(value, str)
    )
    div = (
        '<div xmlns="http://www.w3.org/1999/xhtml"><p class="res-header-id">Generated narrative: '
        f'{number}</p><table class="grid">{rows}</table><p>By '
        '<a href="https://github.com/synthetichealth/synthea">Synthea</a>.</p></div>'
    )
    resource["text"] = {"status": "generated", "div": div}


def labels(resource: Json, number: int) -> None:
    resource.setdefault("meta", {})["security"] = _LABELS


def instance_name(resource: Json, number: int) -> None:
    resource.setdefault("meta", {})["extension"] = [_INSTANCE]


def masked(resource: Json, number: int) -> None:
    for name in ("subject", "patient", "beneficiary"):
        if name in resource:
            resource[name] = {"_reference": _MASKED}


def uuids(resource: Json, number: int) -> None:
    value = f"{number:08x}-0000-4000-8000-{len(str(resource)):012x}"
    resource["identifier"] = [
        {"system": "https://tools.ietf.org/html/rfc4122", "value": value},
    ]


def typed(resource: Json, number: int) -> None:
    """References say their type."""
    for value in resource.values():
        if isinstance(value, dict) and "/" in str(value.get("reference")):
            name = value["reference"].rpartition("/")[0]
            if name.isalpha():
                value["type"] = name


def shuffled(resource: Json, number: int) -> None:
    for name in sorted(resource):
        resource[name] = resource.pop(name)


TRAITS: dict[str, Callable[[Json, int], None]] = {
    NARRATIVE: narrative,
    "two meta.security labels": labels,
    "instance-name in meta": instance_name,
    "masked subject": masked,
    "identifier by rfc4122": uuids,
    "stated Reference.type": typed,
    "members sorted": shuffled,
}
"""Traits of what is said."""
SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "/ written \\/": lambda line: line.replace(b"/", rb"\/"),
    "+ of zones written \\u002B": lambda line: _ZONE.sub(rb"\1\\u002B", line),
    "= written \\u003d": lambda line: line.replace(b"=", rb"\u003d"),
}
"""Traits of how it is written."""


def is_resource(value: object) -> bool:
    """Whether this is an object that says its type: what a trait can be put into."""
    return isinstance(value, dict) and isinstance(value.get("resourceType"), str)


def made(lines: Sequence[bytes], form: str | None, number: int) -> list[bytes]:
    """The lines, distinct from those of any other number; ``form`` is a trait that all of them get,
    or ``RENEWED``.
    """
    if form is None:
        return [distinct(line, number) for line in lines]
    found = []
    for place, line in enumerate(lines):
        try:
            resource = json.loads(line if form == RENEWED else distinct(line, number))
        except ValueError:
            resource = None
        if not is_resource(resource):  # it gets what it can have
            found.append(distinct(line, number))
            continue
        if form == RENEWED:
            found.append(renewed(resource, number))
            continue
        if form in TRAITS:
            TRAITS[form](resource, number * len(lines) + place)
        text = _text(resource)
        found.append(SPELLINGS[form](text) if form in SPELLINGS else text)
    return found


def _text(resource: Json) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
