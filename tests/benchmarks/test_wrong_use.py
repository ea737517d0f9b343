"""The benchmark scripts, used wrongly: one line that names what is wrong, and an exit code, before
anything is measured.
"""

from __future__ import annotations

import gzip
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
GOOD = '{"resourceType":"Patient","id":"a"}'
SCRIPTS = {
    # each script that reads lines, and how it is told of them
    "arrow_beside.py": "{}",
    "describe_load.py": "--input {}",
    "guides.py": "{} --packages folder",
    "job_share.py": "{}",
    "round_trip.py": "{}",
    "run.py": "--output o --input {}",
    "sinks.py": "{}",
    "traits.py": "{}",
    "unseen.py": "{}",
}


@pytest.fixture
def script(tmp_path, monkeypatch, capsys):
    """Runs a script in this process, in a folder with some files: code, out, err."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    Path("good.ndjson").write_text(f"{GOOD}\n" * 3)
    Path("texts.ndjson").write_text('"text"\n[1]\n')
    Path("empty.ndjson").write_text("\n \n")
    Path("broken.ndjson.gz").write_bytes(gzip.compress(GOOD.encode())[:12])
    Path("plain.jsonl.gz").write_text("{}\n")
    Path("folder").mkdir()
    verdicts = [{"settings": "s", "sha256": None}, {"line": 9, "verdict": "invalid"}]
    text = "".join(json.dumps(one) + "\n" for one in verdicts)
    Path("labels.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    other = json.dumps({"settings": "s", "sha256": "0" * 64})
    Path("other.jsonl.gz").write_bytes(gzip.compress(other.encode()))

    def call(name: str, arguments: str) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", [name, *arguments.split()])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(BENCHMARKS / name), run_name="__main__")
        out, err = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=out, err=err)

    before = set(sys.modules)
    yield call
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCHMARKS)):
            del sys.modules[name]


def refused(done, name, code, *said):
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"{name}: ")
    assert len(done.err.splitlines()) == 1
    for each in said:
        assert each in done.err


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("nowhere.ndjson", 2, "no such file or folder"),
        ("broken.ndjson.gz", 2, "cannot be read"),
        ("empty.ndjson", 4, "no line is here"),
        ("folder", 4, "no line is here"),
    ],
)
def test_lines_that_are_not_there(script, name, path, code, said):
    refused(script(name, SCRIPTS[name].format(path)), name, code, path, said)


def test_every_script_that_takes_arguments_is_told_of_wrong_ones_in_one_place():
    for path in BENCHMARKS.glob("*.py"):
        assert path.name == "arguments.py" or "ArgumentParser(" not in path.read_text(), path.name


@pytest.mark.parametrize(
    ("name", "arguments", "code", "said"),
    [
        ("arrow_beside.py", "good.ndjson --level foo", 2, "'structure-only'"),
        ("arrow_beside.py", "good.ndjson --rounds 0", 2, "0: a whole number of 1 or more"),
        ("check_memory.py", "--references 9", 2, "9: a whole number of 10 or more"),
        ("check_memory.py", "--folder nowhere", 2, "nowhere: no such folder"),
        ("describe_load.py", "--input good.ndjson --rate 0", 2, "0: a number above 0"),
        ("guides.py", "good.ndjson --packages nowhere", 2, "nowhere: no such folder"),
        ("guides.py", "good.ndjson --packages folder", 2, "folder/good.tgz"),
        ("guides.py", "good.ndjson --packages folder --package x", 2, "folder/x.tgz"),
        ("hostile.py", "foo", 2, "'patterns'"),
        ("hostile.py", "--level foo", 2, "'structure-only'"),
        ("job_share.py", "good.ndjson --copies 1", 2, "1: a whole number of 2 or more"),
        ("job_share.py", "good.ndjson --level foo", 2, "'structure-only'"),
        ("own_values.py", "--lines 0", 2, "0: a whole number of 1 or more"),
        ("own_values.py", "--package x.tgz", 2, "x.tgz"),
        ("round_trip.py", "good.ndjson --level foo", 2, "'structure-only'"),
        ("sinks.py", "good.ndjson --only foo", 2, "'--sink ndjson'"),
        ("sinks.py", "good.ndjson --level foo", 2, "'structure-only'"),
        ("table_upserts.py", "--rows many", 2, "many: a whole number of 1 or more"),
        ("table_upserts.py", "--table foo", 2, "'iceberg', 'delta'"),
        ("traits.py", "good.ndjson --only foo", 2, "foo: no such trait; traits are a narrative"),
        ("traits.py", "good.ndjson --lines 0", 2, "0: a whole number of 1 or more"),
        ("traits.py", "texts.ndjson", 2, "texts.ndjson: a line of it is no resource"),
        ("unseen.py", "good.ndjson --level foo", 2, "'strict', 'structure-only', 'minimal'"),
        ("unseen.py", "good.ndjson nowhere", 2, "nowhere: no such file or folder"),
        ("unseen.py", "good.ndjson --package x.tgz", 2, "x.tgz"),
        ("unseen.py", "good.ndjson --labels plain.jsonl.gz", 2, "plain.jsonl.gz: this is no label"),
        ("unseen.py", "good.ndjson --labels labels.jsonl.gz", 4, "calls no line of it bad"),
    ],
)
def test_values_that_mean_nothing(script, name, arguments, code, said):
    refused(script(name, arguments), name, code, said)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("--input good.ndjson --sections x", 2, "no such section: x; sections are clean, narr"),
        ("--also x strict nowhere --sections x", 2, "--also x strict nowhere: nowhere: no such"),
        ("--also x strict empty.ndjson", 4, "empty.ndjson: no line is here"),
        ("--also x foo good.ndjson", 2, "levels are strict, structure-only, minimal"),
        ("--also x strict", 2, "NAME LEVEL FILE"),
        ("--also x strict good.ndjson x.tgz", 2, "x.tgz"),
        ("--also clean strict good.ndjson", 2, "another section has this name"),
        ("--also jobs strict good.ndjson", 2, "another section has this name"),
        ("--dirty good.ndjson", 2, "--dirty needs --dirty-labels"),
        ("--dirty-labels labels.jsonl.gz", 2, "--dirty-labels is of use with --dirty only"),
        ("--profiled-labels labels.jsonl.gz", 2, "is of use with --profiled only"),
        ("--guides good.ndjson", 2, "--guides needs --guide-packages"),
        ("--guides good.ndjson --guide-packages folder", 2, "folder/good.tgz"),
        ("--schema nowhere.json", 2, "nowhere.json: no such file"),
        ("--enough x", 2, "x: a number above 0"),
        ("--rounds 0", 2, "0: a whole number of 1 or more"),
        ("--output good.ndjson", 2, "--output good.ndjson"),
        ("--input good.ndjson --labels other.jsonl.gz", 2, "not those that were labelled"),
        ("--also x strict good.ndjson other.jsonl.gz", 2, "not those that were labelled"),
        ("--dirty good.ndjson --dirty-labels labels.jsonl.gz", 4, "call none of the lines bad"),
        ("--input good.ndjson --enough 0.02", 4, "3 good lines are too few to make dirty ones of"),
    ],
)
def test_a_whole_run_begins_with_nothing_that_is_wrong(script, arguments, code, said):
    done = script("run.py", f"--output o --peers none --without-missing {arguments}")
    refused(done, "run.py", code, said)
    assert not list(Path().glob("o/**/*.json"))


def test_a_library_that_is_not_installed(script, monkeypatch):
    monkeypatch.setattr("bulkfhir.engine.stored_tables.table_wish.find_spec", lambda _name: None)
    refused(script("table_upserts.py", "--rows 1"), "table_upserts.py", 2, "bulkfhir[iceberg]")


def test_sections_that_are_named_are_those_that_there_are(script):
    further = "--also x strict good.ndjson labels.jsonl.gz --traits --sections nothing"
    done = script("run.py", f"--output o {further}")
    names = "clean, narratives, 20 % dirty, 100 % dirty, x, x, valid, jobs, traits"
    refused(done, "run.py", 2, f"no such section: nothing; sections are {names}\n")
