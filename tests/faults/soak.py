#!/usr/bin/env python3
"""A soak of ``bulkfhir serve``: many clients, rude connections and kills for half an hour; every
job ends as it has to, and the server stays as large as it was.

usage: python -m tests.faults.soak [--minutes 30] [--clients 8] [--seed 0]

Clients start jobs, describe and list them, read the job page and outcome files; some jobs are
cancelled, of some a process is killed. Others connect and send nothing, half of something, garbage,
or do not read what they asked for. A line of figures is printed every minute: memory (MB), open
files, threads and processes of the server, jobs so far. At the end stands a table of what was done
to jobs and how they ended; exits with 1 where a job or a figure is not as it has to be.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from botocore.config import Config

from tests.faults import rudeness
from tests.faults.random_kills import members
from tests.server.conftest import Served, start_request

ACTIONS = ("left alone", "worker killed", "cancelled", "job killed")
_ENDED = ("COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCEL_COMPLETED")
_LONGEST = 600.0
"""Seconds that one job may take, with all those that wait before it."""
_BUSY = 60.0
"""Seconds for which a client asks again where the server has no connection for it."""
_QUIET = 30.0
"""Seconds after which nothing may be left of what was going on: idle connections end within 8."""
_ROOM = 1.10
"""How much larger the server's median memory may be in the last third than in the second."""


@dataclass
class Soak:
    """One server, what is done to it, and what came of it.

    wanted   name of an input -> status, and digest of the outcomes, of an undisturbed job
    ends     (what was done to a job, its status) -> how many
    faults   what was not as it has to be
    """

    server: Served
    stores: list[str]
    wanted: dict[str, tuple[str, str]] = field(default_factory=dict)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    samples: list[tuple[float, int, int, int]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def client(self) -> Any:
        """Return a client that asks again where the server has no connection for it."""
        return boto3.client(
            "healthlake",
            endpoint_url=self.server.url,
            region_name="us-east-1",
            aws_access_key_id="access",
            aws_secret_access_key="secret",
            config=Config(retries={"mode": "standard", "total_max_attempts": 12}),
        )

    def learn(self, inputs: list[str]) -> None:
        """Run every input once, undisturbed, and remember how it ends."""
        client = self.client()
        for name in inputs:
            job = self._started(client, self.stores[0], name)
            properties = self._waited(client, self.stores[0], job)
            self.wanted[name] = properties["JobStatus"], self._taken(job, self.stores[0])
            if properties["JobStatus"] not in ("COMPLETED", "COMPLETED_WITH_ERRORS"):
                raise SystemExit(f"{name}, undisturbed: {properties}")

    def use(self, number: int) -> None:
        """Be one client until the soak is over."""
        chosen = random.Random(f"client {number}")
        client, store = self.client(), self.stores[number % len(self.stores)]
        while not self.over.is_set():
            name = chosen.choice(list(self.wanted))
            action = chosen.choices(ACTIONS, (5, 2, 1, 1))[0]
            try:
                self._one_job(client, store, name, action, chosen)
            except Exception as error:  # noqa: BLE001  # a client goes on, and what it met is told
                self.faults.append(f"{name}, {action}: {type(error).__name__}: {error}")

    def _one_job(
        self, client: Any, store: str, name: str, action: str, chosen: random.Random
    ) -> None:
        job = self._started(client, store, name)
        disturb = {
            "cancelled": self._cancel,
            "job killed": lambda job: self._kill(job, "driver"),
            "worker killed": lambda job: self._kill(job, "worker"),
        }.get(action)
        properties = self._waited(client, store, job, disturb, chosen)
        status, outcomes = properties["JobStatus"], self._taken(job, store)
        self.ends[action, status] += 1
        right = (status, outcomes) == self.wanted[name]
        if action == "cancelled":
            right = right or status == "CANCEL_COMPLETED"
        elif action == "job killed":
            right = right or (status == "FAILED" and "signal 9" in properties["Message"])
        if not right:
            self.faults.append(f"{name}, {action}: {properties}")

    def _started(self, client: Any, store: str, name: str) -> str:
        request = start_request(store, f"s3://in-bucket/{name}/", ValidationLevel="structure-only")
        job: str = client.start_fhir_import_job(**request)["JobId"]
        return job

    def _waited(
        self,
        client: Any,
        store: str,
        job: str,
        disturb: Callable[[str], bool] | None = None,
        chosen: random.Random | None = None,
    ) -> dict[str, Any]:
        """Describe a job until it has ended, as a user would; disturb it once it runs."""
        until = time.monotonic() + _LONGEST
        while time.monotonic() < until:
            found: dict[str, Any] = client.describe_fhir_import_job(DatastoreId=store, JobId=job)
            properties: dict[str, Any] = found["ImportJobProperties"]
            if properties["JobStatus"] in _ENDED:
                return properties
            if disturb is not None and properties["JobStatus"] == "IN_PROGRESS":
                time.sleep(chosen.uniform(0, 1.0) if chosen else 0)
                disturb = None if disturb(job) else disturb
            if chosen is not None and chosen.random() < 0.3:
                client.list_fhir_import_jobs(DatastoreId=store, MaxResults=10)
                self.read("/api/jobs", f"/api/jobs/{job}", "/metrics", "/healthz")
            time.sleep(0.1)
        raise TimeoutError(f"job {job} did not end in {_LONGEST:g} s")

    def read(self, *paths: str) -> None:
        """Read pages, as a browser would."""
        for path in paths:
            self._ask(urllib.request.Request(self.server.url + path))

    def _cancel(self, job: str) -> bool:
        headers = {"x-bulkfhir-page": "1"}
        address = f"{self.server.url}/api/jobs/{job}/cancel"
        return self._ask(urllib.request.Request(address, method="POST", headers=headers)) or True

    def _ask(self, request: urllib.request.Request) -> None:
        """Ask until there is an answer: a rude client may just hold all connections."""
        until = time.monotonic() + _BUSY
        while True:
            try:
                urllib.request.urlopen(request, timeout=60).read()
                return
            except urllib.error.HTTPError as error:
                if error.code == 409:  # the job that is to be cancelled has just ended
                    return
                if error.code != 503 or time.monotonic() > until:
                    raise
            time.sleep(0.5)

    def _kill(self, job: str, role: str) -> bool:
        """Kill a job's process, or one of its workers; return whether there was any."""
        for pid in processes_of(self.server.process.pid):
            with suppress(OSError):
                if job.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes():
                    continue
                workers = [one for one, (_, is_) in members(pid).items() if is_ == role]
                victims = [pid] if role == "driver" else workers
                for victim in victims[:1]:
                    os.kill(victim, signal.SIGKILL)
                    return True
        return False

    def _taken(self, job: str, store: str) -> str:
        """Return a digest of a job's outcomes, and remove its folder."""
        folder = self.server.root / f"out-bucket/results/{store}-FHIR_IMPORT-{job}"
        digest = hashlib.sha256()
        for path in sorted(folder.glob("[SF]*/*")):
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
        shutil.rmtree(folder, ignore_errors=True)
        return digest.hexdigest()

    def sample(self) -> None:
        """Note the server's memory in MB, open files, threads."""
        process = Path(f"/proc/{self.server.process.pid}")
        status = dict(
            line.split(":", 1) for line in (process / "status").read_text().splitlines() if line
        )
        files = len(list((process / "fd").iterdir()))
        memory = int(status["VmRSS"].split()[0]) // 1024
        self.samples.append((time.monotonic(), memory, files, int(status["Threads"])))

    def judge(self) -> None:
        """Add to the faults what of the figures is not as it has to be, once all is quiet."""
        third = len(self.samples) // 3
        before, after = (
            median(memory for _, memory, _, _ in part)
            for part in (self.samples[third : 2 * third], self.samples[2 * third :])
        )
        if after > before * _ROOM:
            self.faults.append(f"memory grew from {before} MB to {after} MB")
        self.faults += self.left()

    def left(self) -> list[str]:
        """Return what is there beyond what was there before the soak."""
        pid, before = self.server.process.pid, self.samples[0][2]
        stay = []
        if (files := len(list(Path(f"/proc/{pid}/fd").iterdir()))) > before + 10:
            stay.append(f"{files} files are open, {before} before")
        if processes := processes_of(pid):
            stay.append(f"processes stay: {processes}")
        if names := [path.name for path in (self.server.folder / "t").iterdir()]:
            stay.append(f"temporary files stay: {names}")
        return stay


def processes_of(parent: int) -> list[int]:
    """Return the living children of a process."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, above = status.read_text().rpartition(")")[2].split()[:2]
            if int(above) == parent and state != "Z":
                found.append(int(status.parent.name))
    return found


def make_inputs(server: Served, lines: int) -> list[str]:
    """Put inputs of every kind where the server finds them, the largest of so many lines; return
    their names.
    """
    patient = '{"resourceType":"Patient","id":"p%d","birthDate":"1980-02-%s"}\n'
    good = "".join(patient % (number, "28") for number in range(lines)).encode()
    bad = "".join(patient % (number, "31") for number in range(lines // 10)).encode()
    server.put("good/a.ndjson", good)
    server.put("small/a.ndjson", good[: len(good) // 100].rpartition(b"\n")[0])
    server.put("mixed/a.ndjson", good[: len(good) // 10].rpartition(b"\n")[0])
    server.put("mixed/b.ndjson.gz", gzip.compress(bad))
    server.put("broken/a.ndjson.gz", gzip.compress(good)[:-lines])
    server.put("broken/b.ndjson", bad)
    return ["good", "small", "mixed", "broken"]


def run(
    folder: Path,
    seconds: float,
    clients: int,
    seed: int,
    *,
    lines: int = 30_000,
    say: bool = False,
) -> Soak:
    """Soak a server for some time; return what came of it."""
    (folder / "t").mkdir()
    stores = [f"{number:032x}" for number in range(1, max(2, clients // 2) + 1)]
    options = [option for store in stores for option in ("--datastore", store)]
    server = Served(
        folder, *options, "--workers", "2", "-q", environment={"TMPDIR": str(folder / "t")}
    )
    soak = Soak(server, stores)
    try:
        soak.learn(make_inputs(server, lines))
        soak.sample()
        large = _keep_a_job(soak)
        threads = [threading.Thread(target=soak.use, args=(n,)) for n in range(clients)]
        rude = rudeness.Rudeness(server.url, large, random.Random(seed), soak.over)
        threads += [threading.Thread(target=rude.go_on) for _ in range(3)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            time.sleep(min(10.0, seconds / 10))
            soak.sample()
            if say and len(soak.samples) % 6 == 0:
                _, *figures = soak.samples[-1]
                print(f"{time.monotonic() - began:6.0f} s", *figures, sum(soak.ends.values()))
                sys.stdout.flush()
        soak.over.set()
        for thread in threads:
            thread.join(_LONGEST)
        _keep_a_job(soak)  # it still works, and removes what killed jobs left
        soak.ends.update({("rude", kind): count for kind, count in rude.done.items()})
        until = time.monotonic() + _QUIET
        while soak.left() and time.monotonic() < until:
            time.sleep(0.5)
        soak.sample()
        soak.judge()
    finally:
        soak.over.set()
        code = server.end()
    if code:
        soak.faults.append(f"the server ended with {code}: {server.log.read_text()[-2000:]}")
    return soak


def _keep_a_job(soak: Soak) -> str:
    """Run a job whose outcomes stay; return the address of its largest file."""
    client, store = soak.client(), soak.stores[0]
    job = soak._started(client, store, "good")
    soak._waited(client, store, job)
    return f"/jobs/{job}/files/SUCCESS/a.ndjson"


def table(soak: Soak) -> str:
    """Return what was done and how it ended, and every fault."""
    lines = [f"{'done':<16}{'ended':<26}{'times':>8}"]
    lines += [f"{what:<16}{end:<26}{count:>8}" for (what, end), count in sorted(soak.ends.items())]
    for place, name in ((1, "memory, MB"), (2, "open files"), (3, "threads")):
        values = [sample[place] for sample in soak.samples]
        lines.append(f"{name:<16}first {values[0]}, most {max(values)}, last {values[-1]}")
    return "\n".join([*lines, *soak.faults])


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = run(Path(folder), 60 * options.minutes, options.clients, options.seed, say=True)
        log = soak.server.log.read_text()
        print(f"the server's log: {len(log.splitlines())} lines")
        print(json.dumps(Counter(line[24:70] for line in log.splitlines()).most_common(8)))
    print(table(soak))
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())
