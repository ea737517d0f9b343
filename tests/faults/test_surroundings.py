"""What surrounds a command breaks: streams, limits, the server of worker processes. Each end is one
sentence and a code that says whose fault it was.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bulkfhir.engine import JobStatus, import_job, validate_files
from bulkfhir.engine.cli.program import run

pytestmark = pytest.mark.usefixtures("toys")

GOOD = '{"resourceType":"Patient","id":"good"}\n'
BULKFHIR = Path(sys.executable).parent / "bulkfhir"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    return subprocess.run(
        ["/bin/sh", "-c", command.replace("bulkfhir", str(BULKFHIR), 1)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )


def write_patients(folder: Path, count: int, **members: object) -> None:
    patients = ({"resourceType": "Patient", "id": f"p{n}", **members} for n in range(count))
    (folder / "a.ndjson").write_text("\n".join(map(json.dumps, patients)))


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("bulkfhir --help >/dev/full", 3, "bulkfhir: standard output: No space left on device\n"),
        ("bulkfhir --version >&-", 0, ""),
        ("bulkfhir validate a.ndjson --workers 1 <&- >&- 2>&-", 0, ""),
        (
            "bulkfhir validate a.ndjson --workers 1 >/dev/full",
            3,
            "bulkfhir: standard output: No space left on device\n",
        ),
        ("bulkfhir validate - <&-", 4, "bulkfhir: -: standard input is closed\n"),
        ("bulkfhir validate nowhere 2>/dev/full", 2, ""),
    ],
)
def test_a_stream_that_is_closed_or_full_is_one_sentence(tmp_path, command, code, said) -> None:
    (tmp_path / "a.ndjson").write_text(GOOD)
    ended = shell(command, tmp_path)
    assert (ended.returncode, ended.stderr) == (code, said)


def test_too_few_open_files_are_the_users_to_mend(tmp_path) -> None:
    (tmp_path / "a.ndjson").write_text(GOOD)
    ended = shell("ulimit -n 12; bulkfhir validate a.ndjson --workers 2", tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "raise the limit of open files (ulimit -n), or choose one worker" in ended.stderr


def test_a_daemonic_process_works_with_one_worker_and_says_so(
    tmp_path, monkeypatch, caplog
) -> None:
    (tmp_path / "a.ndjson").write_text(GOOD)
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    with validate_files(tmp_path / "a.ndjson", judge="toy", workers=2) as validation:
        assert list(validation) == []
    assert "there is one worker" in caplog.text


def test_a_killed_fork_server_costs_no_line(tmp_path) -> None:
    gate = tmp_path / "gate"  # the job has not ended before the server was killed
    lines = [json.dumps({"resourceType": "Patient", "id": f"p{n}"}) for n in range(60)]
    lines[40] = json.dumps({"resourceType": "Patient", "id": "p40", "await": str(gate)})
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    killed: list[int] = []

    def kill(progress) -> None:
        server = multiprocessing.forkserver._forkserver._forkserver_pid
        if not killed and progress.report.resources_scanned and server:
            os.kill(server, signal.SIGKILL)
            killed.append(server)
            gate.touch()

    job = import_job(
        tmp_path / "a.ndjson",
        tmp_path / "out",
        judge="toy",
        workers=2,
        shard_bytes=200,
        on_progress=kill,
    )
    assert killed
    assert job.status is JobStatus.COMPLETED
    assert job.progress.resources_imported == 60


def test_a_defect_of_ours_is_code_3_with_its_place_and_without_a_value(
    tmp_path, monkeypatch, capsys, caplog
) -> None:
    name = "Zoe"

    def broken(*_arguments, **_options):
        raise ZeroDivisionError(name)

    monkeypatch.setattr("bulkfhir.engine.validation.open_validation", broken)
    (tmp_path / "a.ndjson").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    try:
        assert run(["validate", "a.ndjson"]) == 3
    finally:
        logging.getLogger("bulkfhir").handlers.clear()
        logging.getLogger("bulkfhir").propagate = True
    said = capsys.readouterr().err
    assert said.endswith("bulkfhir: internal error: ZeroDivisionError; please report it\n")
    assert "test_surroundings.py" in said
    assert name not in said + caplog.text


@pytest.mark.parametrize("workers", [1, 2])
def test_a_crash_of_a_validator_is_logged_with_its_place_and_counted(
    tmp_path, caplog, monkeypatch, workers
) -> None:
    # Other tests of this process may have broken the same toy already.
    monkeypatch.setattr("bulkfhir.validators.verdicts.crash_log._seen", Counter())
    lines = [
        json.dumps({"resourceType": "Patient", "id": f"p{n}", "crash": "Zoe"}) for n in range(9)
    ]
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    job = import_job(
        tmp_path / "a.ndjson", tmp_path / "out", judge="toy", workers=workers, shard_bytes=100
    )
    assert job.summary.totals.server_errors == 9
    assert "the validation of a line broke" in caplog.text
    assert "bulkfhir_toys.py" in caplog.text
    assert "KeyError" in caplog.text
    assert "Zoe" not in caplog.text


def test_records_of_workers_reach_the_parent(tmp_path, caplog) -> None:
    lines = [{"resourceType": "Patient", "id": f"p{n}"} for n in range(40)]
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    lines[0] |= {"mark": one, "await": other}  # as long as one worker reads this,
    lines[10] |= {"mark": other, "await": one}  # another has to read that
    (tmp_path / "a.ndjson").write_text("\n".join(map(json.dumps, lines)))
    caplog.set_level(logging.DEBUG, "bulkfhir")
    import_job(tmp_path / "a.ndjson", tmp_path / "out", judge="toy", workers=2, shard_bytes=300)
    shards = [record for record in caplog.records if record.getMessage().startswith("shard ")]
    assert len({record.process for record in shards} - {os.getpid()}) == 2
