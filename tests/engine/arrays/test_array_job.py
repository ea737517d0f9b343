"""Array jobs: shares as processes of their own, killed and run twice, come to the bytes of a local
job.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bulkfhir.engine import ConfigurationError, JobStatus, import_job
from bulkfhir.engine.arrays import ArrayJob, Share, merge_array, merge_share, plan_array, run_share
from bulkfhir.engine.arrays import array_job as array_job_module
from bulkfhir.engine.cli.program import run
from bulkfhir.engine.errors import Incomplete
from bulkfhir.engine.job_terms.job_choices import Choices

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("toys")]

JOB = "array"
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"
SHARD = 1_500
"""Bytes of a shard: the export below comes to some forty."""

SCHEDULERS = {
    "aws-batch": lambda number, count: {
        "AWS_BATCH_JOB_ARRAY_INDEX": number,
        "AWS_BATCH_JOB_ARRAY_SIZE": count,
    },
    "slurm": lambda number, count: {
        "SLURM_ARRAY_TASK_ID": number + 1,
        "SLURM_ARRAY_TASK_MIN": 1,
        "SLURM_ARRAY_TASK_COUNT": count,
    },
    "kubernetes": lambda number, count: {
        "JOB_COMPLETION_INDEX": number,
        "BULKFHIR_SHARES": count,
    },
}


@pytest.fixture
def export(tmp_path, patient):
    """A folder with files of many shards, an archive that was cut, an empty file, lines that are
    rejected and resources that come twice.
    """
    folder = tmp_path / "export"
    folder.mkdir()
    for name in "abc":
        lines = [
            patient(f"{number % 90}", **({"bad": name} if number % 7 == 0 else {}))
            for number in range(300)
        ]
        (folder / f"{name}.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    whole = gzip.compress(b"\n".join(patient(f"z{number}") for number in range(2_000)))
    (folder / "cut.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.ndjson").touch()
    return folder


@pytest.fixture
def planned(tmp_path, export):
    """Plans a job of the export and answers the URI of its job.json."""

    def plan(output=None, shard_bytes=SHARD, **options):
        choices = Choices(judge="toy", **{"sink": "ndjson", "rejected": "ndjson"} | options)
        output = output or tmp_path / "out"
        return plan_array(export, output, choices, job_id=JOB, shard_bytes=shard_bytes)

    return plan


@pytest.fixture
def local(tmp_path, export, tree):
    """What a job on this machine writes in the same place."""
    output = tmp_path / "out"
    result = import_job(
        export, output, judge="toy", job_id=JOB, workers=1, sink="ndjson", rejected="ndjson"
    )
    found = of_job(tree(output / FOLDER))
    shutil.rmtree(output)
    return result, found


def of_job(found):
    """What does not depend on how a job was cut: logs, Manifest, and the kept lines, sorted."""
    kept = ("resources/", "rejected/")
    lines = sorted(
        (name.rpartition("/")[0], line)
        for name, data in found.items()
        if name.startswith(kept)
        for line in data.splitlines()
    )
    beside = (*kept, "job.json", "report.")
    logs = {name: data for name, data in found.items() if not name.startswith(beside)}
    return logs, [line for line in lines if b'"line"' not in line[1]]


def command(*arguments, **variables):
    """Start the command with the variables of a scheduler."""
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "bulkfhir", *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("scheduler", SCHEDULERS.values(), ids=SCHEDULERS)
def test_shares_as_processes_come_to_the_bytes_of_a_local_job(
    scheduler, planned, local, tmp_path, tree
):
    uri = planned()
    shares = [
        command("run-shards", "--plan", uri, "--workers", 1, **scheduler(number, 2))
        for number in range(2)
    ]
    for share in shares:
        said, wrong = share.communicate()
        assert share.returncode == 0, wrong
        assert " 0 of them before" in said
    _, result = merge_array(uri, workers=1)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    assert of_job(tree(tmp_path / "out" / FOLDER)) == local[1]
    assert result.summary.totals == local[0].summary.totals
    assert result.summary.replaced == local[0].summary.replaced


def test_every_step_may_run_twice(planned, local, tmp_path, tree, capsys):
    uri = planned()
    assert planned() == uri
    for number in (2, 0, 0, 1, 2):
        assert run_share(uri, Share(number, 3), workers=1).shards
    assert run_share(uri, Share(0, 5), workers=1).lines == 0  # however all is shared out
    for number in (0, 1, 1, 0):
        merge_share(uri, Share(number, 2), workers=1)
    published = tree(tmp_path / "out" / FOLDER)
    assert "Manifest.json" not in published
    for _ in range(2):
        assert run(["merge", "--plan", uri, "--workers", "1"]) == 1
        assert "COMPLETED_WITH_ERRORS" in capsys.readouterr().out
        assert of_job(tree(tmp_path / "out" / FOLDER)) == local[1]
    assert run_share(uri, Share(0, 3)) is None
    assert merge_share(uri, Share(0, 2)) == 0
    assert planned() == uri
    assert of_job(tree(tmp_path / "out" / FOLDER)) == local[1]


def test_the_last_merge_publishes_what_no_share_has(planned, tmp_path, monkeypatch):
    uri = planned()
    run_share(uri, Share(), workers=1)
    monkeypatch.setattr("bulkfhir.engine.writing.log_plans._AT_ONCE", 1)  # a file a task
    done = merge_share(uri, Share(0, 2), workers=1)
    success = tmp_path / "out" / FOLDER / "SUCCESS"
    mark = {path: path.stat().st_ino for path in success.rglob("*.ndjson")}
    assert 0 < done == len(mark) < 5
    merge_array(uri, workers=1)
    now = {path: path.stat().st_ino for path in success.rglob("*.ndjson")}
    assert len(now) == 5
    assert mark.items() <= now.items()


def test_a_killed_share_is_run_again(planned, local, export, tmp_path, patient, tree):
    begun, gate = tmp_path / "begun", tmp_path / "gate"
    held = export / "d.ndjson"
    held.write_bytes(patient("held", mark=str(begun), **{"await": str(gate)}) + b"\n")
    uri = planned()
    share = command("run-shards", "--plan", uri, "--share", "0/1", "--workers", 1)
    try:
        while not begun.exists():
            assert share.poll() is None
            time.sleep(0.05)
    finally:
        share.send_signal(signal.SIGKILL)
        share.wait()
        gate.touch()
    assert run_share(uri, Share(), workers=1).earlier > 0
    _, result = merge_array(uri, workers=1)
    assert result.summary.totals.imported == local[0].summary.totals.imported + 1
    logs = of_job(tree(tmp_path / "out" / FOLDER))[0]
    expected = local[1][0]
    assert {name: data for name, data in logs.items() if name in expected and "/" in name} == {
        name: data for name, data in expected.items() if "/" in name
    }


def test_two_processes_that_cut_differently_come_to_the_same(planned, local, tmp_path, tree):
    uri = planned()
    both = [
        command("run-shards", "--plan", uri, "--share", share, "--workers", 1)
        for share in ("0/1", "1/2")
    ]
    for share in both:
        assert share.wait() == 0
        share.communicate()
    merge_array(uri, workers=1)
    assert of_job(tree(tmp_path / "out" / FOLDER)) == local[1]


def test_missing_shards_are_named_and_nothing_is_published(planned, tmp_path, tree, capsys):
    uri = planned()
    run_share(uri, Share(1, 3), workers=1)
    with pytest.raises(Incomplete, match="shards are missing: 0 to"):
        merge_share(uri, Share(0, 2))
    for form in ("human", "json"):
        assert run(["merge", "--plan", uri, "--workers", "1", "--output-format", form]) == 3
        said = capsys.readouterr()
        assert said.out == ""
        assert re.fullmatch(
            r"bulkfhir: \d+ of \d+ shards are missing: 0 to .*; nothing is published; do them with "
            r"bulkfhir run-shards, and merge again\n",
            said.err,
        )
    found = tree(tmp_path / "out" / FOLDER)
    assert not [name for name in found if name.startswith(("SUCCESS", "FAILURE", "Manifest"))]
    for number in (0, 2):
        run_share(uri, Share(number, 3), workers=1)
    assert run(["merge", "--plan", uri, "--workers", "1"]) == 1


def test_the_same_on_s3(planned, bucket, s3, export, tree, tmp_path, local):
    uri = planned(f"{bucket}/out", 8_000)
    assert uri == f"{bucket}/out/{FOLDER}/job.json"
    for number in (1, 0, 1):
        run_share(uri, Share(number, 2), workers=1)
    for number in (0, 1):
        merge_share(uri, Share(number, 2), workers=1)
    for _ in range(2):
        _, result = merge_array(uri, workers=1)
    assert result is None
    name = bucket.removeprefix("s3://")
    places = [one["Key"] for one in s3.list_objects_v2(Bucket=name)["Contents"]]
    found = {
        place.removeprefix(f"out/{FOLDER}/"): s3.get_object(Bucket=name, Key=place)["Body"].read()
        for place in places
    }
    logs, lines = of_job(found)
    expected, kept = local[1]
    assert not any(".work/" in place for place in places)
    assert lines == kept
    assert {key: data for key, data in logs.items() if key != "Manifest.json"} == {
        key: data for key, data in expected.items() if key != "Manifest.json"
    }
    figures = json.loads(logs["Manifest.json"])
    for key, value in json.loads(expected["Manifest.json"]).items():
        assert "Uri" in str(value) or figures[key] == value


def test_a_file_that_is_gone_is_its_owners_fault(planned, export, tmp_path):
    uri = planned()
    (export / "b.ndjson").unlink()
    for number in range(2):
        run_share(uri, Share(number, 2), workers=1)
    _, result = merge_array(uri, workers=1)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    assert [one.name.rpartition("/")[2] for one in result.summary.broken_files] == [
        "b.ndjson",
        "cut.ndjson.gz",
    ]


def test_a_quiet_merge_names_the_files_that_could_not_be_read(planned, capsys):
    uri = planned()
    run_share(uri, Share(), workers=1)
    assert run(["merge", "--plan", uri, "--workers", "1", "--quiet"]) == 1
    out, said = capsys.readouterr()
    assert out == ""
    (line,) = said.splitlines()
    assert line.startswith("bulkfhir: ")
    assert "cut.ndjson.gz: " in line


def test_a_share_that_reaches_no_file_is_not_done(planned, export):
    uri = planned()
    export.rename(export.with_name("elsewhere"))
    with pytest.raises(Incomplete, match="none of its files can be read here"):
        run_share(uri, Share(0, 2), workers=1)
    export.with_name("elsewhere").rename(export)
    for number in range(2):
        run_share(uri, Share(number, 2), workers=1)
    assert merge_array(uri, workers=1)[1].manifest.scanned_files == 5


def test_another_version_refuses(planned, monkeypatch):
    uri = planned()
    monkeypatch.setattr(array_job_module, "version", lambda _: "9.9.9")
    for step in (lambda: run_share(uri, Share()), lambda: merge_array(uri)):
        with pytest.raises(ConfigurationError, match=r"planned by bulkfhir .* this is 9\.9\.9"):
            step()


def test_another_package_refuses(planned, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    system = {"resourceType": "CodeSystem", "url": "http://example.org/c", "status": "active"}
    (package / "c.json").write_text(json.dumps(system | {"content": "complete"}))
    uri = planned(packages=(str(package),))
    (package / "c.json").write_text(json.dumps(system | {"content": "not-present"}))
    with pytest.raises(ConfigurationError, match="not the same here"):
        run_share(uri, Share())


@pytest.mark.parametrize(
    "wrong",
    [b"", b"[]", b"{}", b'{"layout": 2}', b'{"seal":"1 00","layout":2}'],
    ids=["empty", "list", "object", "only-layout", "broken-seal"],
)
def test_a_file_that_is_no_plan_is_one_sentence(tmp_path, wrong, capsys):
    place = tmp_path / "job.json"
    place.write_bytes(wrong)
    assert run(["run-shards", "--plan", str(place)]) == 2
    assert "no job.json of bulkfhir plan" in capsys.readouterr().err


def test_a_folder_that_was_moved_is_refused(planned, tmp_path):
    uri = planned()
    (tmp_path / "out").rename(tmp_path / "moved")
    with pytest.raises(ConfigurationError, match="cannot be moved"):
        ArrayJob.read(uri.replace("/out/", "/moved/"))


def test_a_second_plan_by_other_choices_is_refused(planned):
    planned()
    with pytest.raises(ConfigurationError, match="planned with level 'strict', not 'minimal'"):
        planned(level="minimal")


def test_no_credential_is_in_the_plan(planned, tmp_path, monkeypatch, tree):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, f"secret of {name}")
    planned()
    assert not [name for name, data in tree(tmp_path / "out").items() if b"secret of" in data]


def test_a_local_job_can_finish_what_was_planned(planned, export, tmp_path, tree, local):
    run_share(planned(), Share(0, 3), workers=1)
    import_job(
        export,
        tmp_path / "out",
        judge="toy",
        job_id=JOB,
        workers=1,
        sink="ndjson",
        rejected="ndjson",
        resume=True,
    )
    assert of_job(tree(tmp_path / "out" / FOLDER)) == local[1]


def test_the_command_plans_what_healthlakes_limits_allow(export, tmp_path, capsys):
    arguments = ["plan", str(export), "-o", str(tmp_path / "o"), "--judge", "toy"]
    assert run([*arguments, "--limits", "healthlake"]) == 0
    place = Path(capsys.readouterr().out.strip().removeprefix("file://"))
    assert place.name == "job.json"
    assert run(["run-shards", "--plan", str(place), "--workers", "1"]) == 0
    assert "0 of them before" in capsys.readouterr().out
    assert run(["merge", "--plan", str(place), "--output-format", "json", "--exit-zero"]) == 0
    assert json.loads(capsys.readouterr().out)["jobStatus"] == "COMPLETED_WITH_ERRORS"


@pytest.fixture
def shared(planned):
    """The URI of a job whose shares are done."""
    uri = planned()
    for number in range(2):
        run_share(uri, Share(number, 2), workers=1)
    return uri


def test_a_merge_writes_the_report_and_shows_what_is_asked_for(shared, tmp_path, capsys):
    command = ["merge", "--plan", shared, "--workers", "1", "--output-format", "json"]
    assert run([*command, "--ignore", "Patient.bad"]) == 1
    folder = tmp_path / "out" / FOLDER
    report = json.loads((folder / "report.json").read_text())
    assert (folder / "report.html").exists()
    assert report["job"]["id"] == JOB
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (summary["rules"], summary["rejected"] > 100) == ([], True)


def test_a_merge_writes_no_report_where_none_is_wished(shared, tmp_path):
    assert run(["merge", "--plan", shared, "--workers", "1", "--no-report", "--exit-zero"]) == 0
    assert not [*(tmp_path / "out" / FOLDER).glob("report.*")]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--fail-on", "reference-missing"], "checks are made where --checks asks"),
        (["--fail-on", "new"], "what is new is told by --baseline"),
        (["--fail-on", "warning"], "planned without --warnings"),
        (["--include-values", "--no-report"], "--include-values contradicts --no-report"),
        (["--share", "0/2", "--ignore", "toy"], "--ignore is about the whole job"),
        (["--share", "0/2", "--no-report"], "--no-report is about the whole job"),
    ],
    ids=["unchecked", "no-baseline", "no-warnings", "contradiction", "of-a-share", "share-report"],
)
def test_what_a_merge_cannot_do_is_one_sentence(shared, capsys, given, said):
    assert run(["merge", "--plan", shared, *given]) == 2
    assert said in capsys.readouterr().err


def test_a_merge_fails_on_what_it_is_told_to(shared):
    assert run(["merge", "--plan", shared, "--exit-zero", "--fail-on", "error", "-q"]) == 1


def test_a_merged_job_that_is_merged_again_excuses_rejected_lines_where_asked(shared):
    again = ["merge", "--plan", shared, "-q"]
    assert run([*again, "--workers", "1"]) == 1
    assert run([*again, "--exit-zero"]) == 0
    assert run([*again, "--exit-zero", "--fail-on", "error"]) == 1
    assert run(again) == 1


@pytest.mark.parametrize("kept", [0, 400], ids=["empty", "cut"])
def test_a_damaged_job_file_is_replaced_by_planning_again(planned, export, tmp_path, capsys, kept):
    place = Path(planned().removeprefix("file://"))
    run_share(str(place), Share(0, 2), workers=1)
    place.write_bytes(place.read_bytes()[:kept])
    assert run(["run-shards", "--plan", str(place), "--share", "0/2"]) == 2
    assert "or a damaged one: delete it, and plan the job again" in capsys.readouterr().err
    place.unlink()
    assert run_share(planned(), Share(0, 2), workers=1).lines == 0


def test_a_plan_that_is_a_folder_is_one_sentence(planned, capsys):
    folder = planned().removeprefix("file://").removesuffix("/job.json")
    for command in (["run-shards", "--share", "0/2"], ["merge"], ["jobs", "describe"]):
        option = [] if command[0] == "jobs" else ["--plan"]
        assert run([*command, *option, folder]) == 2
        assert "give the job.json that bulkfhir plan has printed" in capsys.readouterr().err
