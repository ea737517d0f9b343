"""What `bulkfhir bench` shows a person: figures with digits, and of a sample what each of them is
about.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from bulkfhir.engine.cli.bench_tables import show_bench
from bulkfhir.engine.figures.amount import figure
from tests.engine.cli.test_cli import BAD, GOOD, bulkfhir, elsewhere, write

__all__ = ["bulkfhir", "elsewhere"]


@pytest.mark.long
def test_the_table_of_a_sample_tells_it_from_the_start_and_the_whole(bulkfhir):
    given = [
        "bench",
        write("in/a.ndjson", *[GOOD, BAD] * 50),
        "--level",
        "minimal",
        "--sample",
        "1%",
        "-q",
    ]
    table = bulkfhir(*given, "--output-file", "now.json", "--json")
    assert table.code == 0
    document = json.loads(Path("now.json").read_text())
    (trial,) = document["trials"]
    whole = trial["prediction"]
    assert whole["linesPerSecond"] == whole["lines"] / whole["wallSeconds"]
    assert whole["linesPerCpuSecond"] == whole["lines"] / whole["cpuSeconds"]
    assert whole["megabytesPerSecond"] == document["bytes"] / 1e6 / whole["wallSeconds"]
    stages = sum(spent["cpuSeconds"] for spent in trial["stages"].values())
    start = trial["stages"]["start"]["cpuSeconds"]
    assert whole["sampleCpuSeconds"] == pytest.approx(stages - start)
    out = io.StringIO()
    show_bench(document, out)
    sample, of_start, predicted = (
        line for line in out.getvalue().splitlines()[3:6] if line.startswith("minimal  ")
    )
    assert "sample, warm" in sample
    assert f"{whole['sampleCpuSeconds']:,.2f}" in sample
    assert f" {100 / whole['sampleCpuSeconds']:,.0f} " in sample
    assert of_start.split() == ["minimal", "start", "1", f"{whole['startCpuSeconds']:,.2f}"]
    assert "whole, predicted" in predicted
    assert f"{whole['cpuSeconds']:,.2f}" in predicted
    assert figure(whole["linesPerCpuSecond"]) in predicted.split()


def test_a_speed_far_below_one_megabyte_a_second_has_digits():
    trial = {"level": "strict", "workers": 1, "lines": 20, "memoryBytes": 1, "linesPerSecond": 2.5}
    trial |= {"workerMemoryBytes": 2e6, "megabytesPerSecond": 0.0213, "linesPerCpuSecond": 3.75}
    trial |= {"wallSeconds": 8, "cpuSeconds": 5, "slots": [], "stages": {}, "waitingSeconds": 1}
    trial |= {"listSeconds": 1, "workSeconds": 1, "publishSeconds": 1, "reasons": {}}
    out = io.StringIO()
    document = {"files": 1, "bytes": 12_345, "sample": None}
    show_bench({**document, "trials": [{**trial, "prediction": None}]}, out)
    head, *rows = out.getvalue().splitlines()
    assert head == "1 file, 0.0123 MB"
    assert rows[2].split() == ["strict", *"1 20 2.50 0.0213 3.75 8.00 5.00 2".split()]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (0.00012345, "0.000123"),
        (0.99, "0.990"),
        (1.234, "1.23"),
        (99.96, "100.0"),
        (123.4, "123"),
        (12_811.4, "12,811"),
        (-1.5, "-1.50"),
    ],
)
def test_a_figure_has_three_digits_or_its_whole_part(number, shown):
    assert figure(number) == shown
