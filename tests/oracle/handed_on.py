#!/usr/bin/env python3
"""Why lines leave the fast path, over every data set, in the order of the time that they lose.

usage: handed_on.py [--shared FOLDER] [--own FILE]... [--only NAME]... [--failing] [--show N]

Every label file of SHARED/oracle and SHARED/cases is judged at the level and with the packages that
it names, --own adds NDJSON files at structure-only. A row of the table is one reason, with the
valid lines that were handed on for it and the seconds of CPU time that they took; the head of the
table has the seconds of all lines that were accepted. A quarter of the lines is judged beforehand,
so that little of the time is for compiling types and profiles. --failing counts the lines that fail
instead, --show prints so many lines of each reason.
"""

from __future__ import annotations

import argparse
import gzip
import pathlib
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from agreement import SHARED, label_files

from bulkfhir.validators import Level, Validator
from bulkfhir.validators.verdicts.block import Block

_LONGEST_SHOWN = 300


@dataclass
class Losses:
    """What was lost over one data set, or over all of them.

    lines    reason -> valid lines
    seconds  reason -> CPU seconds of the explainer
    shown    reason -> the first few such lines
    """

    judged: int = 0
    fast: float = 0.0
    lines: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    shown: defaultdict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def add(self, reason: str, line: bytes, seconds: float) -> None:
        self.lines[reason] += 1
        self.seconds[reason] += seconds
        self.shown[reason].append(line[:_LONGEST_SHOWN])

    def __iadd__(self, other: Self) -> Self:
        self.judged += other.judged
        self.fast += other.fast
        self.lines += other.lines
        for reason, seconds in other.seconds.items():
            self.seconds[reason] += seconds
            self.shown[reason] += other.shown[reason][:3]
        return self


def losses(lines: list[bytes], level: Level, packages: tuple[str, ...], *, failing: bool) -> Losses:
    """Judge each line by itself, and time what the explainer adds to it."""
    validator = Validator(level, packages=packages)
    for line in lines[: len(lines) // 4 + 1]:  # what is compiled at first sight is nobody's loss
        validator.validate_block(Block(line))
    found = Losses()
    for line in lines:
        began = time.process_time()
        verdicts = validator.validate_block(Block(line))
        seconds = time.process_time() - began
        failed = bool(verdicts.failed or verdicts.crashed)
        found.judged += failed is failing
        if failed is not failing:
            continue
        if verdicts.fallbacks:
            found.add(next(iter(verdicts.fallbacks)), line, seconds)
        else:
            found.fast += seconds
    return found


def table(name: str, found: Losses, show: int) -> Iterator[str]:
    lost = sum(found.seconds.values())
    yield (
        f"\n{name}: {found.judged} lines, {found.lines.total()} handed on, {lost:.3f} s for these, "
        f"{found.fast:.3f} s for the others"
    )
    for reason in sorted(found.seconds, key=lambda one: -found.seconds[one]):
        yield f"  {reason:16} {found.lines[reason]:>7} {found.seconds[reason]:9.3f} s"
        for line in found.shown[reason][:show]:
            yield f"      {line.decode(errors='replace')}"


def sources(
    shared: pathlib.Path, own: list[pathlib.Path]
) -> Iterator[tuple[str, bytes, Level, tuple[str, ...]]]:
    for one in label_files(shared, None):
        yield one.name, one.data(), one.level, one.packages
    for path in own:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        yield path.name, data, "structure-only", ()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=pathlib.Path, default=SHARED)
    parser.add_argument("--own", type=pathlib.Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--failing", action="store_true")
    parser.add_argument("--show", type=int, default=0, metavar="N")
    options = parser.parse_args()
    total = Losses()
    for name, data, level, packages in sources(options.shared, options.own):
        if options.only and not any(part in name for part in options.only):
            continue
        lines = [line for line in data.splitlines() if line.strip()]
        found = losses(lines, level, packages, failing=options.failing)
        print("\n".join(table(name, found, options.show)), flush=True)
        total += found
    print("\n".join(table("all", total, 0)))


if __name__ == "__main__":
    main()
