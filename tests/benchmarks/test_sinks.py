"""The short form of benchmarks/sinks.py: each sink over some lines once, and over twice as many."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_sink_is_measured_at_every_size(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "benchmarks/sinks.py",
            ROOT / "fixtures/sample/Condition.ndjson",
            *("--copies", "1", "2", "--rounds", "1", "--folder", tmp_path),
            *("--only", "--sink ndjson", "--sink parquet"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    rows = [row.strip("| ").split(" | ") for row in done.stdout.splitlines()[2:]]
    assert [row[1] for row in rows] == ["--sink ndjson", "--sink parquet"] * 2
    few, parquet, many, _ = ([float(row[place]) for place in (0, 2, 4, 7)] for row in rows)
    assert many[0] > 1.9 * few[0] > 0
    assert few[1] > parquet[1]
    assert min(few[2], parquet[2], few[3], parquet[3]) > 0
    assert rows[0][5].startswith("1.00 ")
