"""What version 0.1.0 left half done is gone on with: fixtures/version-0.1.0.

Its files were made by that version: ``job`` is the folder of an import that was killed after its
second shard, ``expected`` the output of the same import that was not killed, ``jobs.db`` the state
file that both were recorded in, with a job of the endpoint that waits. Paths in them were then
replaced by /data, and the machine's name by ``machine``; the tests put their own in place of these.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from bulkfhir.engine import ConfigurationError, JobStatus, import_job
from bulkfhir.engine.jobs import (
    Database,
    DatastoreStore,
    JobStore,
    ReusedTokenError,
    StateError,
    once,
)
from bulkfhir.engine.jobs import database as database_module
from bulkfhir.engine.storage import storage_for
from tests.engine.older_jobs import left_behind

OLD = Path(__file__).resolve().parents[2] / "fixtures/version-0.1.0"
OPTIONS = {
    "level": "structure-only",
    "unknown_profile": "warning",
    "warnings": True,
    "sink": "ndjson",
    "datastore_id": "d" * 32,
    "job_id": "half",
    "resume": True,
}


@pytest.fixture
def half_done(tmp_path):
    """The killed job's folder in its place below the output; returns (source, output, folder)."""
    source, output, folder = left_behind(OLD, tmp_path)
    plan = folder / ".work/plan.json"
    text = plan.read_text().replace("/data/", f"{tmp_path}/")
    for entry in json.loads(text)["inputs"]:
        found = storage_for(entry["uri"]).stat(entry["uri"])
        text = text.replace(entry["etag"], found.etag)
    plan.write_text(text)
    return source, output, folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "Manifest.json"
    }


def without_remarks(found: dict[str, bytes]) -> dict[str, bytes]:
    """The files without what FAILURE lines say beside errors, of which 0.1.0 knew nothing."""
    remark = re.compile(rb',{"severity":"warning"[^{]*robust management [^{]*"\]}')
    return {
        name: remark.sub(b"", content) if name.startswith("FAILURE") else content
        for name, content in found.items()
    }


def test_a_report_says_what_is_known_of_a_job_of_that_version(half_done):
    source, output, folder = half_done
    import_job(source, output, workers=1, report=True, **OPTIONS)
    document = json.loads((folder / "report.json").read_text("utf-8"))
    assert document["figures"]["resources"] > document["figures"]["acceptedByEarlierRuns"] > 0
    assert document["rules"]
    assert (folder / "report.html").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_import_is_gone_on_with_to_the_same_bytes(half_done, workers):
    source, output, folder = half_done
    finished = {
        path: path.stat().st_mtime_ns for path in folder.glob("resources/*/part-00000[01].*")
    }
    result = import_job(source, output, workers=workers, **OPTIONS)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS, result.message
    assert without_remarks(files(folder)) == files(OLD / "expected")
    assert finished
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    mine, theirs = (
        json.loads((place / "Manifest.json").read_text()) for place in (folder, OLD / "expected")
    )
    assert [mine[key] for key in mine if key.startswith(("number", "size"))] == [
        theirs[key] for key in theirs if key.startswith(("number", "size"))
    ]


def test_a_killed_import_is_not_gone_on_with_under_other_choices(half_done):
    source, output, _ = half_done
    with pytest.raises(ConfigurationError, match="begun with level 'structure-only'"):
        import_job(source, output, **OPTIONS | {"level": "minimal"})


@pytest.fixture
def state(tmp_path):
    """A copy of the state file, whose processes ran on this machine."""
    path = tmp_path / "jobs.db"
    shutil.copy(OLD / "jobs.db", path)
    connection = sqlite3.connect(path)
    machine = f"{platform.node()}:"
    connection.execute("UPDATE jobs SET process = replace(process, 'machine:', ?)", (machine,))
    connection.commit()
    connection.close()
    return path


def test_a_state_file_is_read(state):
    jobs = JobStore(Database(state))
    assert [(job.id, job.status) for job in jobs.page().jobs] == [
        ("f" * 32, JobStatus.SUBMITTED),
        ("half", JobStatus.IN_PROGRESS),
        ("whole", JobStatus.COMPLETED_WITH_ERRORS),
    ]
    whole = jobs.job("whole")
    assert whole.work_folder is None  # a column of the layout after that of 0.1.0
    assert whole.progress["TotalNumberOfResourcesImported"] == 84
    assert [(found["rule"], found["count"]) for found in whole.findings] == [
        ("binding-required", 9),
        ("unknown-element", 8),
    ]
    assert jobs.samples("whole")[-1].imported == 84
    datastores = DatastoreStore(Database(state))
    assert datastores.datastore("e" * 32).settings == {"DatastoreTypeVersion": "R4"}
    arn = f"arn:aws:healthlake:us-east-1:123456789012:datastore/fhir/{'e' * 32}"
    assert datastores.tags(arn) == {"team": "imports"}


def test_a_state_file_is_gone_on_with(state):
    database = Database(state)
    jobs = JobStore(database)
    jobs.close_abandoned()
    assert (jobs.job("half").status, jobs.job("half").message) == (
        JobStatus.FAILED,
        "The process that ran the job is gone",
    )
    (begun,) = jobs.claim(4)
    assert (begun.id, begun.status, begun.attempt) == ("f" * 32, JobStatus.IN_PROGRESS, 1)
    assert jobs.finish(begun, JobStatus.COMPLETED).end_time is not None
    with pytest.raises(ReusedTokenError):
        once(database, "StartFHIRImportJob", "token", {"a": 2}, lambda _: "another")
    assert once(database, "StartFHIRImportJob", "token", {"a": 1}, lambda _: "x") == "f" * 32


def columns(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(jobs)")]


def layout(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_state_file_is_taken_to_a_later_layout_with_all_it_holds(state, monkeypatch):
    before = JobStore(Database(state)).page().jobs
    step = "ALTER TABLE jobs ADD COLUMN colour TEXT; UPDATE jobs SET colour = 'red'"
    monkeypatch.setitem(database_module._STEPS, max(database_module._STEPS) + 1, step)
    assert JobStore(Database(state)).page().jobs == before
    assert "colour" in columns(state)
    assert layout(state) == max(database_module._STEPS) + 1
    assert JobStore(Database(state)).page().jobs == before


def test_a_step_that_fails_leaves_the_state_file_as_it_was(state, monkeypatch):
    before, was = JobStore(Database(state)).page().jobs, layout(state)
    step = "ALTER TABLE jobs ADD COLUMN colour TEXT; UPDATE none SET colour = 'red'"
    with monkeypatch.context() as patch:
        patch.setitem(database_module._STEPS, max(database_module._STEPS) + 1, step)
        with pytest.raises(StateError, match="no such table: none"):
            Database(state)
    assert ("colour" in columns(state), layout(state)) == (False, was)
    assert JobStore(Database(state)).page().jobs == before
