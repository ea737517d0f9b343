"""Lines that the acceptor doubts are explained in one pass instead of two: the verdict is the
same.
"""

from __future__ import annotations

import gzip
import pathlib
from itertools import islice

import pytest

from bulkfhir.validators import Validator

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUTATED = ROOT.parent / "shared/ndjson/mutated-r4.ndjson.gz"


def compared(lines, **options):
    """How many of the lines failed; each is judged both ways."""
    quick, doubtful = Validator(native=False, **options), Validator(native=False, **options)
    failed = 0
    for line in lines:
        verdict = quick.validate(line)
        assert doubtful._validate_doubtful(line, None) == verdict
        failed += verdict.failed
    assert doubtful.undecided == quick.undecided
    return failed


@pytest.mark.parametrize("level", ["strict", "structure-only", "minimal"])
def test_a_doubtful_line_has_the_same_issues_and_the_same_codes_undecided(level):
    lines = [
        line
        for path in sorted((ROOT / "fixtures/sample").glob("*.ndjson"))
        for line in path.read_bytes().splitlines()
        if line.strip()
    ]
    assert compared(lines, level=level)


def test_the_same_of_mutated_lines_of_every_type():
    if not MUTATED.exists():
        pytest.skip("../shared/ndjson is not here")
    with gzip.open(MUTATED) as lines:
        assert compared(islice(lines, 0, None, 40), level="structure-only") > 200


@pytest.mark.parametrize("unknown_profile", ["error", "warning", "ignore"])
def test_an_unknown_profile_counts_the_same(unknown_profile):
    line = b'{"resourceType":"Patient","id":"p","meta":{"profile":["http://example.org/StructureDefinition/nobody-knows"]}}'
    assert compared([line], unknown_profile=unknown_profile) == (unknown_profile == "error")
