"""What a long line costs: a Binary of a hundred megabytes is one value, and no reason to hold it
many times over.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bulkfhir.validators import Block, Validator

MEGABYTES = 64


def binary(megabytes: int) -> bytes:
    data = b"AAAA" * (megabytes << 18)
    return b'{"resourceType":"Binary","id":"a","contentType":"a/b","data":"' + data + b'"}\n'


def most_memory(file: Path) -> int:
    """Megabytes that ``bulkfhir validate`` took at the most."""
    command = [sys.executable, "-m", "bulkfhir", "validate", "-q", "--workers", "1", str(file)]
    child = os.posix_spawn(command[0], command, dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_maxrss >> (20 if sys.platform == "darwin" else 10)


@pytest.mark.native
def test_a_long_value_is_held_no_more_than_three_times(tmp_path: Path) -> None:
    small, large = tmp_path / "small.ndjson", tmp_path / "large.ndjson"
    small.write_bytes(binary(1))
    large.write_bytes(binary(MEGABYTES))
    assert most_memory(large) - most_memory(small) < 3 * MEGABYTES


@pytest.mark.native
def test_the_acceptor_judges_it() -> None:
    verdicts = Validator("structure-only").validate_block(Block(binary(17)))
    assert (verdicts.failed, verdicts.fallbacks) == (frozenset(), {})
