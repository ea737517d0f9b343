"""The hostile lines of the benchmark, few and small: what each costs in calls, which are counted,
where the benchmark measures milliseconds.
"""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bulkfhir.validators import Validator
from tests.call_counter import calls_of

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SIZES = (10, 60)
FAMILIES = (
    "patterns", "conditions", "filters", "codings", "histories", "documents", "contained",
    "narratives", "primitives", "definitions", "invariants", "slices",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("hostile")


@pytest.fixture(scope="module")
def validators(hostile: ModuleType) -> Iterator[dict[str, Validator]]:
    with hostile.packaged() as folder:
        yield {
            "structure-only": Validator("structure-only", native=False),
            "strict": Validator("strict", native=False, packages=[folder]),
        }


def calls(validator: Validator, line: bytes) -> int:
    """How many calls a verdict takes once its rules are compiled."""
    validator.validate(line)
    return calls_of(lambda: validator.validate(line))


def test_every_family_is_here(hostile: ModuleType) -> None:
    assert set(hostile.FAMILIES) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_line_takes_more_steps_than_its_length_allows(
    hostile: ModuleType, validators: dict[str, Validator], family: str
) -> None:
    """A call takes a tenth of a microsecond, and a line 50 ms, and 50 for each kilobyte."""
    validator = validators[hostile.LEVELS.get(family, "structure-only")]
    chance = random.Random(f"{family} 1")
    for size in SIZES:
        for made in hostile.FAMILIES[family](size, chance):
            line = json.dumps(made).encode()
            assert calls(validator, line) < 10_000 * hostile.allowed(len(line))
