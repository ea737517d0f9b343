"""Why lines leave the fast path, for every labelled data set.

    python benchmarks/fallbacks.py [--shared ../shared] [--only NAME ...]

Every label file of SHARED/oracle is taken at the level and with the packages that its header
names; its lines are judged one by one, each counting with the first reason for which the acceptor
handed it on. What the reference calls valid stands apart from the rest: a valid line that is handed
on only costs time. The reasons are those of docs/fast-path.md.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from inputs import lines_of, read_labels

from bulkfhir.validators import Validator
from bulkfhir.validators.block import Block

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "oracle"))
from agreement import SHARED, Labelled, label_files


def reasons(found: Labelled) -> tuple[Counter[str], Counter[str]]:
    """Return reason -> lines of the valid lines and of the others; "" are all lines."""
    validator = Validator(found.level, packages=found.packages)
    labels = read_labels(found.labels)
    doubtful = labels.bad | labels.either
    valid: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for number, line in enumerate(lines_of(list(found.lines)), 1):
        counted = others if number in doubtful else valid
        counted[""] += 1
        counted.update(validator.validate_block(Block(line)).fallbacks)
    return valid, others


def row(name: str, kind: str, counted: Counter[str]) -> str:
    """Return a row of the table: how many lines, how many handed on, and why, most often first."""
    lines = counted.pop("", 0)
    why = ", ".join(f"{reason} {count}" for reason, count in counted.most_common())
    return f"| {name} | {kind} | {lines} | {counted.total()} | {why or 'none'} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--only", action="append", metavar="NAME", help="label files of this name")
    options = parser.parse_args()
    print("| data | lines | number | handed on | first reason |", "|---|---|---|---|---|", sep="\n")
    for found in label_files(options.shared, None):
        if found.labels.parent.name == "oracle" and found.lines:
            if options.only and not any(name in found.name for name in options.only):
                continue
            valid, others = reasons(found)
            print(row(found.name, "valid", valid), row("", "others", others), sep="\n", flush=True)


if __name__ == "__main__":
    main()
