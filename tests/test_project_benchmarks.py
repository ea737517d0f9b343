"""The benchmarks run, and their figures hang together; how fast anything is they say themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_import_job_benchmark_measures_every_candidate_each_round() -> None:
    command = [sys.executable, ROOT / "benchmarks/import_job.py", "--input", ROOT / "fixtures/sample/Procedure.ndjson", "--rounds", "2", "--workers", "1"]
    result = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    floor, job = result["candidates"]
    assert [run["candidate"] for run in result["runs"]] == [floor["candidate"], job["candidate"]] * 2
    assert floor["of_orjson_by_cpu"] == 1
    assert 0 < job["of_orjson_by_cpu"] < 1
    assert result["input"]["lines"] == 210
    assert job["cpu_seconds"] > floor["cpu_seconds"] > 0
