"""What 50 Describe calls a second cost a running job: the CPU time of the job and of the endpoint,
with and without them, in turn.

    python benchmarks/describe_load.py --input FILE.ndjson [--rate 50] [--level LEVEL] [--workers N]
    [--rounds N] > result.json

The job's CPU time is that of its process and of its pool; the endpoint's is that of the server
alone. The client is not counted.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from arguments import LEVELS, Parser, above, lines, run_script, whole_number
from inputs import find_files

DATASTORE = "0123456789abcdef0123456789abcdef"
END = {"COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED"}


@dataclass(frozen=True)
class Run:
    """One job. ``describes`` are the calls answered while it ran."""

    loaded: bool
    wall_seconds: float
    job_cpu_seconds: float
    endpoint_cpu_seconds: float
    describes: int


class Client:
    """The API over one connection that stays open, as an SDK holds it."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)
        self._connection.connect()
        self._connection.sock.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )  # as SDKs do: headers and body go out at once

    def __call__(self, operation: str, **members: object) -> dict:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"HealthLake.{operation}",
        }
        self._connection.request("POST", "/", json.dumps(members), headers)
        response = self._connection.getresponse()
        body = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(body)
        return body


def cpu(pid: int) -> tuple[float, float]:
    """(own, of all children that have ended) CPU seconds of a process: proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks, (int(fields[13]) + int(fields[14])) / ticks


def run_job(server: subprocess.Popen, address: str, level: str, rate: float) -> Run:
    """Runs one job to its end; with a rate, Describe is called so often until then."""
    client = Client(address)
    own, children = cpu(server.pid)
    output = {"S3Configuration": {"S3Uri": "s3://out-bucket/", "KmsKeyId": "alias/any"}}
    role = "arn:aws:iam::123456789012:role/any"
    source = {"S3Uri": "s3://in-bucket/"}
    began = time.perf_counter()
    job_id = client(
        "StartFHIRImportJob",
        DatastoreId=DATASTORE,
        InputDataConfig=source,
        JobOutputDataConfig=output,
        DataAccessRoleArn=role,
        ValidationLevel=level,
    )["JobId"]
    stop = threading.Event()
    counted = [0]
    caller = threading.Thread(target=call, args=(address, job_id, rate, stop, counted))
    if rate:
        caller.start()
    while True:
        time.sleep(1)
        status = client("DescribeFHIRImportJob", DatastoreId=DATASTORE, JobId=job_id)[
            "ImportJobProperties"
        ]["JobStatus"]
        if status in END:
            break
    wall = time.perf_counter() - began
    stop.set()
    if rate:
        caller.join()
    while (
        cpu(server.pid)[1] == children
    ):  # the last state is written a moment before the process is gone
        time.sleep(0.05)
    if status == "FAILED":
        raise RuntimeError(f"job {job_id} failed")
    own_after, children_after = cpu(server.pid)
    return Run(bool(rate), wall, children_after - children, own_after - own, counted[0])


def call(address: str, job_id: str, rate: float, stop: threading.Event, counted: list[int]) -> None:
    """Describes a job at an even rate."""
    client = Client(address)
    due = time.perf_counter()
    while not stop.is_set():
        client("DescribeFHIRImportJob", DatastoreId=DATASTORE, JobId=job_id)
        counted[0] += 1
        due += 1 / rate
        time.sleep(max(0.0, due - time.perf_counter()))


def summary(runs: list[Run]) -> dict[str, float]:
    """Medians, and the two shares that matter."""
    quiet, loaded = ([run for run in runs if run.loaded is state] for state in (False, True))

    def median(chosen: list[Run], name: str) -> float:
        return statistics.median(getattr(run, name) for run in chosen)

    extra = median(loaded, "endpoint_cpu_seconds") - median(quiet, "endpoint_cpu_seconds")
    return {
        "describes_a_second": statistics.median(run.describes / run.wall_seconds for run in loaded),
        "job_cpu_seconds_quiet": median(quiet, "job_cpu_seconds"),
        "job_cpu_seconds_loaded": median(loaded, "job_cpu_seconds"),
        "job_cpu_change": median(loaded, "job_cpu_seconds") / median(quiet, "job_cpu_seconds") - 1,
        "endpoint_cpu_seconds_for_describes": extra,
        "endpoint_share_of_job_cpu": extra / median(loaded, "job_cpu_seconds"),
        "endpoint_cpu_ms_a_describe": 1000
        * extra
        / statistics.median(run.describes for run in loaded),
    }


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("--input", type=lines, required=True)
    parser.add_argument("--rate", type=above, default=50.0)
    parser.add_argument("--level", choices=LEVELS, default="structure-only")
    parser.add_argument("--workers", type=whole_number(), default=1)
    parser.add_argument("--rounds", type=whole_number(), default=3)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bulkfhir-describe-load-"))
    (folder / "s3" / "in-bucket").mkdir(parents=True)
    files = find_files(chosen.input)
    for file in files:
        shutil.copy(file, folder / "s3" / "in-bucket")
    command = [
        sys.executable,
        "-c",
        "from bulkfhir.engine.cli import main; main()",
        "serve",
        "--port",
        "0",
        "--quiet",
        "--workers",
        str(chosen.workers),
    ]
    command += [
        "--s3-root",
        str(folder / "s3"),
        "--state",
        str(folder / "jobs.db"),
        "--datastore",
        DATASTORE,
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder)
    runs: list[Run] = []
    try:
        assert server.stdout is not None
        address = server.stdout.readline().decode().split()[-1].removeprefix("http://")
        for _ in range(chosen.rounds):
            for rate in (0.0, chosen.rate):
                runs.append(run_job(server, address, chosen.level, rate))
                print(runs[-1], file=sys.stderr)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
        shutil.rmtree(folder)
    machine = {
        "machine": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
    }
    settings = {
        "input": chosen.input.name,
        "bytes": sum(file.stat().st_size for file in files),
        "level": chosen.level,
        "workers": chosen.workers,
        "rate": chosen.rate,
    }
    print(
        json.dumps(
            {
                "settings": settings,
                "machine": machine,
                "runs": [asdict(run) for run in runs],
                "summary": summary(runs),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    run_script(main)
