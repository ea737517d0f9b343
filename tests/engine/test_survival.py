"""Survival: workers are killed, the parent is killed, the disk fills up; nothing is lost, doubled
or left running.
"""

from __future__ import annotations

import concurrent.futures
import io
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulkfhir.engine import JobStatus, import_job
from bulkfhir.engine.errors import NotFound
from bulkfhir.engine.job_terms.job_folder import WORK

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("toys")]

JOB = "f" * 32
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"


def options(**more):
    return {"judge": "toy", "job_id": JOB, "workers": 2} | more


def lines_of(patient, count, **at):
    """``count`` patients; ``at`` maps a number to its extra members."""
    return [
        patient(str(number), **at.get(f"n{number}", {}), text="x" * 50) for number in range(count)
    ]


@pytest.fixture
def expected(write, patient, tree, tmp_path):
    """The logs of a job that nothing happened to, for lines with the given members."""

    def of(lines):
        source = write("calm/a.ndjson", lines)
        import_job(source, tmp_path / "calm-out", **options(workers=1))
        return {
            name: data
            for name, data in tree(tmp_path / "calm-out" / FOLDER).items()
            if name != "Manifest.json"
        }

    return of


def logs(tree, folder):
    return {name: data for name, data in tree(folder).items() if name != "Manifest.json"}


def test_a_killed_worker_loses_and_doubles_nothing(
    write, patient, tree, tmp_path, workers_left, expected
):
    flag = tmp_path / "killed"
    lines = lines_of(patient, 300, n150={"kill": str(flag)})
    result = import_job(
        write("in/a.ndjson", lines), tmp_path / "out", **options(shard_bytes=2000, sink="ndjson")
    )
    assert flag.exists()
    assert result.status == JobStatus.COMPLETED
    assert result.manifest.resources_imported == 300
    files = logs(tree, tmp_path / "out" / FOLDER)
    stored = b"".join(data for name, data in sorted(files.items()) if name.startswith("resources/"))
    assert stored == b"".join(line + b"\n" for line in lines)
    assert {
        name: data for name, data in files.items() if not name.startswith("resources/")
    } == expected(lines)
    assert workers_left() == []


def test_a_shard_that_always_kills_its_worker_is_given_up_and_the_rest_imported(
    write, patient, rows, tmp_path, workers_left
):
    lines = lines_of(patient, 40, n20={"die": 1})
    size = sum(len(line) + 1 for line in lines)
    result = import_job(
        write("in/a.ndjson", lines),
        tmp_path / "out",
        **options(shard_bytes=size // 4, sink="ndjson"),
    )
    assert result.status == JobStatus.COMPLETED_WITH_ERRORS
    success = {row["lineId"] for row in rows(tmp_path / "out" / FOLDER / "SUCCESS/a.ndjson")}
    lost = set(range(1, 41)) - success
    assert 21 in lost
    assert len(lost) <= 12
    assert lost == set(range(min(lost), max(lost) + 1))
    assert max(success) == 40
    (failure,) = rows(tmp_path / "out" / FOLDER / "FAILURE/a.ndjson")
    assert "lineId" not in failure
    assert failure["UpdateResourceResponse"]["statusCode"] == 500
    assert "the worker process died 3 times" in json.dumps(failure)
    manifest = result.manifest
    assert (
        manifest.files_read_with_server_error,
        manifest.resources_with_server_error,
        manifest.resources_scanned,
    ) == (1, len(lost), 40)
    stored = b"".join(
        path.read_bytes() for path in (tmp_path / "out" / FOLDER / "resources").rglob("*.ndjson")
    )
    assert stored.count(b"\n") == len(success)
    assert workers_left() == []


SCRIPT = """
import sys
from bulkfhir.engine import import_job
source, output, job_id, workers, shard_bytes = sys.argv[1:6]
sizes = {"workers": int(workers), "shard_bytes": int(shard_bytes)}
result = import_job(source, output, judge="toy", job_id=job_id, sink="ndjson", **sizes)
print(result.status, result.manifest.resources_imported if result.manifest else result.message)
"""


def start(tmp_path, *arguments, stdin=None):
    """The job in a plain script, without a guard, in a process group of its own."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        command,
        **pipes,
        stdin=stdin,
        start_new_session=True,
        cwd=tmp_path,
        preexec_fn=_hear_interrupts,
    )


def test_a_plain_script_without_a_guard_works(write, patient, tmp_path):
    source = write("in/a.ndjson", lines_of(patient, 100))
    process = start(tmp_path, source, tmp_path / "out", JOB, 2, 2000)
    out, err = process.communicate(timeout=180)
    assert out == "COMPLETED 100\n", err
    assert gone(process.pid)


def test_a_script_from_standard_input_works(write, patient, tmp_path):
    source = write("in/a.ndjson", lines_of(patient, 20))
    command = [sys.executable, "-", str(source), str(tmp_path / "out"), JOB, "2", "500"]
    done = subprocess.run(
        command,
        input=SCRIPT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=tmp_path,
    )
    assert done.stdout == "COMPLETED 20\n", done.stderr


def gone(group, patience=60.0):
    """Whether every process of a session has ended, after some patience."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if not members(group):
            return True
        time.sleep(0.05)
    return False


def members(session):
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def wait_for(condition, patience=120.0):
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("name", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_job_leaves_no_process_and_is_resumed_to_the_same_bytes(
    write, held, gate, tree, tmp_path, expected, name
):
    lines = held(100, **{f"n{number}": {"bad": 1} for number in range(0, 100, 9)})
    source = write("in/a.ndjson", lines)
    folder = tmp_path / "out" / FOLDER
    process = start(tmp_path, source, tmp_path / "out", JOB, 2, 1000)
    wait_for(lambda: len(list((folder / WORK).glob("0*.json"))) >= 3)
    process.send_signal(name)
    process.communicate(timeout=120)
    assert process.returncode != 0
    assert gone(process.pid)
    assert not (folder / "Manifest.json").exists()
    finished = {path.name: path.stat().st_mtime_ns for path in (folder / WORK).glob("0*.json")}
    assert finished
    gate.touch()
    seen = []
    result = import_job(
        source,
        tmp_path / "out",
        **options(workers=1, resume=True, sink="ndjson", on_progress=seen.append),
    )
    assert result.status == JobStatus.COMPLETED_WITH_ERRORS
    assert seen[0].shards_done >= len(finished)
    files = logs(tree, folder)
    stored = b"".join(data for path, data in sorted(files.items()) if path.startswith("resources/"))
    assert stored == b"".join(line + b"\n" for number, line in enumerate(lines) if number % 9)
    assert {
        path: data for path, data in files.items() if not path.startswith("resources/")
    } == expected(lines)


def test_standard_input_is_still_there_when_the_job_is_resumed(
    write, held, gate, tree, tmp_path, tmp_path_factory, expected, monkeypatch
):
    lines = held(100)
    piped = write("in/stdin.ndjson", lines)
    folder = tmp_path / "out" / FOLDER
    temporary = tmp_path_factory.mktemp("t")  # short: a socket's path is made from it
    monkeypatch.setenv("TMPDIR", str(temporary))
    with piped.open("rb") as standard_input:
        process = start(tmp_path, "-", tmp_path / "out", JOB, 2, 1000, stdin=standard_input)
    wait_for(lambda: len(list((folder / WORK).glob("0*.json"))) >= 3)
    process.kill()
    process.communicate(timeout=120)
    assert gone(process.pid)
    assert not list(temporary.glob("bulkfhir-*"))
    gate.touch()
    result = import_job("-", tmp_path / "out", **options(workers=1, resume=True, sink="ndjson"))
    assert result.manifest.resources_imported == 100
    files = logs(tree, folder)
    assert files["SUCCESS/stdin.ndjson"] == expected(lines)["SUCCESS/a.ndjson"]
    assert not (folder / WORK).exists()


def test_a_copy_of_standard_input_does_not_stay_where_the_job_does_not_begin(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"{}\n")))
    with pytest.raises(NotFound):
        import_job(["-", tmp_path / "nowhere"], tmp_path / "out", **options())
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_job_that_stopped_between_reading_and_publishing_is_resumed(
    write, patient, tree, tmp_path, expected
):
    """All shards finished, a half-written log, no Manifest: the state between two stages."""
    lines = lines_of(patient, 50, n7={"bad": 1})
    source = write("in/a.ndjson", lines)
    folder = tmp_path / "out" / FOLDER

    class AllRead:
        def is_set(self):
            return (
                len(list((folder / WORK).glob("0*.json")))
                == len(list((folder / WORK).glob("0*.SUCCESS")))
                > 10
            )

    result = import_job(
        source, tmp_path / "out", **options(workers=1, shard_bytes=300, cancel=AllRead())
    )
    assert result.status == JobStatus.CANCEL_COMPLETED
    (folder / "SUCCESS").mkdir(exist_ok=True)
    (folder / "SUCCESS/.a.ndjson.x.partial").write_bytes(b"half")
    result = import_job(source, tmp_path / "out", **options(workers=1, resume=True))
    assert result.manifest.resources_imported == 49
    assert logs(tree, folder) == expected(lines)


def test_a_job_is_resumed_only_as_it_was_begun(write, patient, tmp_path):
    source = write("in/a.ndjson", lines_of(patient, 5))
    failing = import_job(
        source, tmp_path / "out", **options(workers=1, on_progress=lambda progress: 1 / 0)
    )
    assert failing.status == JobStatus.FAILED
    with pytest.raises(
        Exception, match="begun with level 'strict' and cannot be resumed with 'minimal'"
    ):
        import_job(source, tmp_path / "out", **options(resume=True, level="minimal"))
    with pytest.raises(Exception, match="begun with the source"):
        import_job(write("in/b.ndjson", []), tmp_path / "out", **options(resume=True))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_fails_the_job_with_the_reason_and_publishes_no_half_file(
    write, patient, tmp_path, workers
):
    """A limit on the size of files stands for the disk: every write beyond it fails, in the workers
    too.
    """
    source = write("in/a.ndjson", lines_of(patient, 3000))
    script = textwrap.dedent(f"""
        import resource
        from bulkfhir.engine import import_job
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))
        places = {str(source)!r}, {str(tmp_path / "out")!r}
        result = import_job(*places, judge="toy", job_id={JOB!r}, workers={workers})
        print(result.status, result.message)
    """)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=tmp_path,
    )
    assert done.stdout.startswith("FAILED cannot write the output: "), done.stderr
    assert "File too large" in done.stdout
    folder = tmp_path / "out" / FOLDER
    assert not (folder / "Manifest.json").exists()
    assert not list((folder / "SUCCESS").glob("*"))
    assert not list(folder.rglob("*.partial"))
    result = import_job(source, tmp_path / "out", **options(resume=True))
    assert result.manifest.resources_imported == 3000


def test_records_of_workers_reach_the_parents_handlers(write, patient, tmp_path, caplog):
    source = write("in/a.ndjson", lines_of(patient, 4, n2={"log": "hello"}))
    import_job(source, tmp_path / "out", **options(shard_bytes=100))
    (message,) = [
        record.getMessage() for record in caplog.records if record.name == "bulkfhir.toys"
    ]
    assert message.startswith("hello from process ")
    assert not message.endswith(f" {os.getpid()}")


def test_main_is_given_back_after_a_job(write, patient, tmp_path):
    main = sys.modules["__main__"]
    import_job(write("in/a.ndjson", lines_of(patient, 4)), tmp_path / "out", **options())
    assert sys.modules["__main__"] is main


def test_jobs_side_by_side_do_not_disturb_each_other(write, patient, tmp_path, workers_left):
    """Threads of one program, as the endpoint's: one pool each, one forkserver for all, gone after
    the last.
    """
    source = write("in/a.ndjson", lines_of(patient, 60, n30={"log": "x"}))
    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        jobs = [
            threads.submit(
                import_job,
                source,
                tmp_path / "out",
                **options(job_id=str(number) * 32, shard_bytes=1000),
            )
            for number in range(3)
        ]
        assert [job.result().manifest.resources_imported for job in jobs] == [60, 60, 60]
    assert workers_left() == []


def test_the_start_method_stays_the_callers_to_choose(write, patient, tmp_path):
    source = write("in/a.ndjson", lines_of(patient, 5))
    script = textwrap.dedent(f"""
        import multiprocessing
        from bulkfhir.engine import import_job
        places = {str(source)!r}, {str(tmp_path / "out")!r}
        import_job(*places, judge="toy", workers=2, shard_bytes=100)
        multiprocessing.set_start_method("spawn")
        print("chosen")
    """)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=tmp_path,
    )
    assert done.stdout == "chosen\n", done.stderr


def _hear_interrupts() -> None:
    """For a child: whoever runs the tests in the background has SIGINT ignored, and children
    inherit that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
