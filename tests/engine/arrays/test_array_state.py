"""Array state: what bulkfhir jobs says of an array job, from plan to Manifest."""

from __future__ import annotations

import json
import shutil
import sqlite3

import pytest

from bulkfhir.engine.arrays import Share, merge_share, run_share
from bulkfhir.engine.cli.program import run

pytestmark = pytest.mark.usefixtures("toys")

JOB = "nightly"


@pytest.fixture
def plan(tmp_path, patient, write, capsys):
    """Plans a job of twelve files with three lines each, of which one is bad; answers its URI."""
    for name in range(12):
        bad = {"bad": 1} if name == 7 else {}
        lines = [patient(f"{name}-0", **bad), patient(f"{name}-1"), patient(f"{name}-2")]
        write(f"in/{name:02d}.ndjson", lines)
    output = str(tmp_path / "out")

    def planned():
        command = ["plan", str(tmp_path / "in"), "-o", output, "--job-id", JOB, "--judge", "toy"]
        assert run(command) == 0
        return capsys.readouterr().out.strip()

    return planned


@pytest.fixture
def jobs(capsys):
    """Runs bulkfhir jobs; answers the exit code and what it has printed."""

    def of(*arguments):
        code = run(["jobs", *arguments])
        return code, capsys.readouterr()

    return of


@pytest.fixture
def described(jobs):
    """What describe says of a job: properties, and where the array stands."""

    def of(job):
        code, said = jobs("describe", job, "--json")
        assert code == 0
        document = json.loads(said.out)
        return document["ImportJobProperties"], document["Array"]

    return of


def test_from_plan_to_manifest(plan, jobs, described, tmp_path):
    uri = plan()
    assert plan() == uri  # which makes no second job
    assert [line.split()[:2] for line in jobs("list")[1].out.splitlines()[1:]] == [
        [JOB, "SUBMITTED"]
    ]
    properties, array = described(JOB)
    assert (properties["JobStatus"], array["plan"], array["done"]) == ("SUBMITTED", uri, 0)
    assert (array["shards"], array["missing"]) == (12, "0 to 11")
    assert (array["shares"], array["merged"], array["published"]) == ([], [], False)

    run_share(uri, Share(1, 3), workers=1)
    listed = jobs("list", "--status", "IN_PROGRESS")[1].out.splitlines()[1].split()
    assert (listed[1], listed[-2:]) == ("IN_PROGRESS", ["11", "1"])
    properties, array = described(JOB)
    (share,) = array["shares"]
    assert (share["share"], share["done"], share["shards"]) == ("1/3", 4, 4)
    assert (array["done"], array["missing"], array["notBegun"]) == (4, "0 to 3, 8 to 11", "0, 2")
    assert properties["JobProgressReport"] == {
        "TotalNumberOfResourcesScanned": 12,
        "TotalNumberOfResourcesImported": 11,
        "TotalNumberOfResourcesWithCustomerError": 1,
    }

    for number in (0, 2):
        run_share(uri, Share(number, 3), workers=1)
    assert jobs("list")[1].out.splitlines()[1].split()[-2:] == ["35", "1"]
    merge_share(uri, Share(0, 2), workers=1)
    _, array = described(JOB)
    assert (array["done"], array["missing"], array["notBegun"]) == (12, "", "")
    assert (array["merged"], array["published"]) == (["0/2"], False)

    assert run(["merge", "--plan", uri, "--quiet"]) == 1
    listed = jobs("list")[1].out.splitlines()[1].split()
    assert (listed[1], listed[-2:]) == ("COMPLETED_WITH_ERRORS", ["35", "1"])
    said = jobs("describe", JOB)[1].out
    assert [line.split() for line in said.splitlines()][-2:] == [
        ["Shards", "12", "of", "12", "are", "done"],
        ["Merged", "yes"],
    ]
    assert not list((tmp_path / "out").rglob(".work"))


def test_a_share_that_was_killed_is_named(plan, jobs, tmp_path):
    uri = plan()
    run_share(uri, Share(0, 2), workers=1)
    (record,) = (tmp_path / "out").rglob("0*.json")
    record.unlink()
    said = jobs("describe", JOB)[1].out
    assert " 0/2: 0 of 6 shards, begun " in said
    assert "0 of 1 that were begun are done" in said
    assert [line.split()[-1] for line in said.splitlines() if "NotBegun" in line] == ["1"]


def test_a_job_of_another_machine_is_named_by_its_plan(plan, jobs, described, tmp_path):
    uri = plan()
    shutil.rmtree(tmp_path / "state")
    assert jobs("describe", JOB)[0] == 2
    properties, array = described(uri)
    assert (properties["JobId"], properties["JobStatus"]) == (JOB, "SUBMITTED")
    assert "SubmitTime" not in properties
    assert array["plan"] == uri
    code, said = jobs("describe", str(tmp_path / "none" / "job.json"))
    assert code == 2
    assert "no such file" in said.err


def test_a_job_whose_folder_is_gone_has_failed(plan, jobs, tmp_path):
    plan()
    shutil.rmtree(tmp_path / "out")
    assert "FAILED" in jobs("list")[1].out
    assert "Its job.json is gone" in jobs("describe", JOB)[1].out


def test_the_scheduler_cancels_and_the_store_forgets(plan, jobs):
    plan()
    code, said = jobs("cancel", JOB)
    assert code == 2
    assert "is an array job: cancel its array where it was submitted" in said.err
    assert "SUBMITTED" in jobs("list")[1].out
    assert jobs("rm", JOB)[0] == 0
    assert "no jobs" in jobs("list")[1].err


def test_a_store_that_cannot_be_written_hinders_no_plan(plan, tmp_path):
    (tmp_path / "state" / "bulkfhir").mkdir(parents=True)
    (tmp_path / "state" / "bulkfhir" / "jobs.db").write_bytes(b"this is no database at all\n" * 99)
    assert plan().endswith("/job.json")
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "state" / "bulkfhir" / "jobs.db").execute("SELECT * FROM jobs")


def test_an_id_that_an_import_has_taken_stays_its_own(plan, jobs, tmp_path, capsys):
    source, output = str(tmp_path / "in" / "00.ndjson"), str(tmp_path / "first")
    assert run(["import", source, "-o", output, "--job-id", JOB, "--judge", "toy", "-q"]) == 0
    capsys.readouterr()
    command = ["plan", source, "-o", str(tmp_path / "out"), "--job-id", JOB, "--judge", "toy"]
    assert run(command) == 0
    assert f"not recorded: {JOB} is the id of another job here" in capsys.readouterr().err
    assert "first" in jobs("describe", JOB)[1].out
