#!/usr/bin/env python3
"""The acceptor beside the explainer, line by line: whatever the one says of a line, the other must
say too.

usage: one_meaning.py [--lines N] [--seed N] [--shared FOLDER] [--only NAME]... [--minutes N]
[--differences FILE]

First all open data of SHARED, each file at the level and with the packages of its label file, then,
until N distinct lines are done, mutations of it (mutate.py in the tree, swaps.py in the text,
wraps.py by putting one into another) and resources made from the compiled schema (made.py), at
structure-only, minimal, and strict with each set of packages. Blocks of lines are judged natively
and by the explainer alone; line ends, types, ids, verdicts with all issues, and undecided codes are
compared. Ends with a table; at
the first difference with 1 and the lines that differ, which --differences keeps. Ctrl-C ends it
with the table so far.
"""

from __future__ import annotations

import argparse
import itertools
import json
import pathlib
import random
import signal
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import mutate
from agreement import SHARED, label_files
from catalogue import Catalogue
from composites import composite
from generator import Generator
from made import Maker
from spelling import spelled
from swaps import swapped
from wraps import wrapped

from bulkfhir.validators import Level, Validator
from bulkfhir.validators.definitions.packages import Packages
from bulkfhir.validators.native.acceptance import NATIVE
from bulkfhir.validators.native.doubt_finder import Found
from bulkfhir.validators.native.handed_on import HandedOn
from bulkfhir.validators.verdicts.block import Block, BlockVerdicts, PlacedCodes

__all__ = ["Pair", "Tally", "differences", "made_lines", "mutated_lines"]

Json = dict[str, Any]

_BLOCK = 100
"""Lines in a block: enough to make blocks cheap, few enough to find the line in one that differs.
"""
_LONGEST = 6000
"""Bytes of the lines that are broken: a longer one takes as long as several short ones and shows no
more.
"""
_MATERIAL = 1500
"""Lines of each source that are broken, again and again."""


class Pair:
    """Two validators of one level and the same packages: with the acceptor and without."""

    def __init__(self, level: Level, packages: tuple[str, ...] = ()) -> None:
        self.level, self.packages = level, packages
        self.native, self.slow = (
            Validator(level, packages=packages),
            Validator(level, packages=packages, native=False),
        )
        finder = getattr(self.native._blocks, "_finder", None)
        if finder is not None:
            finder._left = 0  # what is in doubt is looked for from the first line on
        self.catalogue = Catalogue(Packages(list(packages)) if packages else None)

    def told_apart(self, lines: Sequence[bytes]) -> tuple[list[str], BlockVerdicts]:
        """How the verdicts of one block differ, and those of the native one."""
        block = Block(b"\n".join(lines), codes=True)
        one = self.native.validate_block(block)
        return differences(one, self.slow.validate_block(block)), one

    def handed_on(self, lines: Sequence[bytes]) -> HandedOn:
        """Lines as if they had been handed on to the explainer, all of them."""
        block = Block(b"\n".join(lines))
        _, starts, ends = (array("I", column) for column in zip(*block.lines(), strict=True))
        acceptor = self.native._blocks._hearing._acceptor
        pending = acceptor.begin_rows(block.data, starts.tobytes(), ends.tobytes())
        return HandedOn(block, pending, PlacedCodes())

    def found(self, lines: Sequence[bytes]) -> Found:
        """What is in doubt of lines."""
        return self.native._blocks._finder.find(self.handed_on(lines), range(len(lines)))

    def is_told_at_sites(self, line: bytes) -> bool:
        """Whether something is said of a line without a walk through all of it."""
        lines, found = self.handed_on([line]), self.found([line])
        return found.sites is not None and not lines.add_told(found.lines, found.sites, Counter())

    def culprits(self, lines: Sequence[bytes]) -> list[tuple[bytes, list[str]]]:
        """The lines of a block that differ alone; where none does, the whole block."""
        alone = [(line, said) for line in lines if (said := self.told_apart([line])[0])]
        return alone or [(b"\n".join(lines), ["only as a block"])]


def differences(one: BlockVerdicts, other: BlockVerdicts) -> list[str]:
    """The columns that tell two verdicts on a block apart, with what they say; why lines were asked
    about is no part of a verdict.
    """
    found = []
    for name in (each.name for each in fields(BlockVerdicts) if each.name != "fallbacks"):
        left, right = getattr(one, name), getattr(other, name)
        if name in ("numbers", "starts", "ends", "types", "ids"):
            left, right = list(left), list(right)
        if name == "codes":  # of which the order of lines is none
            left, right = (
                {code: sorted(places) for code, places in side.items()} for side in (left, right)
            )
        if left != right:
            found.append(f"{name}: natively {_short(left)}, explained {_short(right)}")
    return found


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else text[:300] + "…"


@dataclass
class Tally:
    """What one source came to. accepted: natively; asked: of lines that then passed."""

    name: str
    lines: int = 0
    distinct: int = 0
    accepted: int = 0
    asked: int = 0
    failed: int = 0
    seconds: float = 0.0

    def add(self, verdicts: BlockVerdicts, distinct: int, seconds: float) -> None:
        lines, asked = len(verdicts.numbers), sum(verdicts.fallbacks.values())
        self.lines += lines
        self.distinct += distinct
        self.accepted += lines - asked
        self.asked += asked - len(verdicts.failed | verdicts.crashed)
        self.failed += len(verdicts.failed | verdicts.crashed)
        self.seconds += seconds

    def __str__(self) -> str:
        valid = self.accepted + self.asked
        share = f"{100 * self.asked / valid:8.2f}" if valid else " " * 8
        return (
            f"{self.name:58} {self.lines:>8} {self.distinct:>8} {self.accepted:>8} "
            f"{self.asked:>7} {share} {self.failed:>8} {self.seconds:8.0f}s"
        )


HEAD = (
    f"{'source':58} {'lines':>8} {'distinct':>8} {'accepted':>8} {'asked':>7} {'% valid':>8} "
    f"{'failed':>8} {'time':>9}"
)


@dataclass
class Source:
    """Lines to compare."""

    name: str
    pair: Pair
    lines: Iterator[bytes]
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.tally = Tally(f"{self.name}, {self.pair.level}")


class Comparison:
    """Goes over sources and keeps count; ``found`` holds what differed."""

    def __init__(self, wanted: int, minutes: float) -> None:
        self._wanted = wanted
        self._end = time.monotonic() + minutes * 60
        self._seen: set[int] = set()
        self.found: list[tuple[str, bytes, list[str]]] = []

    @property
    def distinct(self) -> int:
        return len(self._seen)

    @property
    def is_over(self) -> bool:
        return bool(self.found) or self.distinct >= self._wanted or time.monotonic() > self._end

    def step(self, source: Source) -> bool:
        """Judge the next block of a source; False where it has no more."""
        lines = list(itertools.islice(source.lines, _BLOCK))
        if not lines:
            return False
        began, before = time.process_time(), self.distinct
        self._seen.update(hash(line) for line in lines)
        said, verdicts = source.pair.told_apart(lines)
        if said:
            self.found += [
                (source.tally.name, line, why) for line, why in source.pair.culprits(lines)
            ]
        source.tally.add(verdicts, self.distinct - before, time.process_time() - began)
        return True


# Sources


def _resources(lines: Iterable[bytes], rng: random.Random) -> dict[str, list[Json]]:
    """Short lines of a file as material for mutations, by type; where all are long, these."""
    lines = [line for line in lines if len(line) > 2]
    short = [line for line in lines if len(line) < _LONGEST] or lines
    found: dict[str, list[Json]] = {}
    for line in rng.sample(short, min(len(short), _MATERIAL)):
        try:
            resource = json.loads(line)
        except ValueError:
            continue
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            found.setdefault(resource["resourceType"], []).append(resource)
    return found


def mutated_lines(
    material: dict[str, list[Json]], catalogue: Catalogue, rng: random.Random, family: str
) -> Iterator[bytes]:
    """Lines without end, each a resource of the material broken once (one in five is not), one in
    three of them written in an unusual way.
    """
    kinds, types = mutate.kind_names(family), sorted(material)
    composites = [name for name in types if name in mutate.COMPOSITE]
    while True:
        kind = rng.choice(kinds)
        among = (
            composites
            if mutate.KINDS[kind].__module__ == "kinds_composite" and composites
            else types
        )
        of_type = material[rng.choice(among)]
        broken = (
            (b"", "", "") if rng.random() < 0.2 else mutate.mutate(kind, of_type, catalogue, rng)
        )
        if broken is None:
            continue
        line = broken[0] or json.dumps(rng.choice(of_type), ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
        yield (_respelled(line, rng) if rng.random() < 0.33 else line).replace(b"\n", b" ")


def _respelled(line: bytes, rng: random.Random) -> bytes:
    try:
        value = json.loads(line)
    except ValueError:
        return line
    return spelled(value, rng, 0.5)


def made_lines(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    """Lines without end, each a resource made from the compiled schema, half of them right."""
    profiles: dict[str, list[Json]] = {}
    for definition in (
        pair.catalogue.definitions.all("StructureDefinition") if pair.packages else ()
    ):
        if (
            definition.get("derivation") == "constraint"
            and definition.get("kind") == "resource"
            and definition.get("snapshot", {}).get("element")
        ):
            profiles.setdefault(definition["type"], []).append(definition)
    types = [*pair.catalogue.resource_types, *sorted(profiles) * 8]
    for number in itertools.count():
        maker = Maker(
            pair.slow._errors.schema,
            pair.catalogue,
            rng,
            profiles=profiles,
            wrong=(0.0, 0.01, 0.0, 0.04)[number % 4],
        )
        yield spelled(maker.resource(rng.choice(types)), rng, (0.0, 0.3)[number % 3 == 0]).replace(
            b"\n", b" "
        )


def open_sources(
    shared: pathlib.Path, pair: Callable[[Level, tuple[str, ...]], Pair]
) -> Iterator[Source]:
    """All labelled data at its label file's level, and whatever is labelled strict at
    structure-only too.
    """
    for labelled in label_files(shared, None):
        lines = [line for line in labelled.data().split(b"\n") if line.strip()]
        yield Source(f"open: {labelled.name}", pair(labelled.level, labelled.packages), iter(lines))
        if labelled.level == "strict":
            yield Source(f"open: {labelled.name}", pair("structure-only", ()), iter(lines))


def endless_sources(
    shared: pathlib.Path, pair: Callable[[Level, tuple[str, ...]], Pair], seed: int
) -> Iterator[Source]:
    """Mutations and made resources, for every level and every set of packages that a label file
    names.
    """
    base = pair("structure-only", ())
    rng = random.Random(f"{seed} base")
    material = _resources(_base_lines(shared, base.catalogue, rng), rng)
    levels: tuple[tuple[Level, int], ...] = ("structure-only", 3), ("minimal", 1)
    for level, times in levels:
        rng, own = random.Random(f"{seed} {level}"), pair(level, ())
        yield from _broken("R4", own, material, "base", rng, times)
        yield Source("made: R4", own, made_lines(own, rng))
    for labelled in label_files(shared, None):
        if labelled.level == "strict" and not labelled.name.startswith("mutated"):
            own, rng = pair("strict", labelled.packages), random.Random(f"{seed} {labelled.name}")
            material = _resources(labelled.data().split(b"\n"), rng)
            yield from _broken(labelled.name, own, material, "profile", rng, 2)
            if labelled.name.startswith("ig-"):
                yield Source(
                    f"made: {labelled.name.removesuffix('.strict')}", own, made_lines(own, rng)
                )


def _broken(
    name: str,
    pair: Pair,
    material: dict[str, list[Json]],
    family: str,
    rng: random.Random,
    times: int,
) -> Iterator[Source]:
    """The material broken in its tree, and several times as often in its text."""
    lines = [
        json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
        for of in material.values()
        for resource in of
    ]
    yield Source(f"mutated: {name}", pair, mutated_lines(material, pair.catalogue, rng, family))
    swaps = Source(
        f"swapped: {name}", pair, (line.replace(b"\n", b" ") for line in swapped(lines, rng))
    )
    yield from [swaps] * times
    short = [line for line in lines if len(line) < _LONGEST // 4]
    if not short:
        return
    yield Source(
        f"wrapped: {name}",
        pair,
        (line.replace(b"\n", b" ") for line in wrapped(_mostly(short, rng), rng)),
    )


def _mostly(lines: Sequence[bytes], rng: random.Random) -> Iterator[bytes]:
    """The lines as they are, and one in five changed."""
    changed = swapped(lines, rng)
    while True:
        yield next(changed) if rng.random() < 0.2 else rng.choice(lines)


def _base_lines(shared: pathlib.Path, catalogue: Catalogue, rng: random.Random) -> list[bytes]:
    """Generated resources of all types, and examples and Synthea's."""
    generator = Generator(catalogue, rng)
    resources = [
        generator.resource(name, density)
        for name in catalogue.resource_types
        for density in (0.05, 0.2, 0.5)
    ]
    resources += [composite(generator, rng) for _ in range(300)]
    lines = [json.dumps(resource).encode() for resource in resources]
    for labelled in label_files(shared, None):
        if labelled.name.startswith(("r4-examples", "synthea")):
            lines += rng.sample(found := labelled.data().split(b"\n"), min(len(found), 1000))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shared", type=pathlib.Path, default=SHARED)
    parser.add_argument(
        "--only", action="append", default=[], help="sources whose name contains NAME"
    )
    parser.add_argument("--minutes", type=float, default=24 * 60.0)
    parser.add_argument("--differences", type=pathlib.Path)
    options = parser.parse_args()
    if not NATIVE or not (options.shared / "oracle").is_dir():
        print(
            "no native acceptor is installed"
            if not NATIVE
            else f"no open data: {options.shared} is not there",
            file=sys.stderr,
        )
        return 2
    pairs: dict[tuple[Level, tuple[str, ...]], Pair] = {}

    def pair(level: Level, packages: tuple[str, ...]) -> Pair:
        if (level, packages) not in pairs:
            pairs[level, packages] = Pair(level, packages)
        return pairs[level, packages]

    def wanted(source: Source) -> bool:
        return not options.only or any(part in source.tally.name for part in options.only)

    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # ends a run in the background as Ctrl-C ends one in front
    comparison = Comparison(options.lines, options.minutes)
    print(HEAD)
    total = Tally("all")
    for source in filter(wanted, open_sources(options.shared, pair)):
        while not comparison.is_over and comparison.step(source):
            pass
        print(source.tally, flush=True)
        _add(total, source.tally)
    endless = (
        []
        if comparison.is_over
        else list(filter(wanted, endless_sources(options.shared, pair, options.seed)))
    )
    try:
        _go_round(comparison, endless)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    for source in {id(each): each for each in endless}.values():
        print(source.tally)
        _add(total, source.tally)
    print(total)
    return _report(comparison.found, options.differences)


def _go_round(comparison: Comparison, endless: Sequence[Source]) -> None:
    for number in itertools.count():
        if not endless or comparison.is_over:
            return
        comparison.step(endless[number % len(endless)])
        if number % 100 == 0:
            print(f"{comparison.distinct} distinct lines", file=sys.stderr, flush=True)


def _add(total: Tally, one: Tally) -> None:
    for each in fields(Tally):
        if each.name != "name":
            setattr(total, each.name, getattr(total, each.name) + getattr(one, each.name))


def _report(found: Sequence[tuple[str, bytes, list[str]]], out: pathlib.Path | None) -> int:
    for name, line, said in found[:10]:
        print(f"\nDIFFERENT in {name}:\n  " + "\n  ".join(said) + f"\n  {line[:2000]!r}")
    if found and out:
        out.write_bytes(b"".join(line + b"\n" for _, line, _ in found))
    print(f"{len(found)} differences")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
