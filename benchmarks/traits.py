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
import sys
from collections.abc import Sequence

import orjson
from arguments import Parser, lines, refuse_no_resources, run_script, whole_number
from inputs import spread, stripped
from stopwatch import seconds
from variants import SPELLINGS, TRAITS, made

from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block

_NAMES = (*TRAITS, *SPELLINGS)


def trait(text: str) -> str:
    """The name of a trait, or a part of it."""
    if not any(text in name for name in _NAMES):
        raise argparse.ArgumentTypeError(f"{text}: no such trait; traits are {', '.join(_NAMES)}")
    return text


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
    parser = Parser(__doc__)
    parser.add_argument("file", type=lines)
    parser.add_argument("--lines", type=whole_number(), default=2000)
    parser.add_argument("--rounds", type=whole_number(), default=5)
    parser.add_argument("--only", nargs="+", type=trait, default=_NAMES, metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print ratios as JSON")
    options = parser.parse_args()
    chosen = spread(stripped(options.file), options.lines)
    refuse_no_resources(options.file, chosen)
    numbers = [0]
    ratios: dict[str, float] = {}
    table = sys.stderr if options.json else sys.stdout
    print(f"{'trait':30} {'without':>8} {'with':>8} {'ratio':>7} {'handed on':>10}", file=table)
    for name in _NAMES:
        if any(part in name for part in options.only):
            plain, with_it, ratio, asked = measured(chosen, name, options.rounds, numbers)
            ratios[name] = ratio
            print(
                f"{name:30} {plain:8.2f} {with_it:8.2f} {ratio:7.2f} {asked:10}",
                flush=True,
                file=table,
            )
    if options.json:
        print(json.dumps(ratios))


if __name__ == "__main__":
    run_script(main)
