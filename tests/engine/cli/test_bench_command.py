"""`bulkfhir bench`: what it prints, its exit codes, comparing two runs, and what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.engine.cli.test_cli import BAD, GOOD, bulkfhir, elsewhere, write
from tests.engine.conftest import bucket, s3, s3_client, s3_environment, s3_storages
from tests.engine.test_survival import gone, wait_for
from tests.holding import holding

pytestmark = pytest.mark.long

__all__ = ["bucket", "bulkfhir", "elsewhere", "s3", "s3_client", "s3_environment", "s3_storages"]


@pytest.fixture
def temporary(tmp_path_factory, monkeypatch):
    """Where temporary files go."""
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def export():
    write("in/a.ndjson", *[GOOD, BAD] * 50)
    return "in"


@pytest.fixture
def unmeasured(monkeypatch):
    """Whatever is run is a failure of the test."""

    def run_apart(*_arguments):
        pytest.fail("something was measured")

    monkeypatch.setattr("bulkfhir.engine.measuring.trial_process.run_apart", run_apart)


def test_each_level_with_each_number_of_workers_is_a_row_and_nothing_is_left(
    bulkfhir, export, temporary
):
    before = sorted(Path.cwd().rglob("*"))
    result = bulkfhir("bench", export, "--level", "minimal", "--workers", "1,2")
    assert result.code == 0
    rows = [line.split() for line in result.out.splitlines()]
    assert [row[:3] for row in rows if row[:1] == ["minimal"] and row[1].isdecimal()] == [
        ["minimal", "1", "100"],
        ["minimal", "2", "100"],
    ]
    for stage in ("start", "read", "accept", "write", "commit", "publish", "waiting"):
        assert any(row[:1] == [stage] for row in rows), stage
    assert "2 workers" in result.out
    assert "times as fast as 1" in result.out
    assert result.err.count("\n") == 2
    assert sorted(Path.cwd().rglob("*")) == before
    assert list(temporary.iterdir()) == []


def test_a_sample_of_two_levels_as_json_a_plot_and_a_comparison(bulkfhir, export):
    measure = ["bench", export, "--level", "Minimal,structure-only", "--sample", "1%", "-q"]
    first = bulkfhir(*measure, *("--workers", "1,8", "--json", "--plot", "plot.svg"))
    assert (first.code, first.err) == (0, "")
    document = json.loads(first.out)
    assert [trial["level"] for trial in document["trials"]] == ["minimal", "structure-only"]
    assert set(document["trials"][0]["prediction"]["wallSecondsByWorkers"]) == {"1", "8"}
    picture = ET.fromstring(Path("plot.svg").read_text())
    assert picture.tag.endswith("svg")
    assert "minimal, 1 worker" in Path("plot.svg").read_text()

    Path("before.json").write_text(first.out)
    compare = [*measure[:2], "--level", "minimal", "--sample", "1%", "--compare", "before.json"]
    same = bulkfhir(*compare, "--tolerance", "100000%")
    assert same.code == 0
    assert "lines a CPU second" in same.err
    assert "regression" not in same.err

    document["trials"][0]["prediction"]["cpuSeconds"] /= 1000
    Path("before.json").write_text(json.dumps(document))
    assert "lines a second, predicted  " in same.err
    assert "lines a CPU second, predicted  " in same.err
    assert "memory of the largest process  " in same.err

    worse = bulkfhir(*compare, "--tolerance", "900%", "--output-file", "now.txt")
    assert worse.code == 1
    assert worse.err.count("regression") == 1
    assert "lines a CPU second" in worse.err
    assert "predicted by" in Path("now.txt").read_text()

    write("in/b.ndjson", GOOD)
    other = bulkfhir(*compare)
    assert other.code == 2
    assert "only measurements of the same inputs can be compared" in other.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.ndjson"], 2, "no such file or folder"),
        (["empty"], 4, "nothing to read"),
        ([], 2, "Missing argument"),
        (["-"], 2, "read more than once"),
        (["in", "--level", "stern"], 2, "stern: no such level"),
        (["in", "--workers", "1,none"], 2, "a whole number above 0"),
        (["in", "--workers", "0"], 2, "a whole number above 0"),
        (["in", "--sample", "0%"], 2, "more than 0"),
        (["in", "--sample", "200%"], 2, "not more than 100"),
        (["in", "--sample", "some"], 2, "a percentage is wanted"),
        (["in", "--compare", "x", "--tolerance", "x"], 2, "a percentage is wanted"),
        (["in", "--compare", "gone.json"], 2, "No such file"),
        (["in", "--compare", "in/a.ndjson"], 2, "no result of"),
        (["in", "--sink", "nowhere", "--workers", "1"], 2, "no such sink"),
        (["in", "--package", "gone.tgz", "--workers", "1"], 2, "gone.tgz"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_work_is_one_sentence(bulkfhir, export, arguments, code, said):
    Path("empty").mkdir()
    result = bulkfhir("bench", *arguments, "-q")
    assert result.code == code
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert result.out == ""


def result_of(*trials, **given):
    """Write an earlier result of these (level, workers) as JSON; return its name."""
    size = sum(path.stat().st_size for path in Path("in").iterdir())
    figures = {"executor": "local", "lines": 1, "prediction": None, "memoryBytes": 1}
    figures |= {"wallSeconds": 1, "cpuSeconds": 1, "workerMemoryBytes": 1}
    made = [{"level": level, "workers": workers, **figures} for level, workers in trials]
    told = {"files": 1, "bytes": size, "sample": None, "seed": None, **given}
    Path("before.json").write_text(json.dumps({**told, "trials": made}))
    return "before.json"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--plot nowhere/x.svg", "--plot nowhere/x.svg: No such file or directory"),
        ("--plot x --output-file ./x", "x: --plot and --output-file name one file"),
        ("--plot before.json --compare before.json", "--plot and --compare name one file"),
        ("--tolerance 5%", "--tolerance is of use with --compare only"),
        ("--seed 3", "--seed is of use with --sample only"),
        (
            "--compare before.json --level minimal,structure-only --workers 1",
            "strict, 2 workers, this one of minimal, 1 worker; structure-only, 1 worker: no trial",
        ),
        ("--compare before.json --level strict --workers 4", "no trial is in both"),
        ("--compare before.json --sample 1%", "the earlier measurement has sample None"),
    ],
)
def test_what_would_come_to_nothing_at_the_end_is_told_before_anything_is_measured(
    bulkfhir, export, unmeasured, arguments, said
):
    result_of(("strict", 1), ("strict", 2))
    before = sorted(Path.cwd().iterdir())
    result = bulkfhir("bench", export, "-q", *arguments.split())
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert sorted(Path.cwd().iterdir()) == before


def test_a_pipe_is_drawn_into_once(bulkfhir, export):
    os.mkfifo("plot")
    command = ["bench", export, "--level", "minimal", "--workers", "1", "-q", "--plot", "plot"]
    with subprocess.Popen(["cat", "plot"], stdout=subprocess.PIPE, text=True) as reader:
        assert bulkfhir(*command).code == 0
        assert reader.communicate()[0].startswith("<svg")


def test_a_tolerance_by_default_says_nothing_without_a_comparison(bulkfhir, export, monkeypatch):
    monkeypatch.setenv("BULKFHIR_TOLERANCE", "5%")
    assert bulkfhir("bench", export, "--level", "minimal", "--workers", "1", "-q").code == 0


def test_a_pipe_is_refused(bulkfhir):
    os.mkfifo("pipe")
    result = bulkfhir("bench", "pipe")
    assert result.code == 2
    assert "read more than once" in result.err


def test_jobs_from_bucket_to_bucket_stay_and_those_of_a_sample_do_not(bulkfhir, bucket, s3):
    name = bucket.removeprefix("s3://")
    s3.put_object(Bucket=name, Key="in/a.ndjson", Body="\n".join([GOOD, BAD] * 50).encode())

    def keys():
        return [one["Key"] for one in s3.list_objects_v2(Bucket=name, Prefix="out/")["Contents"]]

    given = ["bench", f"{bucket}/in/", "-o", f"{bucket}/out/", "--level", "minimal", "-q"]
    whole = bulkfhir(*given, "--workers", "1", "--json")
    assert whole.code == 0
    assert json.loads(whole.out)["trials"][0]["lines"] == 100
    assert sum(key.endswith("Manifest.json") for key in keys()) == 1
    before = keys()
    assert bulkfhir(*given, "--sample", "5%").code == 0
    assert keys() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_the_command_and_its_trial(number, export, temporary, tmp_path):
    """A trial hangs no test: whoever ends the command ends the trial's process and its workers. One
    of them stands still before it writes, so that the trial has not ended.
    """
    command = [sys.executable, "-m", "bulkfhir", "bench", export, "--workers", "2"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, **holding(".SUCCESS.", tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for((tmp_path / "held").exists)
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == {2: 130, 15: 143, 9: -9}[number]
    if number != signal.SIGKILL:
        word = "interrupted" if number == signal.SIGINT else "terminated"
        assert err.splitlines()[-1] == f"bulkfhir: {word}"
    assert gone(process.pid)
    assert not [path for path in temporary.iterdir() if path.name.startswith("bulkfhir-tmp-")]
