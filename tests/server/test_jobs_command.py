"""``bulkfhir jobs``, and imports that record themselves."""

from __future__ import annotations

import json
import os
import threading
import time

import pytest

from bulkfhir.engine.cli.program import run
from bulkfhir.engine.errors import EngineError
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.jobs import Database, ImportJob, JobStatus, JobStore
from bulkfhir.engine.jobs.recording import recorded_import
from tests.server.conftest import BAD, GOOD

ID = "ab" * 16


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Patient.ndjson").write_bytes(GOOD + BAD)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def store(place):
    return JobStore(Database(place / "state" / "bulkfhir" / "jobs.db"))


MINIMAL = Choices(level="minimal")


def imported(place, choices=MINIMAL, **running):
    return recorded_import(place / "in", place / "out", choices, workers=1, **running)


def test_an_import_records_itself_from_begin_to_end(place):
    result = imported(place, name="nightly", job_id=ID)
    (job,) = store(place).page().jobs
    assert (job.id, job.name, job.status, job.origin) == (ID, "nightly", result.status, "command")
    assert job.output_uri == f"{place}/out/{'0' * 32}-FHIR_IMPORT-{ID}/"
    assert dict(job.progress) == result.progress.to_json()
    assert (job.done, job.end_time is not None, len(store(place).samples(ID)) >= 1) == (
        1.0,
        True,
        True,
    )
    (finding,) = job.findings
    assert (finding["severity"], finding["count"]) == ("fatal", 1)
    (example,) = finding["examples"]
    assert (example["file"].rpartition("/")[2], example["line"]) == ("Patient.ndjson", 3)
    assert "Invalid JSON" in example["issues"][0]["diagnostics"]
    (cause,) = finding["causes"]
    assert (cause["issues"], cause["lines"], cause["first"]["line"]) == (1, 1, 3)


def test_a_rule_shows_its_own_messages_and_no_other_rules(place):
    line = b'{"resourceType":"Patient","id":"a","birthDate":"x","name":[{"family":" a"}]}\n'
    (place / "in" / "Patient.ndjson").write_bytes(line)
    choices = Choices(level="structure-only")
    imported(place, choices, job_id=ID)
    found = {one["rule"]: one for one in store(place).job(ID).findings}
    assert set(found) == {"date", "string-whitespace"}
    for one in found.values():
        (example,) = one["examples"]
        (issue,) = example["issues"]
        assert ("white space" in issue["diagnostics"]) == (one["rule"] == "string-whitespace")
        assert example["resource"] == "Patient/a"


def test_the_callers_own_progress_and_cancel_still_work(place):
    seen = []
    cancel = threading.Event()
    cancel.set()
    assert imported(place, on_progress=seen.append, job_id=ID).progress.resources_scanned == 3
    assert seen[-1].phase == "done"
    assert imported(place, cancel=cancel, job_id="cd" * 16).status is JobStatus.CANCEL_COMPLETED
    assert store(place).job("cd" * 16).status is JobStatus.CANCEL_COMPLETED


def test_a_job_that_is_cancelled_in_the_store_stops(place, toys):
    jobs, go = store(place), place / "go"
    line = b'{"resourceType":"Patient","id":"p","await":"%s"}\n' % bytes(go)
    (place / "in" / "Held.ndjson").write_bytes(line * 20)
    options = {"choices": Choices(level="minimal", judge="toy"), "job_id": ID}
    options["shard_bytes"] = len(line)

    def cancel_it(_progress):
        if jobs.job(ID).status is JobStatus.IN_PROGRESS:
            jobs.cancel(ID)
        else:  # the recording has been told: the next shard must not begin
            go.touch()

    assert imported(place, on_progress=cancel_it, **options).status is JobStatus.CANCEL_COMPLETED
    assert jobs.job(ID).status is JobStatus.CANCEL_COMPLETED
    del options["shard_bytes"]
    assert imported(place, resume=True, **options).status is JobStatus.COMPLETED_WITH_ERRORS
    assert (jobs.job(ID).status, jobs.job(ID).attempt) == (JobStatus.COMPLETED_WITH_ERRORS, 2)


@pytest.mark.parametrize("named", ["work", None], ids=["named again", "remembered"])
def test_a_job_is_gone_on_with_in_the_work_folder_that_it_was_begun_in(place, named):
    cancel = threading.Event()
    cancel.set()
    begun = Choices(level="minimal", work_folder="work")
    assert imported(place, begun, cancel=cancel, job_id=ID).status is JobStatus.CANCEL_COMPLETED
    assert store(place).job(ID).work_folder == str(place / "work")
    (work,) = (place / "work").iterdir()
    choices = Choices(level="minimal", work_folder=named)
    resumed = imported(place, choices, resume=True, job_id=ID)
    assert resumed.status is JobStatus.COMPLETED_WITH_ERRORS
    assert not work.exists()


def test_control_c_is_recorded_and_passes_through(place):
    def interrupt(_progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imported(place, job_id=ID, on_progress=interrupt)
    assert store(place).job(ID).status is JobStatus.CANCEL_COMPLETED


def test_nothing_is_recorded_of_a_job_that_never_began(place):
    with pytest.raises(EngineError):
        recorded_import(place / "none", place / "out", Choices(), workers=1)
    assert store(place).page().jobs == ()


def test_a_refused_second_run_leaves_the_record_of_the_first_alone(place):
    imported(place, job_id=ID)
    before = store(place).job(ID)
    with pytest.raises(EngineError, match="exists already"):
        imported(place, job_id=ID)
    assert store(place).job(ID) == before


def test_a_job_over_the_limits_is_recorded_as_failed(place):
    (place / "in" / "large.ndjson").touch()
    os.truncate(place / "in" / "large.ndjson", 6 << 30)  # a hole: it takes no room
    assert imported(place, Choices(limits="healthlake"), job_id=ID).status is JobStatus.FAILED
    job = store(place).job(ID)
    assert (job.status, "HealthLake's limit" in job.message) == (JobStatus.FAILED, True)


def test_a_store_that_cannot_be_written_is_a_warning_and_the_job_runs(place, caplog):
    (place / "state").write_text("a file where the folder should be")
    assert imported(place).progress.resources_imported == 2
    assert "this job is not recorded" in caplog.text


def test_a_store_that_breaks_in_the_middle_is_a_warning_and_the_job_runs(place, caplog):
    def break_it(_progress):
        for file in (place / "state" / "bulkfhir").iterdir():
            file.write_bytes(b"no database any more" * 1000)

    assert imported(place, on_progress=break_it).progress.resources_imported == 2
    assert "no longer recorded" in caplog.text


def jobs_command(capsys, *arguments):
    code = run(["jobs", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_list_and_describe_for_people_and_for_machines(place, capsys):
    assert jobs_command(capsys, "list") == (0, "", f"no jobs in {place}/state/bulkfhir/jobs.db\n")
    imported(place, name="nightly", job_id=ID)
    code, out, _ = jobs_command(capsys, "list")
    assert code == 0
    assert out.splitlines()[0].split() == [
        "JOB",
        "STATUS",
        "SUBMITTED",
        "IMPORTED",
        "ERRORS",
        "NAME",
    ]
    assert out.splitlines()[1].split()[::5] == [ID, "1"]
    assert out.splitlines()[1].endswith("nightly")
    _, out, _ = jobs_command(capsys, "list", "--status", "COMPLETED", "--json")
    assert json.loads(out) == {"ImportJobPropertiesList": []}
    _, out, _ = jobs_command(capsys, "describe", ID)
    assert "Patient.ndjson:3" in out
    assert "TotalNumberOfResourcesImported            2" in out
    _, out, _ = jobs_command(capsys, "describe", ID, "--json")
    assert json.loads(out)["ImportJobProperties"]["JobId"] == ID


def test_cancel_and_rm_say_what_they_cannot_do(place, capsys):
    imported(place, job_id=ID)
    assert jobs_command(capsys, "cancel", ID) == (
        2,
        "",
        f"bulkfhir: job {ID} is COMPLETED_WITH_ERRORS\n",
    )
    code, _, err = jobs_command(capsys, "describe", "none")
    assert (code, "there is no job none" in err) == (2, True)
    assert jobs_command(capsys, "list", "--status", "DONE")[0] == 2
    assert jobs_command(capsys, "rm", ID) == (0, f"{ID} removed\n", "")
    assert store(place).page().jobs == ()
    assert (place / "out").exists()


def test_jobs_since_a_moment_and_older_ones_forgotten(place, capsys):
    now = time.time()
    for name, age in (("new", 60), ("old", 3 * 86_400), ("running", 4 * 86_400)):
        job = store(place).open(stored_job(name, now - age))
        if name != "running":
            store(place).finish(job, JobStatus.COMPLETED)
    assert "new" in jobs_command(capsys, "list", "--since", "2d")[1]
    assert "old" not in jobs_command(capsys, "list", "--since", "2d")[1]
    assert "old" in jobs_command(capsys, "list", "--since", "2001-01-01")[1]
    assert jobs_command(capsys, "list", "--since", "soon")[0] == 2
    assert jobs_command(capsys, "rm", "--older-than", "12h") == (0, "old removed\n", "")
    assert {job.id for job in store(place).page().jobs} == {"new", "running"}
    assert jobs_command(capsys, "rm")[0] == 2


def stored_job(name, submitted):
    return ImportJob(
        id=name,
        datastore_id="d" * 32,
        input_uri="s3://in/",
        output_uri="s3://out/",
        level="strict",
        submit_time=submitted,
    )


def test_a_list_that_ends_at_its_limit_says_so(place, capsys):
    for name in ("a", "b"):
        store(place).open(stored_job(name, 1.0))
    assert "older ones" in jobs_command(capsys, "list", "--limit", "1")[2]
    assert jobs_command(capsys, "list", "--limit", "2")[2] == ""


@pytest.mark.parametrize(
    "arguments",
    [["--state", "typo.db", "list"], ["list", "--state", "typo.db"]],
    ids=["of the group", "of the command"],
)
def test_a_typo_in_state_creates_nothing(place, capsys, monkeypatch, arguments):
    monkeypatch.chdir(place)
    code, _, err = jobs_command(capsys, *arguments)
    assert (code, err) == (2, "bulkfhir: typo.db: there is no file of jobs here\n")
    assert not (place / "typo.db").exists()


def test_state_after_the_command(place, capsys):
    JobStore(Database(place / "my.db")).open(stored_job("mine", 1.0))
    assert "mine" in jobs_command(capsys, "list", "--state", str(place / "my.db"))[1]


class TestDamagedState:
    """Whatever is wrong with the state file, a command says it in one line."""

    COMMANDS = (
        ["list"],
        ["list", "--status", "COMPLETED", "--json"],
        ["describe", "j3"],
        ["cancel", "j3"],
        ["rm", "j3"],
    )

    @pytest.fixture
    def state(self, tmp_path):
        path = tmp_path / "jobs.db"
        jobs = JobStore(Database(path))
        for number in range(30):
            job = ImportJob(
                id=f"j{number}",
                datastore_id="d" * 32,
                input_uri="s3://in/" + "x" * 200,
                output_uri="s3://out/",
                level="strict",
                submit_time=float(number),
            )
            jobs.open(job)
        jobs.database.close()
        return path

    def damaged(self, path, data):
        for leftover in path.parent.glob(f"{path.name}-*"):
            leftover.unlink()
        path.write_bytes(data)

    def said(self, path, capsys):
        for command in self.COMMANDS:
            code = run(["jobs", "--state", str(path), *command])
            err = capsys.readouterr().err
            assert code in (0, 2)
            assert len(err.splitlines()) <= 1
            yield err

    @pytest.mark.parametrize("size", [0, 1, 100, 5_000])
    def test_that_was_cut(self, state, capsys, size):
        whole = state.read_bytes()
        self.damaged(state, whole[:size])
        assert list(self.said(state, capsys))

    @pytest.mark.parametrize("filling", [b"\0", b"x"], ids=["zeros", "letters"])
    def test_of_which_a_page_is_ruined(self, state, capsys, filling):
        whole, said = state.read_bytes(), []
        for start in range(0, len(whole), 4096):
            self.damaged(state, whole[:start] + filling * 4096 + whole[start + 4096 :])
            said += self.said(state, capsys)
        assert sum("the state file" in line for line in said) > 10

    def test_does_not_stop_an_import(self, state, place, caplog):
        whole = state.read_bytes()
        for number, start in enumerate(range(0, len(whole), 4096)):
            self.damaged(state, whole[:start] + b"\0" * 4096 + whole[start + 4096 :])
            result = imported(place, job_id=f"i{number}", state=state)
            assert result.manifest.resources_imported == 2
        assert "recorded" in caplog.text
