"""Whether memory stays flat while every line brings values that no line had before.

    python benchmarks/own_values.py [--lines 10000000] [--level LEVEL] [--package PACKAGE ...]
                                    [--bad 20] [--engine native|explained]

No line is like another: names, ids, references, identifiers, narratives, codes and their systems,
units, urls of extensions, languages and times are its own; of --bad lines one is refused, for a
member, a resource type, a profile, a code or a number that is its own too. Whatever is remembered
by what data holds must have a bound. One validator judges all of it in this process; prints the
resident memory in MB after each tenth, and ends with 1 where the second half of the lines added
more than a tenth to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from arguments import LEVELS, Parser, package, run_script, whole_number

from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block, OneByOne

_BLOCK = 2000
"""Lines that are judged at once."""

_GOOD = (
    (
        '{"resourceType":"Patient","id":"p%(n)d","language":"x-%(w)s","text":{"status":"generated",'
        '"div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p class=\\"%(w)s\\">%(w)s was seen'
        ' %(n)d times</p></div>"},"extension":[{"url":"http://%(w)s.example.org/%(n)d",'
        '"valueString":"%(w)s"}],"identifier":[{"system":"http://%(w)s.example.org","value":"%(n)d"}],'
        '"name":[{"family":"%(w)s","given":["a%(n)d"]}],"birthDate":"%(day)s",'
        '"generalPractitioner":[{"reference":"Practitioner/%(w)s-%(n)d"}]}'
    ),
    (
        '{"resourceType":"Observation","id":"o%(n)d","status":"final","code":{"coding":[{"system":'
        '"http://codes.example.org/%(w)s","code":"c%(n)d","display":"%(w)s"},{"system":'
        '"http://loinc.org","code":"%(n)d-1"}],"text":"%(w)s"},"subject":{"reference":"Patient/%(w)s",'
        '"display":"%(w)s"},"effectiveDateTime":"%(day)sT10:00:00.%(n)09dZ","valueQuantity":{"value":'
        '%(n)d.%(n)d,"unit":"%(w)s","system":"http://unitsofmeasure.org","code":"m{%(w)s}"}}'
    ),
)
_BAD = (
    '{"resourceType":"Patient","id":"q%(n)d","%(w)s":1}',
    '{"resourceType":"%(w)s","id":"q%(n)d"}',
    (
        '{"resourceType":"Patient","meta":{"profile":["http://%(w)s.example.org/%(n)d"]},'
        '"gender":"%(w)s"}'
    ),
    (
        '{"resourceType":"Observation","status":"%(w)s","code":{"text":"%(w)s"},"valueQuantity":'
        '{"value":1,"system":"http://unitsofmeasure.org","code":"%(w)s"}}'
    ),
    (
        '{"resourceType":"Patient","birthDate":"%(w)s","text":{"status":"generated","div":"<div>'
        '<%(w)s/></div>"},"contact":[{"relationship":[{"coding":[{"system":"%(w)s"}]}]}]}'
    ),
)


def blocks(lines: int, bad: int) -> Iterator[Block]:
    """Yield lines; one of so many is bad."""
    for first in range(0, lines, _BLOCK):
        made = []
        for number in range(first, min(lines, first + _BLOCK)):
            kinds = _BAD if bad and number % bad == 0 else _GOOD
            own = {
                "n": number,
                "w": f"w{number * 0x9E3779B97F4A7C15 % 2**64:x}",
                "day": f"{1900 + number % 120}-{number % 12 + 1:02}-{number % 28 + 1:02}",
            }
            made.append(kinds[(number // max(1, bad)) % len(kinds)] % own)
        yield Block("\n".join(made).encode())


def resident() -> float:
    """Return the resident memory of this process in MB."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    parser = Parser(__doc__)
    parser.add_argument("--lines", type=whole_number(), default=10_000_000)
    parser.add_argument("--level", choices=LEVELS)
    parser.add_argument("--package", action="append", type=package, default=[], metavar="PACKAGE")
    parser.add_argument(
        "--bad", type=whole_number(0), default=20, help="one line in so many; 0: none"
    )
    parser.add_argument("--engine", choices=["native", "explained"], default="native")
    options = parser.parse_args()
    validator = Validator(options.level or "structure-only", packages=options.package)
    judge = (validator if options.engine == "native" else OneByOne(validator)).validate_block
    seen = refused = 0
    tenths: list[float] = []
    for block in blocks(options.lines, options.bad):
        verdicts = judge(block)
        seen += len(verdicts.numbers)
        refused += len(verdicts.failed)
        while len(tenths) < 10 and seen >= options.lines * (len(tenths) + 1) // 10:
            tenths.append(resident())
            print(f"{seen:>12,} lines {refused:>10,} refused {tenths[-1]:8.1f} MB", flush=True)
    return int(tenths[-1] > 1.1 * tenths[4])


if __name__ == "__main__":
    run_script(main)
