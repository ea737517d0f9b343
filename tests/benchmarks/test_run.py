"""The benchmarks run, and their figures hang together; how fast anything is they say themselves."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import Make

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
EXPLAINER = "structure-only, explainer alone"


def command(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    parts = [
        sys.executable,
        ROOT / "benchmarks/run.py",
        "--output",
        folder,
        "--peers",
        ROOT / "no peers",
        "--copies",
        "1",
        "2",
        "--rounds",
        "1",
        "--enough",
        "0.02",
        *arguments,
    ]
    return subprocess.run(
        [str(part) for part in parts], capture_output=True, text=True, check=False
    )


def benchmarks(folder: Path, *arguments: object) -> dict[str, Any]:
    done = command(folder, "--without-missing", *arguments)
    assert done.returncode == 0, done.stderr
    return {**json.loads((folder / "result.json").read_text()), "printed": done.stdout}


def rows(result: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """Candidate -> its row for an input."""
    return {row["candidate"]: row for row in result["candidates"] if row["input"] == name}


WHOLE = (
    "--input",
    ROOT / "fixtures/sample/Procedure.ndjson",
    "--only",
    EXPLAINER,
    "fhirkit-rs",
    "medplum",
    "HAPI",
    "--also",
    "claims",
    "structure-only",
    ROOT / "fixtures/sample/Condition.ndjson",
)
"""One round over a small file; the dirty ones are made from it."""


@pytest.fixture(scope="module")
def measured(once: Callable[[str, Make], Path]) -> Path:
    """The folder of a whole run, and ``found.json``: what it came to."""

    def make(folder: Path) -> None:
        found = benchmarks(folder, *WHOLE)
        found["plot"] = (folder / "speed.svg").read_text()
        (folder / "found.json").write_text(json.dumps(found))

    return once("benchmarks", make)


@pytest.fixture(scope="module")
def result(measured: Path) -> dict[str, Any]:
    return json.loads((measured / "found.json").read_text())


def test_every_candidate_goes_over_clean_and_dirty_lines(result: dict[str, Any]) -> None:
    assert [one["name"] for one in result["inputs"] if "sample" not in one["name"]] == [
        "clean",
        "narratives",
        "20 % dirty",
        "100 % dirty",
        "claims",
    ]
    for name in ("clean", "20 % dirty", "100 % dirty"):
        found = rows(result, name)
        assert found["orjson.loads"]["of_orjson"] == 1
        assert found[EXPLAINER]["lines_per_second"] > 0
        assert found["whole job"]["peak_mb"] > 0


def test_further_lines_are_measured_at_their_level(result: dict[str, Any]) -> None:
    clean = rows(result, "clean")[EXPLAINER]
    for name in ("narratives", "claims"):
        assert {"orjson.loads", EXPLAINER} == set(rows(result, name))
    told = rows(result, "narratives")[EXPLAINER]
    assert (told["lines"], told["verdicts"]) == (clean["lines"], clean["verdicts"])


def test_refused_lines_are_counted_beside_the_labels(result: dict[str, Any]) -> None:
    mixed, broken = rows(result, "20 % dirty"), rows(result, "100 % dirty")
    bad = mixed[EXPLAINER]["verdicts"]["bad"]
    assert 0 < bad == round(mixed[EXPLAINER]["lines"] / 5)
    assert mixed[EXPLAINER]["verdicts"] == {
        "refused": bad,
        "bad": bad,
        "caught": bad,
        "wrongly_refused": 0,
    }
    assert broken[EXPLAINER]["verdicts"] == mixed[EXPLAINER]["verdicts"]
    assert broken[EXPLAINER]["lines"] == bad
    assert mixed["orjson.loads"]["verdicts"]["caught"] < bad


def test_what_cannot_run_is_left_out_by_name(result: dict[str, Any]) -> None:
    assert (
        result["left_out"]["medplum"]
        == "node/node_modules/@medplum/core is not among the peers (--install)"
    )
    assert result["left_out"]["HAPI"] == "hapi/peer.jar is not among the peers (--install)"
    assert "medplum: left out" in result["printed"]


def test_a_peer_that_is_missing_ends_the_run(tmp_path: Path) -> None:
    done = command(tmp_path, "--only", "HAPI")
    assert done.returncode == 1
    assert "HAPI: hapi/peer.jar is not among the peers (--install)" in done.stderr


def test_sections_are_measured_once_unless_they_are_named(
    measured: Path, result: dict[str, Any], tmp_path: Path
) -> None:
    first, folder = result, shutil.copytree(measured, tmp_path / "again")
    assert f"clean: {EXPLAINER} / orjson.loads" in first["printed"].partition("narratives:")[0]
    again = benchmarks(folder, *WHOLE, "--sections", "narratives")
    assert again["jobs"] == first["jobs"]
    changed = [
        old["input"] for old, new in zip(first["runs"], again["runs"], strict=True) if old != new
    ]
    assert set(changed) == {"narratives"}
    more = benchmarks(folder, *WHOLE)
    assert more["runs"] == again["runs"]
    assert command(folder, *WHOLE, "--sections", "nothing").returncode == 2


def test_bars_are_ratios_of_what_was_measured(result: dict[str, Any]) -> None:
    found = {bar["text"]: bar for bar in result["bars"]}
    share = found[f"clean: {EXPLAINER} / orjson.loads"]
    assert share["reached"] == pytest.approx(rows(result, "clean")[EXPLAINER]["of_orjson"])
    assert share["met"] is (share["reached"] >= 0.1)
    assert found["profiled: strict / HAPI, warm, one core"]["reached"] is None


def test_jobs_grow_with_copies_and_workers(result: dict[str, Any]) -> None:
    clean = [job for job in result["jobs"] if job["input"] == "clean"]
    assert [(job["workers"], job["copies"], job["lines"]) for job in clean] == [
        (1, 1, 210),
        (1, 2, 420),
        (2, 1, 210),
        (2, 2, 420),
    ]
    assert all(pair["speedup"] > 0 for pair in result["pairs"])


def test_the_plot_has_a_bar_for_every_input(result: dict[str, Any]) -> None:
    drawn = ET.fromstring(result["plot"])
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "ours, no native acceptor" in texts
    bars = [
        row
        for row in result["candidates"]
        if row["candidate"] in (EXPLAINER, "whole job, start-up excluded")
        and row["input"] != "claims"  # in no plot
    ]
    legend = 7
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}rect"))) == legend + len(bars)


def test_labels_of_other_lines_are_refused(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl.gz"
    labels.write_bytes(
        gzip.compress(json.dumps({"settings": "a reference", "sha256": "0" * 64}).encode() + b"\n")
    )
    with pytest.raises(AssertionError, match="clean: the lines are not those that were labelled"):
        benchmarks(
            tmp_path, "--input", ROOT / "fixtures/sample/Procedure.ndjson", "--labels", labels
        )
