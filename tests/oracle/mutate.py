#!/usr/bin/env python3
"""Seeded mutations of FHIR resources, for the oracle to label.

usage: mutate.py base [--seed N] [--per-type N] OUT.ndjson                       valid-looking
                                                                                 resources of all
                                                                                 types, from the
                                                                                 definitions
       mutate.py lines [--seed N] [--count N] [--family base|profile] [--package FOLDER-OR-TGZ]...
       IN.ndjson[.gz]... OUT.ndjson mutate.py kinds

`lines` writes one broken line for each of COUNT draws (beside it OUT.kinds, tab-separated: kind,
place, type). Where a label file X.labels.jsonl.gz lies beside X.ndjson, only the lines that it
calls valid are material. The same seed and material give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import marshal
import pathlib
import random
from collections.abc import Iterator, Sequence
from typing import Any

import kinds_composite  # noqa: F401 - enters its kinds
import kinds_json  # noqa: F401
import kinds_meaning  # noqa: F401
import kinds_profile  # noqa: F401
import kinds_structure  # noqa: F401
import kinds_values  # noqa: F401
from catalogue import Catalogue
from composites import composite
from generator import Generator
from sites import KINDS, Case

from bulkfhir.validators.definitions.packages import Packages

Json = dict[str, Any]

_DENSITIES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
_RARE = frozenset(name for name, f in KINDS.items() if f.__module__ == "kinds_json") | {
    "reorder",
    "string-long",
    "max-string",
    "resource-id",
    "resource-type",
}
"""Kinds whose outcome hardly depends on the resource: drawn a third as often."""
COMPOSITE = frozenset({"Bundle", "Parameters", "QuestionnaireResponse"})


def base(seed: int, per_type: int) -> Iterator[Json]:
    """Resources of all types, and composite ones: ``per_type`` of each type and twenty times as
    many composites.
    """
    rng = random.Random(seed)
    catalogue = Catalogue()
    generator = Generator(catalogue, rng)
    for name in catalogue.resource_types:
        for number in range(per_type):
            yield generator.resource(name, _DENSITIES[number % len(_DENSITIES)])
    for _ in range(per_type * 20):
        yield composite(generator, rng)


def mutate(
    name: str, material: Sequence[Json], catalogue: Catalogue, rng: random.Random
) -> tuple[bytes, str, str] | None:
    """One resource of the material broken once: its line, the place, its type; None where the kind
    fits none of those tried.
    """
    for _ in range(15):
        resource = rng.choice(material)
        case = Case(
            marshal.loads(marshal.dumps(resource)), catalogue, rng
        )  # a deep copy, many times as fast as copy's
        try:
            place = KINDS[name](case)
        except (
            AttributeError,
            IndexError,
            KeyError,
            TypeError,
        ):  # a resource of another shape than the kind expects: draw again
            continue
        if isinstance(place, bytes):
            return place, "", resource["resourceType"]
        if place is not None:
            return (
                json.dumps(case.resource, ensure_ascii=False, separators=(",", ":")).encode(
                    "utf-8", "surrogatepass"
                ),
                place,
                resource["resourceType"],
            )
    return None


def _lines(path: str) -> list[bytes]:
    data = pathlib.Path(path).read_bytes()
    return (gzip.decompress(data) if path.endswith(".gz") else data).split(b"\n")


def _material(paths: Sequence[str]) -> dict[str, list[Json]]:
    """Resources by type; where a label file X.labels.jsonl.gz lies beside X.ndjson, only those that
    it calls valid.
    """
    found: dict[str, list[Json]] = {}
    for path in paths:
        labels = pathlib.Path(path.split(".ndjson")[0] + ".labels.jsonl.gz")
        bad = (
            {json.loads(row)["line"] for row in _lines(str(labels))[1:] if row}
            if labels.exists()
            else set()
        )
        for number, line in enumerate(_lines(path), 1):
            if line.strip() and number not in bad:
                resource = json.loads(line)
                found.setdefault(resource["resourceType"], []).append(resource)
    return found


def kind_names(family: str) -> list[str]:
    """The kinds to draw from, with repetitions: ``base`` for resources alone, ``profile`` for those
    that claim profiles.
    """
    common = [name for name in KINDS if name not in _RARE and not name.startswith("profile-")]
    if family == "profile":
        return common + [name for name in KINDS if name.startswith("profile-")] * 8
    return common * 3 + sorted(_RARE)


def _write(lines: Sequence[tuple[bytes, str, str, str]], out: str) -> None:
    pathlib.Path(out).write_bytes(b"".join(line.replace(b"\n", b" ") + b"\n" for line, *_ in lines))
    pathlib.Path(out).with_suffix(".kinds").write_text(
        "".join(f"{name}\t{place}\t{kind}\n" for _, place, kind, name in lines)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("base")
    making.add_argument("--seed", type=int, default=1)
    making.add_argument("--per-type", type=int, default=9)
    making.add_argument("out")
    breaking = commands.add_parser("lines")
    breaking.add_argument("--seed", type=int, default=1)
    breaking.add_argument("--count", type=int, default=5000)
    breaking.add_argument("--package", action="append", default=[])
    breaking.add_argument("--family", choices=("base", "profile"), default="base")
    breaking.add_argument("source", nargs="+")
    breaking.add_argument("out")
    commands.add_parser("kinds")
    options = parser.parse_args()
    if options.command == "kinds":
        print("\n".join(sorted(KINDS)))
    elif options.command == "base":
        lines = [
            json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
            for resource in base(options.seed, options.per_type)
        ]
        pathlib.Path(options.out).write_bytes(b"\n".join(lines) + b"\n")
    else:
        _break(options)


def _break(options: argparse.Namespace) -> None:
    rng, catalogue = (
        random.Random(options.seed),
        Catalogue(Packages(options.package) if options.package else None),
    )
    material = _material(options.source)
    types = sorted(material)
    composites = [name for name in types if name in COMPOSITE]
    names = kind_names(options.family)
    lines: list[tuple[bytes, str, str, str]] = []
    while len(lines) < options.count:
        name = rng.choice(names)
        among = composites if KINDS[name].__module__ == "kinds_composite" and composites else types
        broken = mutate(name, material[rng.choice(among)], catalogue, rng)
        if broken and (rng.random() < 0.2 if len(broken[0]) > 60_000 else True):
            lines.append((*broken, name))
    _write(lines, options.out)


if __name__ == "__main__":
    main()
