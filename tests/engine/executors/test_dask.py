"""Dask: a job on the workers of a cluster, one of which dies, has the bytes of a local one."""

from __future__ import annotations

import json
import logging
import time

import pytest

from bulkfhir.engine import ConfigurationError, JobStatus, import_job, validate_files
from bulkfhir.engine.cli.program import run

pytestmark = pytest.mark.usefixtures("toys")

distributed = pytest.importorskip("distributed")


@pytest.fixture
def cluster(toys):
    """Two workers with one thread each, as processes; a worker that dies is started again."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            host="127.0.0.1",
            worker_dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster),
    ):
        yield cluster.scheduler_address


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


def test_a_cancelled_job_stops_and_is_gone_on_with(cluster, write, patient, tree, tmp_path):
    """Tasks that wait are dropped; one that runs comes to its end, and counts afterwards."""
    source = write("a.ndjson", [patient(f"{number}", sleep=0.002) for number in range(600)])
    options = {"judge": "toy", "job_id": "j", "shard_bytes": 700}
    work = tmp_path / "out" / f"{'0' * 32}-FHIR_IMPORT-j" / ".work"

    class AtOneRecord:
        def is_set(self):
            return bool(list(work.glob("0*.json")))

    with_dask = options | {"executor": "dask", "task_bytes": 1_400}
    result = import_job(source, tmp_path / "out", cancel=AtOneRecord(), **with_dask)
    assert (result.status, result.manifest) == (JobStatus.CANCEL_COMPLETED, None)
    stopped = len(list(work.glob("0*.json")))
    result = import_job(source, tmp_path / "out", resume=True, **with_dask)
    assert result.status is JobStatus.COMPLETED
    assert 0 < stopped < 20
    there = tree(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "cluster")
    import_job(source, tmp_path / "out", workers=1, **options)
    assert there == tree(tmp_path / "out")


def test_log_lines_of_the_workers_reach_this_process(cluster, write, patient, tmp_path, caplog):
    caplog.set_level(logging.DEBUG, "bulkfhir")
    source = write("a.ndjson", [patient(f"{number}") for number in range(20)])
    import_job(source, tmp_path / "out", executor="dask", judge="toy")
    deadline = time.monotonic() + 30
    while not _of_workers(caplog) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _of_workers(caplog) == ["shard 0: 20 lines of " + str(source)]


def _of_workers(caplog):
    return [one.getMessage() for one in caplog.records if " lines of " in one.getMessage()]
