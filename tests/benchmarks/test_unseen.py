"""The short form of benchmarks/unseen.py: lines that the process has not seen, beside orjson."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_file_is_measured():
    sample = ROOT / "fixtures/sample"
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "benchmarks/unseen.py",
            *(sample / "Patient.ndjson", sample / "Observation.ndjson.gz"),
            *("--lines", "20", "--rounds", "1"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    _, *rows = (row.split() for row in done.stdout.splitlines())
    assert [row[0] for row in rows] == ["Patient.ndjson", "Observation.ndjson.gz"]
    assert all(int(row[1]) >= 20 and float(row[2]) > 0 < float(row[3]) for row in rows)
