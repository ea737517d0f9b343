"""What traits of real data cost: the same lines with one trait and without, beside orjson.loads.

    python benchmarks/traits.py FILE.ndjson[.gz] [--lines N] [--rounds N] [--only NAME ...]

A trait is something that many exports have and Synthea's have not: a narrative in every line,
slashes that are escaped, masked references. Lines are judged at structure-only, in blocks, in one
process, A B A B: without the trait, with it, orjson.loads of these; CPU time. No line is judged
twice: every round has ids, dates and narratives of its own. A first round, which compiles types, is
not counted. The table has the least of all rounds: speed beside orjson.loads without the trait,
with it, and the one beside the other.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
from inputs import distinct, lines_of
from stopwatch import seconds

from bulkfhir.validators import Validator
from bulkfhir.validators.block import Block

Json = dict[str, Any]

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


Trait = Callable[[Json, int], None] | Callable[[bytes], bytes]
TRAITS: dict[str, Callable[[Json, int], None]] = {
    "a narrative of its own": narrative,
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


def made(lines: Sequence[bytes], name: str | None, number: int) -> list[bytes]:
    """So many lines, distinct from those of any other number."""
    found = []
    for position, line in enumerate(lines):
        resource = json.loads(distinct(line, number))
        if name in TRAITS:
            TRAITS[name](resource, number * len(lines) + position)
        text = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
        found.append(SPELLINGS[name](text) if name in SPELLINGS else text)
    return found


def measured(
    lines: Sequence[bytes], name: str, rounds: int, numbers: list[int]
) -> tuple[float, float, float, int]:
    """Speed without and with the trait beside orjson's, the second beside the first, and lines with
    it that were handed on in the last round.
    """
    validator = Validator("structure-only")
    judge = validator.validate_block
    taken: list[list[float]] = []
    handed_on = 0
    for number in range(rounds + 1):
        row = []
        for trait in (None, name):
            numbers[0] += 1
            given = made(lines, trait, numbers[0])
            block = Block(b"\n".join(given))
            row.append(seconds(judge, block)[0])
            row.append(seconds(lambda given: [orjson.loads(line) for line in given], given)[0])
            handed_on = sum(judge(block).fallbacks.values())
        if number:
            taken.append(row)
    plain, plain_read, with_it, read = (min(column) for column in zip(*taken, strict=True))
    return plain_read / plain, read / with_it, plain / with_it, handed_on


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[*TRAITS, *SPELLINGS], metavar="NAME")
    options = parser.parse_args()
    lines = [line.rstrip(b"\r\n") for line in lines_of([options.file])]
    chosen = lines[:: max(1, len(lines) // options.lines)]
    numbers = [0]
    print(f"{'trait':30} {'without':>8} {'with':>8} {'ratio':>7} {'handed on':>10}")
    for name in [*TRAITS, *SPELLINGS]:
        if any(part in name for part in options.only):
            plain, with_it, ratio, asked = measured(chosen, name, options.rounds, numbers)
            print(f"{name:30} {plain:8.2f} {with_it:8.2f} {ratio:7.2f} {asked:10}", flush=True)


if __name__ == "__main__":
    main()
