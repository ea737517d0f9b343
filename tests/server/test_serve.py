"""``bulkfhir serve`` as a process: the order of jobs, kills, restarts, cancelling, shutdown."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.engine.judging.test_chosen_packages import package
from tests.server.conftest import (
    DATASTORE,
    GOOD,
    OTHER_DATASTORE,
    Served,
    finished,
    start_request,
    wait_for,
)

pytestmark = pytest.mark.long

PLAN = ".work/.plan.json"
"""What a job opens in its own thread before it reads and hears of anything."""
LINES = 600
MANY = b"".join(b'{"resourceType":"Patient","id":"p%d"}\n' % number for number in range(LINES))


@pytest.fixture
def serve(tmp_path):
    """A function that starts the server again and again on one folder."""
    servers = []

    def start(*options, **more):
        servers.append(
            Served(
                tmp_path, "--datastore", DATASTORE, "--datastore", OTHER_DATASTORE, *options, **more
            )
        )
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            standing = job_processes(server)
            server.end(signal.SIGKILL)
            for pid in standing:
                with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
                    os.kill(pid, signal.SIGCONT)  # it sees that its server is gone, and ends


def job(client, job_id, datastore=DATASTORE):
    return client.describe_fhir_import_job(DatastoreId=datastore, JobId=job_id)[
        "ImportJobProperties"
    ]


def parents():
    """Process -> parent, of all there are; by /proc where there is one, which starts no process."""
    if Path("/proc/self/stat").exists():
        found = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it may end meanwhile
                fields = status.read_text().rpartition(")")[2].split()
                found[int(status.parent.name)] = int(fields[1])
        return found
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    return {int(line.split()[0]): int(line.split()[1]) for line in listed if line.strip()}


def job_processes(server):
    """The processes that run the server's jobs: its own children, not their pools."""
    return [pid for pid, parent in parents().items() if parent == server.process.pid]


def children(pid):
    """Processes below this one, however deep."""
    all_parents, found = parents(), {pid}
    while more := {child for child, parent in all_parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # it has ended, or ends while it is looked at
        return False


def test_ten_jobs_on_two_data_stores_run_in_order_one_at_a_time_each(serve):
    server = serve(held=PLAN)
    server.put("data/good.ndjson", GOOD)
    client = server.client()
    ids = {DATASTORE: [], OTHER_DATASTORE: []}
    for number in range(10):
        datastore = (DATASTORE, OTHER_DATASTORE)[number % 2]
        ids[datastore].append(client.start_fhir_import_job(**start_request(datastore))["JobId"])
    both = wait_for(
        lambda: all(
            any(job(client, one, store)["JobStatus"] == "IN_PROGRESS" for one in ids[store])
            for store in ids
        ),
        "both at once",
    )
    assert both
    # an answer SUBMITTED means only that the runner has not looked at it yet
    waiting = wait_for(
        lambda: (status := job(client, ids[DATASTORE][-1])["JobStatus"]) != "SUBMITTED" and status,
        "the last job's turn in the queue",
    )
    assert waiting == "QUEUED"
    server.let_go()
    for datastore, expected in ids.items():
        ended = [finished(client, one, datastore) for one in expected]
        assert {one["JobStatus"] for one in ended} == {"COMPLETED"}
        state = json.loads(jobs_command(server, "list", "--datastore", datastore, "--json"))
        begun = {
            one["JobId"]: (one["SubmitTime"], one["EndTime"])
            for one in state["ImportJobPropertiesList"]
        }
        ends = [begun[one][1] for one in expected]
        assert ends == sorted(ends)
    with urllib.request.urlopen(f"{server.url}/api/jobs") as answer:
        shown = {one["JobId"]: one for one in json.load(answer)["jobs"]}
    for expected in ids.values():
        for before, after in itertools.pairwise(expected):
            assert shown[before]["EndTime"] <= shown[after]["begun"]


def jobs_command(server, *arguments):
    command = [
        sys.executable,
        "-c",
        "from bulkfhir.engine.cli import main; main()",
        "jobs",
        "--state",
        str(server.folder / "jobs.db"),
        *arguments,
    ]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=server.folder
    ).stdout


def in_the_middle(server, client, processes=1):
    """The id of a job that has begun to write and stands still, of one that waits for it, and the
    process of the first. The server holds what opens ``data/more.ndjson``, the second file.

    processes   of the first job, at least: its own and its pool's
    """
    for name in ("many", "more"):
        server.put(f"data/{name}.ndjson", MANY)
    first, second = (
        client.start_fhir_import_job(**start_request(JobName=name))["JobId"]
        for name in ("first", "second")
    )
    work = server.root / "out-bucket" / "results" / f"{DATASTORE}-FHIR_IMPORT-{first}" / ".work"
    wait_for(server.is_held, "a worker at the second file")
    (process,) = job_processes(server)
    os.kill(process, signal.SIGSTOP)
    assert any(path.is_dir() for path in work.iterdir())  # with the parts of the first file
    assert len(children(server.process.pid)) >= processes
    server.let_go()  # a worker may go on: it is the job's process that ends the job
    assert job(client, first)["JobStatus"] == "IN_PROGRESS"
    return first, second, process


def outcome(server, client, job_id):
    """(state, resources imported, lines of the SUCCESS log) of a job, once it has ended."""
    ended = finished(client, job_id)
    folder = server.root / ended["JobOutputDataConfig"]["S3Configuration"]["S3Uri"].removeprefix(
        "s3://"
    )
    lines = sum(log.read_bytes().count(b"\n") for log in (folder / "SUCCESS").iterdir())
    assert not (folder / ".work").exists()
    return ended["JobStatus"], ended["JobProgressReport"]["TotalNumberOfResourcesImported"], lines


def test_after_kill_9_and_restart_no_job_is_lost_and_no_process_is_left(serve):
    server = serve("--workers", "2", held="data/more.ndjson")
    first, second, process = in_the_middle(server, server.client(), processes=2)
    left = children(server.process.pid)
    server.end(signal.SIGKILL)
    os.kill(process, signal.SIGCONT)
    wait_for(lambda: not any(alive(pid) for pid in left), "the end of the killed server's jobs")
    stale = Path(
        server.root
        / "out-bucket"
        / "results"
        / f"{DATASTORE}-FHIR_IMPORT-{first}"
        / "FAILURE"
        / "stale.ndjson"
    )
    stale.parent.mkdir(exist_ok=True)
    stale.write_text("of the first attempt")
    again = serve()
    client = again.client()
    assert job(client, second)["JobStatus"] == "QUEUED"
    assert outcome(again, client, first) == ("COMPLETED", 2 * LINES, 2 * LINES)
    assert not stale.exists()
    assert outcome(again, client, second) == ("COMPLETED", 2 * LINES, 2 * LINES)
    assert job(client, first)["EndTime"] <= job(client, second)["EndTime"]


def terminated(pid):
    """Whether SIGTERM waits for a process that stands still."""
    pending = re.search(
        r"^ShdPnd:\s*([0-9a-f]+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE
    )
    return int(pending[1], 16) & 1 << (signal.SIGTERM - 1)


def test_sigterm_interrupts_what_runs_and_the_next_start_runs_it(serve):
    server = serve(held="data/more.ndjson")
    first, second, process = in_the_middle(server, server.client())
    left = children(server.process.pid)
    server.process.send_signal(signal.SIGTERM)
    wait_for(lambda: terminated(process), "the runner's word to the job")
    os.kill(process, signal.SIGCONT)
    assert server.process.wait(180) == 0
    wait_for(lambda: not any(alive(pid) for pid in left), "the end of the server's jobs")
    listed = json.loads(jobs_command(server, "list", "--json"))["ImportJobPropertiesList"]
    assert {one["JobId"]: one["JobStatus"] for one in listed} == {first: "QUEUED", second: "QUEUED"}
    again = serve()
    assert outcome(again, again.client(), first) == ("COMPLETED", 2 * LINES, 2 * LINES)
    assert outcome(again, again.client(), second) == ("COMPLETED", 2 * LINES, 2 * LINES)


def test_cancel_drains_a_running_job_and_the_next_one_begins(serve):
    server = serve(held=PLAN)
    client = server.client()
    server.put("data/many.ndjson", MANY)
    first, second = (client.start_fhir_import_job(**start_request())["JobId"] for _ in range(2))
    wait_for(server.is_held, "the job at its plan")
    assert jobs_command(server, "cancel", first) == f"{first} CANCEL_SUBMITTED\n"
    assert job(client, first)["JobStatus"] == "CANCEL_SUBMITTED"
    server.let_go()
    ended = finished(client, first)
    assert (ended["JobStatus"], "EndTime" in ended) == ("CANCEL_COMPLETED", True)
    folder = f"out-bucket/results/{DATASTORE}-FHIR_IMPORT-{first}"
    assert not list((server.root / folder).glob(".work"))
    assert outcome(server, client, second) == ("COMPLETED", LINES, LINES)


@pytest.mark.parametrize("ends", [signal.SIG_DFL, signal.SIG_IGN], ids=["default", "ignored"])
def test_a_job_whose_process_dies_has_failed_and_says_how(serve, ends):
    before = signal.signal(signal.SIGCHLD, ends)  # who starts a server hands that on to it
    try:
        server = serve(held=PLAN)
    finally:
        signal.signal(signal.SIGCHLD, before)
    client = server.client()
    server.put("data/many.ndjson", MANY)
    job_id = client.start_fhir_import_job(**start_request())["JobId"]
    wait_for(server.is_held, "the job at its plan")
    (process,) = job_processes(server)
    os.kill(process, signal.SIGKILL)
    ended = finished(client, job_id)
    assert (ended["JobStatus"], ended["Message"]) == (
        "FAILED",
        "The import process ended with signal 9 before the job was done",
    )


def test_a_second_server_on_the_same_state_file_is_refused(serve, tmp_path):
    serve()
    with pytest.raises(AssertionError, match="runs the jobs of"):
        serve()


def test_the_log_is_one_json_object_a_line(serve):
    server = serve("--log-format", "json")
    server.put("data/good.ndjson", GOOD)
    client = server.client()
    job_id = client.start_fhir_import_job(**start_request())["JobId"]
    finished(client, job_id)
    server.end()
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (started,) = [line for line in lines if line.get("operation") == "StartFHIRImportJob"]
    assert (started["status"], len(started["request_id"]), started["level"]) == (200, 36, "info")
    assert [
        line["status"] for line in lines if line.get("job_id") == job_id and "status" in line
    ] == ["COMPLETED"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--require-auth"], "needs --credentials"),
        (["--datastore", "a/b"], "up to 32 letters"),
        (["--state", "/dev/null/jobs.db"], "cannot be used"),
        (["--host", "192.0.2.1", "--without-auth"], "assign requested address"),
        (["--host", "0.0.0.0"], "lets everybody in who can reach it"),
        (["--page-token-file", "/dev/null"], "--page-token-file"),
    ],
)
def test_options_that_cannot_work_are_one_line_and_exit_code_2(tmp_path, arguments, message):
    command = [
        sys.executable,
        "-c",
        "from bulkfhir.engine.cli import main; main()",
        "serve",
        "--port",
        "0",
        "--state",
        str(tmp_path / "jobs.db"),
        *arguments,
    ]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=180
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert message in ended.stderr


def test_a_bare_profile_url_means_the_version_that_its_data_store_names(serve, tmp_path):
    url = "http://example.org/StructureDefinition/p"
    line = {"resourceType": "Patient", "id": "a", "meta": {"profile": [url]}}
    packages = [package(tmp_path, "1.0.0", 1), package(tmp_path, "2.0.0", 0)]
    server = serve("--package", packages[0], "--package", packages[1])
    server.put("data/p.ndjson", json.dumps(line).encode())
    client = server.client()
    profiles = {"DefaultProfiles": ["example#2.0.0"]}
    lenient = client.create_fhir_datastore(
        DatastoreTypeVersion="R4", ProfileConfiguration=profiles
    )["DatastoreId"]
    for datastore, status in ((DATASTORE, "COMPLETED_WITH_ERRORS"), (lenient, "COMPLETED")):
        request = start_request(datastore, ValidationLevel="strict")
        job_id = client.start_fhir_import_job(**request)["JobId"]
        assert finished(client, job_id, datastore)["JobStatus"] == status
