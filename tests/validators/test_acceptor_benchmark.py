"""The benchmark of validators runs, and its figures hang together; how fast anything is they say themselves."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_candidates_run_in_turn_and_what_cannot_run_is_named() -> None:
    command = [sys.executable, ROOT / "benchmarks/validators.py", "--input", ROOT / "fixtures/sample/Procedure.ndjson", "--rounds", "2"]
    names = ["structure-only, explainer alone", "jsonschema-rs"]
    result = json.loads(subprocess.run([*command, "--only", *names], capture_output=True, text=True, check=True).stdout)
    floor, explainer = result["candidates"]
    assert [run["candidate"] for run in result["runs"]] == ["orjson.loads", names[0]] * 2
    assert result["left_out"].keys() == {"jsonschema-rs"}
    assert floor["of_orjson"] == 1
    assert explainer["of_orjson"] < 1
    assert result["lines"] == 210
