"""Many files: what a plan and the driver of a job keep does not grow with the files as records do;
``many_files.py`` measures a million.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from bulkfhir.engine.sharding.checkpoint import Checkpoint
from bulkfhir.engine.storage.local import LocalStorage

pytestmark = pytest.mark.long

PROGRAM = Path(__file__).with_name("many_files.py")
STEPS = ("plan", "records", "merge", "run")


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What the steps came to: of 30 files, of 3,000, and of one of 100 GB."""
    found = {}
    for files, size in ((30, 5_000_000), (3_000, 5_000_000), (1, 10**11)):
        given = [*STEPS, "--files", str(files), "--bytes", str(size)]
        place = ["--folder", str(tmp_path_factory.mktemp("many"))]
        done = subprocess.run(
            [sys.executable, PROGRAM, *given, *place], capture_output=True, text=True, check=True
        )
        found[files] = {line["step"]: line for line in map(json.loads, done.stdout.splitlines())}
    return found


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("files", [3_000, 1])
def test_memory_is_that_of_a_small_job_and_a_few_bytes_a_shard(measured, files, step):
    few, many = measured[30][step], measured[files][step]
    assert many["peak MB"] - few["peak MB"] < 40


@pytest.mark.parametrize("step", ["merge", "run"])
@pytest.mark.parametrize("files", [30, 3_000, 1])
def test_every_file_and_line_is_counted(measured, files, step):
    found = measured[files][step]
    assert (found["status"], found["files"]) == ("COMPLETED_WITH_ERRORS", files)
    size = 10**11 if files == 1 else 5_000_000 * files
    assert found["scanned"] == pytest.approx(size // 1_000, rel=1e-3)


def test_a_group_that_is_done_takes_few_bytes_while_its_record_waits(tmp_path):
    checkpoint, storage = Checkpoint(str(tmp_path)), LocalStorage()
    for number in range(500):
        for part in ("FAILURE", "SUCCESS", "causes", "json", "keys"):
            storage.put(f"{checkpoint.work_folder}/{number}.{part}", b"1234567")
    checkpoint._groups(None)  # what it imports is held for good
    tracemalloc.start()
    groups = checkpoint._groups(None)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [group.number for group in groups] == [*range(500)]
    assert held / 500 - len(groups[0].uri) < 300  # with a dict for each 365
