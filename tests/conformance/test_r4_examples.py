"""The 5,298 official R4 examples: our verdict beside the oracle's, differences listed one by one.

r4-examples-exceptions.tsv holds, for each example on which we differ: line, file, oracle's verdict,
reason.
"""

from __future__ import annotations

import csv
import gzip
import json
import pathlib
from collections.abc import Iterator

import pytest

from bulkfhir.validators import Block, Validator

SHARED = pathlib.Path(__file__).resolve().parents[2] / "../shared"
EXAMPLES = SHARED / "conformance/r4-examples.ndjson.gz"
LABELS = SHARED / "oracle/r4-examples.structure-only.jsonl.gz"
EXCEPTIONS = pathlib.Path(__file__).with_name("r4-examples-exceptions.tsv")
MOST_EXCEPTIONS = 2
"""Examples that may differ from the oracle; lower it whenever one is settled."""

pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(),
    reason="the R4 examples are not beside this checkout (../shared/conformance)",
)


def _out_of_scope() -> tuple[str, ...]:
    lines = (SHARED / "oracle/out-of-scope.txt").read_text().splitlines()
    return tuple(rule for rule in (line.partition("#")[0].strip() for line in lines) if rule)


def _labels() -> dict[int, bool | None]:
    """Line -> whether the oracle rejects it; None where its verdict is not counted.

    Lines that are not here are valid.
    """
    scope, found = _out_of_scope(), {}
    with gzip.open(LABELS, "rt") as file:
        next(file)
        for row in map(json.loads, file):
            ids = [error["id"] for error in row.get("errors", ())]
            uncounted = row["verdict"] == "either" or (
                bool(ids) and all(identity.startswith(scope) for identity in ids)
            )
            found[int(row["line"])] = None if uncounted else True
    return found


def _differences() -> Iterator[tuple[str, str]]:
    """(line number, oracle's verdict) of every example that we judge otherwise."""
    data, labels = gzip.decompress(EXAMPLES.read_bytes()), _labels()
    answer = Validator("structure-only").validate_block(Block(data))
    for position, number in enumerate(answer.numbers):
        rejected = labels.get(number + 1, False)
        if rejected is not None and rejected != (position in answer.failed):
            yield str(number + 1), "invalid" if rejected else "valid"


def test_every_difference_is_in_the_list_and_explained() -> None:
    with EXCEPTIONS.open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert sorted(_differences()) == sorted((row["line"], row["oracle"]) for row in rows)
    assert [row["line"] for row in rows if not row["reason"]] == []


def test_exceptions_only_shrink() -> None:
    assert len(EXCEPTIONS.read_text().splitlines()) - 1 <= MOST_EXCEPTIONS
