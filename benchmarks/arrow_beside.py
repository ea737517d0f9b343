"""What Arrow in, Arrow out costs beside validate_block, on lines that no validator has seen.

    python benchmarks/arrow_beside.py FILE.ndjson[.gz] ... [--level LEVEL] [--lines N] [--rounds N]

CPU time of validate_block, of validate_batch without issues and of validate_batch with them, in
turns; every call has the lines of the file with ids and dates of their own. A first round, which
compiles types, is not counted. Prints what of the speed of validate_block the others have: the
least time of each, and in brackets the rounds' ratios, least, median and largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median

import pyarrow as pa
from arguments import LEVELS, Parser, lines, run_script, whole_number
from inputs import distinct, spread, stripped
from stopwatch import seconds

from bulkfhir.arrow import validate_batch
from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block


def block_of(lines: Sequence[bytes]) -> Block:
    return Block(b"\n".join(lines))


def batch_of(lines: Sequence[bytes]) -> pa.RecordBatch:
    return pa.record_batch({"json": pa.array(lines, pa.large_binary())})


def measured(lines: Sequence[bytes], level: str, rounds: int) -> list[tuple[float, ...]]:
    """Return for every round the CPU seconds of each way."""
    validator = Validator(level)  # type: ignore[arg-type]

    def judge_block(block: Block) -> None:  # verdicts are dropped here, as in validate_batch
        validator.validate_block(block)

    ways = [(block_of, judge_block)] + [
        (batch_of, partial(validate_batch, level=level, issues=issues))  # type: ignore[arg-type]
        for issues in (False, True)
    ]
    taken = []
    for turn in range(rounds + 1):
        one_round = []
        for number, (made, judge) in enumerate(ways):
            given = made([distinct(line, 1 + turn * len(ways) + number) for line in lines])
            one_round.append(seconds(judge, given)[0])
        taken.append(tuple(one_round))
    return taken[1:]


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("files", type=lines, nargs="+")
    parser.add_argument("--level", choices=LEVELS, default="structure-only")
    parser.add_argument("--lines", type=whole_number(), default=6000)
    parser.add_argument("--rounds", type=whole_number(), default=9)
    options = parser.parse_args()
    for path in options.files:
        chosen = spread(stripped(path), options.lines)
        taken = measured(chosen, options.level, options.rounds)
        for way, name in ((1, "without issues"), (2, "with issues")):
            ratios = [each[0] / each[way] for each in taken]
            least = min(each[0] for each in taken) / min(each[way] for each in taken)
            print(
                f"{path.name:30} {len(chosen):6} {name:15} {least:.3f} "
                f"({min(ratios):.3f}, {median(ratios):.3f}, {max(ratios):.3f})",
                flush=True,
            )


if __name__ == "__main__":
    run_script(main)
