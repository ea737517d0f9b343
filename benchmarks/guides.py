"""How fast examples of guides are judged at strict, on lines not seen before, beside orjson.loads.

    python benchmarks/guides.py FILE.ndjson[.gz] ... --packages FOLDER [--package NAME ...]
                                [--lines N] [--rounds N] [--bundles]

A file is named for its guide (``hl7.fhir.us.core-6.1.0.ndjson.gz``), whose package FOLDER holds;
--package names those of a file that is not. Only its valid lines are measured, as often as it takes
to make N lines of them, each with ids, dates, references and narratives of its own; with --bundles
also Bundles of ten of them: a collection, a transaction, a document. CPU time, A B A B with
orjson.loads of the same lines; the table has the least of all rounds. Two rounds before the first
one, which compile types and learn codes, are not counted.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path

import orjson
from arguments import Parser, folder, lines, package, refuse_no_resources, run_script, whole_number
from inputs import stripped
from stopwatch import seconds
from variants import Json, renewed

from bulkfhir.engine.errors import NothingToRead
from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block

_AUTHOR = {"display": "An author"}
_KIND = {"coding": [{"system": "http://loinc.org", "code": "34133-9"}]}


def bundle(kind: str, resources: Sequence[Json], number: int) -> Json:
    """A Bundle of resources, and a Composition before them where it is a document."""
    entries: list[Json] = [
        {"fullUrl": f"http://example.org/fhir/{one['resourceType']}/{one['id']}", "resource": one}
        for one in {(one["resourceType"], one["id"]): one for one in resources}.values()
    ]
    made: Json = {"resourceType": "Bundle", "id": f"b-{number}", "type": kind, "entry": entries}
    if kind == "transaction":
        for entry in entries:
            one = entry["resource"]
            entry["request"] = {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}
    elif kind == "document":
        listed = [
            {"reference": entry["fullUrl"].removeprefix("http://example.org/fhir/")}
            for entry in entries
        ]
        composition = {
            "resourceType": "Composition",
            "id": f"c-{number}",
            "status": "final",
            "type": _KIND,
            "date": "2024-03-01",
            "author": [_AUTHOR],
            "title": f"Document {number}",
            "section": [{"title": "All", "code": _KIND, "entry": listed}],
        }
        url = f"http://example.org/fhir/Composition/c-{number}"
        made["entry"] = [{"fullUrl": url, "resource": composition}, *entries]
        made["timestamp"] = "2024-03-01T00:00:00Z"
        made["identifier"] = {"system": "http://example.org/documents", "value": f"{number}"}
    return made


def shapes(valid: Sequence[Json], bundles: bool) -> Iterator[tuple[str, list[Json]]]:
    yield "examples", list(valid)
    for kind in ("collection", "transaction", "document") if bundles else ():
        tens = (valid[at : at + 10] for at in range(0, len(valid), 10))
        yield kind, [bundle(kind, ten, number) for number, ten in enumerate(tens)]


def measured(
    validator: Validator,
    resources: Sequence[Json],
    lines: int,
    rounds: int,
    numbers: Iterator[int],
) -> tuple[float, float, int, Counter[str]]:
    """Microseconds a line for us and for orjson; lines a round; why lines were handed on in the
    last round.

    numbers   give each copy values of its own, a Bundle others than its resources had alone
    """
    copies = max(2, lines // len(resources))
    taken = []
    handed_on: Counter[str] = Counter()
    for _ in range(rounds + 2):
        given = [renewed(one, number) for number in islice(numbers, copies) for one in resources]
        ours, verdicts = seconds(validator.validate_block, Block(b"\n".join(given)))
        theirs, _ = seconds(lambda given: [orjson.loads(line) for line in given], given)
        taken.append((ours / len(given) * 1e6, theirs / len(given) * 1e6))
        handed_on = Counter(verdicts.fallbacks)
    ours, theirs = (min(column) for column in zip(*taken[2:], strict=True))
    return ours, theirs, copies * len(resources), handed_on


def read(path: Path) -> list[Json]:
    found = stripped(path)
    refuse_no_resources(path, found)
    return [json.loads(line) for line in found]


def guide_of(path: Path) -> str:
    """The guide that a file is named for."""
    return path.name.partition(".ndjson")[0]


def packages_of(path: Path, place: Path, names: Sequence[str]) -> list[str]:
    """The packages of a file's guide, which lie in a folder; those with the names where there are
    any. Raises PackageError where one is not there, or cannot be read.
    """
    found = [str(place / f"{name}.tgz") for name in names or [guide_of(path)]]
    for one in found:
        package(one)
    return found


def is_valid(validator: Validator, resource: Json) -> bool:
    """Whether it is, with ids of its own as well."""
    return not any(
        validator.validate_block(Block(renewed(resource, number))).failed for number in (1, 2)
    )


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("files", type=lines, nargs="+")
    parser.add_argument("--packages", type=folder, required=True)
    parser.add_argument("--package", action="append", default=[], metavar="NAME")
    parser.add_argument("--lines", type=whole_number(), default=600)
    parser.add_argument("--rounds", type=whole_number(), default=3)
    parser.add_argument("--bundles", action="store_true")
    parser.add_argument("--json", action="store_true", help="print shares of orjson.loads as JSON")
    options = parser.parse_args()
    shares: dict[str, float] = {}
    given = [
        (path, packages_of(path, options.packages, options.package), read(path))
        for path in options.files
    ]
    table = sys.stderr if options.json else sys.stdout
    print(
        f"{'lines':52} {'valid':>6} {'us a line':>10} {'of orjson':>10}  handed on, of how many",
        file=table,
    )
    for path, packages, examples in given:
        guide = guide_of(path)
        validator = Validator("strict", packages=packages)
        valid = [one for one in examples if is_valid(validator, one)]
        if not valid:
            print(f"{path}: none of its lines is valid", file=sys.stderr)
        numbers = count(3)
        for kind, resources in shapes(valid, options.bundles):
            valid_ones = [one for one in resources if is_valid(validator, one)]
            if not valid_ones:
                continue
            ours, theirs, number, handed_on = measured(
                validator, valid_ones, options.lines, options.rounds, numbers
            )
            shares[f"{guide}, {kind}"] = theirs / ours
            reasons = ", ".join(f"{name} {n}" for name, n in handed_on.most_common()) or "none"
            print(
                f"{f'{guide}, {kind}':52} {len(valid_ones):6} {ours:10.1f} "
                f"{theirs / ours:10.3f}  {reasons} of {number}",
                flush=True,
                file=table,
            )
    if not shares:
        raise NothingToRead("no valid line is in any of the files")
    if options.json:
        print(json.dumps(shares))


if __name__ == "__main__":
    run_script(main)
