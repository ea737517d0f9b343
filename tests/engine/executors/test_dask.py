"""Dask: a job on the workers of a cluster, one of which dies, has the bytes of a local one."""

from __future__ import annotations

import json
import os
import platform
import threading
import time

import pytest

from bulkfhir.engine import ConfigurationError, JobStatus, import_job, validate_files
from bulkfhir.engine.cli.program import run
from bulkfhir.engine.executors import followed_runner
from tests.conftest import PLUGINS
from tests.late import Late, needs

pytestmark = [pytest.mark.usefixtures("toys"), needs("distributed", "it is in the extra 'dask'")]

distributed = Late("distributed")


@pytest.fixture(scope="module")
def workers():
    """Two workers with one thread each, as processes; a worker that dies is started again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PLUGINS))
        patch.setenv("PYTHONPATH", str(PLUGINS), prepend=os.pathsep)
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            host="127.0.0.1",
            worker_dashboard_address=None,
        ) as cluster:
            yield cluster


@pytest.fixture
def cluster(workers):
    """The address of their scheduler, of which this process has a client."""
    with distributed.Client(workers):
        yield workers.scheduler_address


def test_two_workers_one_of_which_dies(cluster, write, patient, tree, tmp_path, capsys):
    killed = tmp_path / "killed"
    for name in "ab":
        lines = [
            patient(f"{number}", **({"bad": 1} if number % 9 == 0 else {})) for number in range(150)
        ]
        write(f"data/{name}.ndjson", lines)
    write("data/c.ndjson", [patient("killer", kill=str(killed))])
    options = {"judge": "toy", "job_id": "j", "shard_bytes": 700}
    result = import_job(
        tmp_path / "data",
        tmp_path / "out",
        executor="dask",
        executor_options={"address": cluster},
        task_bytes=200_000,
        **options,
    )
    assert killed.exists()
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    there = tree(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "cluster")
    import_job(tmp_path / "data", tmp_path / "out", workers=1, **options)
    assert there == tree(tmp_path / "out")

    # The client that this process has already; findings in the order of the input.
    with validate_files(tmp_path / "data", judge="toy", executor="dask") as found:
        lines = [(one.file[-8:], one.line) for one in found]
    assert lines == [(f"{name}.ndjson", line) for name in "ab" for line in range(1, 151, 9)]

    command = ["validate", str(tmp_path / "data"), "--judge", "toy", "--output-format", "json"]
    code = run([*command, "--executor", "dask", "--executor-opt", f"address={cluster}", "-q"])
    assert code == 1
    assert len(json.loads(capsys.readouterr().out)["issues"]) == len(lines)


def test_no_cluster_is_one_sentence(write, patient, tmp_path):
    source = write("a.ndjson", [patient()])
    with pytest.raises(ConfigurationError, match="no Dask cluster"):
        import_job(source, tmp_path / "out", executor="dask")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "missing port number in address 'nonsense'"),
        ("http://host:8786", "unknown address scheme 'http'"),
        ("tls://127.0.0.1:8786", "needs certificates"),
    ],
    ids=["no-port", "no-such-scheme", "no-certificates"],
)
def test_an_address_that_is_none_is_refused_and_leaves_no_client(
    write, patient, tmp_path, monkeypatch, address, said
):
    """A client that was made of it would be waited for, a minute long, when the process ends."""
    monkeypatch.delattr(distributed.Client, "__init__")
    source = write("a.ndjson", [patient()])
    with pytest.raises(ConfigurationError, match=f"no Dask cluster: .*{said}"):
        import_job(source, tmp_path / "out", executor="dask", executor_options={"address": address})
    assert not (tmp_path / "out").exists()


def busy():
    """Whether a task is under way on any worker, whatever the scheduler has forgotten of it."""
    client = distributed.default_client()
    names = client.run(lambda: [thread.name for thread in threading.enumerate()])
    return any("bulkfhir-live" in found for found in names.values())


def test_a_running_task_is_seen_and_stops_with_its_job(
    cluster, write, patient, tree, tmp_path, caplog, monkeypatch
):
    """The only task of a job that is cancelled: its figures and log lines are here before that, and
    soon its worker is free, which would sleep for minutes else.
    """
    monkeypatch.setattr(followed_runner, "_PERIOD", 0.2)
    awake, cancel = tmp_path / "awake", threading.Event()
    lines = [patient("a", log="begun"), *(patient(f"{number}") for number in range(50))]
    lines += [patient(f"{number}", nap=str(awake)) for number in range(50, 250)]
    source = write("a.ndjson", lines)
    options = {"judge": "toy", "job_id": "j", "shard_bytes": 700, "task_bytes": 10_000_000}

    def stop_when_seen(progress):
        if progress.report.resources_scanned and not cancel.is_set():
            assert busy()
            cancel.set()

    result = import_job(
        source,
        tmp_path / "out",
        executor="dask",
        cancel=cancel,
        on_progress=stop_when_seen,
        **options,
    )
    begun = time.monotonic()
    assert (result.status, result.manifest) == (JobStatus.CANCEL_COMPLETED, None)
    assert 0 < result.progress.resources_scanned < 100
    (told,) = [one for one in caplog.records if one.name == "bulkfhir.toys"]
    assert told.getMessage() == f"begun from process {told.process}"
    assert (told.host, told.task) == (platform.node(), 0)
    while busy():
        assert time.monotonic() < begun + 120
        time.sleep(0.1)
    work = tmp_path / "out" / f"{'0' * 32}-FHIR_IMPORT-j" / ".work"
    assert not [path for path in work.rglob("*") if path.is_file() and "live" in path.parts]

    awake.touch()
    result = import_job(source, tmp_path / "out", resume=True, executor="dask", **options)
    assert result.status is JobStatus.COMPLETED
    there = tree(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "cluster")
    import_job(source, tmp_path / "out", judge="toy", job_id="j", workers=1)
    assert there == tree(tmp_path / "out")
