"""The 5,298 official R4 examples: our verdict beside the oracle's, differences listed one by one.

r4-examples-exceptions.tsv holds, for each example on which we differ: line, file, oracle's verdict,
reason.
"""

from __future__ import annotations

import csv
import gzip
import json
import pathlib
from collections.abc import Callable

import pytest
from isal import igzip

from tests.conftest import Judge

SHARED = pathlib.Path(__file__).resolve().parents[2] / "../shared"
EXAMPLES = SHARED / "conformance/r4-examples.ndjson.gz"
LABELS = SHARED / "oracle/r4-examples.structure-only.jsonl.gz"
EXCEPTIONS = pathlib.Path(__file__).with_name("r4-examples-exceptions.tsv")
PARTS = 16
"""So many tests share the examples, so that processes may."""
LONGEST_PROVEN = 8192
"""Bytes of the longest line that is judged again and again until its shapes are known: nine
examples in ten, a seventh of the bytes.
"""
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


@pytest.fixture(scope="module")
def examples() -> list[bytes]:
    return igzip.decompress(EXAMPLES.read_bytes()).rstrip(b"\n").split(b"\n")


@pytest.fixture(scope="module")
def labels() -> dict[int, bool | None]:
    return _labels()


def _explained() -> list[dict[str, str]]:
    with EXCEPTIONS.open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("part", range(PARTS), ids=lambda part: f"part-{part + 1}-of-{PARTS}")
def test_every_difference_is_in_the_list(
    part: int,
    engine: str,
    judging: Callable[..., Judge],
    examples: list[bytes],
    labels: dict[int, bool | None],
) -> None:
    judge = judging("structure-only")
    asked, found = set(), {}
    for number in range(part + 1, len(examples) + 1, PARTS):
        line, rejected = examples[number - 1], labels.get(number, False)
        if rejected is None or (engine == "proven" and len(line) > LONGEST_PROVEN):
            continue
        asked.add(str(number))
        if judge.validate(line).failed != rejected:
            found[str(number)] = "invalid" if rejected else "valid"
    assert found == {row["line"]: row["oracle"] for row in _explained() if row["line"] in asked}


def test_every_difference_is_explained() -> None:
    assert [row["line"] for row in _explained() if not row["reason"]] == []


def test_exceptions_only_shrink() -> None:
    assert len(EXCEPTIONS.read_text().splitlines()) - 1 <= MOST_EXCEPTIONS
