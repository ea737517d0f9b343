"""The bundled sample export: it is what its generator makes, and wrong exactly where it says."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from bulkfhir.validators import Block, Validator

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): content(path) for path in folder.rglob("*") if path.is_file()
    }


def test_sample_is_what_its_generator_makes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, FIXTURES / "make_sample.py", tmp_path / "sample"],
        check=True,
        capture_output=True,
    )
    assert files(tmp_path / "sample") == files(FIXTURES / "sample")
    assert (tmp_path / "sample-defects.tsv").read_bytes() == (
        FIXTURES / "sample-defects.tsv"
    ).read_bytes()


def test_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in (FIXTURES / "sample").rglob("*")) < 1_500_000


@pytest.mark.parametrize("level", ["strict", "structure-only"])
def test_validator_finds_the_defects_of_the_sample_and_no_others(level: str) -> None:
    """The list is also what HL7's validator says of every line."""
    with (FIXTURES / "sample-defects.tsv").open(encoding="utf-8", newline="") as rows:
        expected = {
            (row["file"], int(row["line"]))
            for row in csv.DictReader(rows, delimiter="\t")
            if row["verdict"] == "invalid"
        }
    validator, found = Validator(level), set()
    for path in (FIXTURES / "sample").glob("*.ndjson*"):
        if path.name != "log.ndjson":
            verdicts = validator.validate_block(Block(content(path)))
            found |= {(path.name, verdicts.numbers[position] + 1) for position in verdicts.failed}
    assert found == expected
