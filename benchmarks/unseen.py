"""How fast lines are judged that the process has not seen, beside orjson.loads of the same lines.

    python benchmarks/unseen.py FILE.ndjson[.gz] ... [--level LEVEL] [--package PACKAGE ...]
                                [--labels LABELS] [--lines N] [--rounds N]

Every round has the lines of a file with ids and dates of their own, so that what is remembered of
one round is of no use to the next but for what real data repeats too. A folder is all of its
files. --labels takes only the lines that a label file calls bad. CPU time, A B A B with
orjson.loads, which reads what it can of lines that are no JSON; a first round, which compiles
types, is not counted. The table has the least of all rounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import orjson
from arguments import LEVELS, Parser, labels, lines, package, run_script, whole_number
from inputs import find_files, lines_of, read_labels, spread
from stopwatch import seconds
from variants import distinct

from bulkfhir.engine.errors import NothingToRead
from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block


def read(place: Path, labels: Path | None, most: int) -> Sequence[bytes]:
    """Return the lines to measure, evenly spread where there are more than wanted."""
    bad = read_labels(labels).bad if labels is not None else None
    chosen = [
        line.rstrip(b"\r\n")
        for number, line in enumerate(lines_of(find_files(place)), 1)
        if line.strip() and (bad is None or number in bad)
    ]
    if not chosen:
        raise NothingToRead(f"{place}: {labels} calls no line of it bad")
    return spread(chosen, most)


def parsed(lines: Sequence[bytes]) -> None:
    for line in lines:
        with suppress(orjson.JSONDecodeError):
            orjson.loads(line)


def measured(validator: Validator, lines: Sequence[bytes], rounds: int) -> tuple[float, float, str]:
    """Return microseconds a line for us and for orjson, and what was handed on in the last
    round.
    """
    taken: list[tuple[float, float]] = []
    reasons: Counter[str] = Counter()
    for turn in range(rounds + 1):
        given = [distinct(line, turn + 1) for line in lines]
        block = Block(b"\n".join(given))
        ours, verdicts = seconds(validator.validate_block, block)
        theirs, _ = seconds(parsed, given)
        taken.append((ours, theirs))
        reasons = Counter(verdicts.fallbacks)
    ours, theirs = (min(column) / len(lines) * 1e6 for column in zip(*taken[1:], strict=True))
    return ours, theirs, ", ".join(f"{name} {n}" for name, n in reasons.most_common(4)) or "none"


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("files", type=lines, nargs="+")
    parser.add_argument("--level", choices=LEVELS, default="structure-only")
    parser.add_argument("--package", action="append", type=package, default=[])
    parser.add_argument("--labels", type=labels)
    parser.add_argument("--lines", type=whole_number(), default=6000)
    parser.add_argument("--rounds", type=whole_number(), default=5)
    options = parser.parse_args()
    each = [read(path, options.labels, options.lines) for path in options.files]
    print(f"{'lines':42} {'number':>7} {'us a line':>10} {'of orjson':>10}  handed on")
    for path, chosen in zip(options.files, each, strict=True):
        validator = Validator(options.level, packages=tuple(options.package))
        ours, theirs, reasons = measured(validator, chosen, options.rounds)
        print(
            f"{path.name[:42]:42} {len(chosen):7} {ours:10.1f} {theirs / ours:10.3f}  {reasons}",
            flush=True,
        )


if __name__ == "__main__":
    run_script(main)
