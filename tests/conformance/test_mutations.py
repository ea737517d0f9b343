"""Small broken lines of our own mutator, each with the reference validator's verdict: one line for
every kind of mistake and rule seen.

fixtures/mutations/r4.ndjson holds the lines, r4.tsv beside it, line by line: verdict, kind of
mutation, type, the reference validator's message ids. Made by tests/oracle/mutate.py over generated
resources; nothing is needed to run this but the checkout.
"""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Callable

import pytest

from tests.conftest import Judge

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures/mutations"


def _lines() -> list[tuple[bytes, dict[str, str]]]:
    lines = (FIXTURES / "r4.ndjson").read_bytes().split(b"\n")[:-1]
    with (FIXTURES / "r4.tsv").open() as file:
        return list(zip(lines, csv.DictReader(file, delimiter="\t"), strict=True))


@pytest.fixture(scope="module")
def validator(judging: Callable[..., Judge]) -> Judge:
    return judging("structure-only")


def test_verdicts_are_the_reference_validators(validator: Judge) -> None:
    different = []
    for number, (line, row) in enumerate(_lines(), 1):
        rules = [issue.rule for issue in validator.validate(line).issues if issue.fails]
        if bool(rules) != (row["verdict"] == "invalid"):
            different.append(
                f"line {number} [{row['kind']}]: {row['verdict']} ({row['rules']}), ours: "
                f"{', '.join(rules) or 'valid'}"
            )
    assert different == []


def test_the_lines_show_many_kinds_of_mistake_in_most_types() -> None:
    rows = [row for _, row in _lines()]
    assert len({row["kind"] for row in rows}) >= 80
    assert len({row["resourceType"] for row in rows}) >= 100
