"""`bulkfhir compare`: what only one of two jobs rejects, of our own jobs and of hand-made logs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkfhir.engine import storage
from bulkfhir.engine.comparing.comparison import compared
from bulkfhir.engine.comparing.rejections import JobLogs
from tests.engine.cli.test_cli import BAD, GOOD, NO_ID, WORSE, bulkfhir, elsewhere, write

__all__ = ["bulkfhir", "elsewhere"]


def answer(line, *texts, severity="error", key="x", location="Patient.name"):
    """A line of a FAILURE log as HealthLake writes one; ``line`` None is about the file."""
    issues = [
        {"severity": severity, "code": "processing", "diagnostics": text, "location": [location]}
        for text in texts
    ]
    outcome = {"jsonBlob": {"resourceType": "OperationOutcome", "issue": issues}, "statusCode": 400}
    about = {} if line is None else {"lineId": line, "resourceId": key, "resourceType": "Patient"}
    return json.dumps(about | {"UpdateResourceResponse": outcome})


def folder(place, failures, *, successes=(), **manifest):
    """A job's folder: log name -> lines of its FAILURE log."""
    for name, lines in failures.items():
        write(f"{place}/FAILURE/{name}", *lines)
    for name in successes:
        write(f"{place}/SUCCESS/{name}")
    write(f"{place}/Manifest.json", json.dumps(manifest))
    return place


def both(ours, theirs, name="p.ndjson"):
    """Folders of two jobs over one file."""
    return (
        folder("ours", {name: ours}, successes=[name]),
        folder("theirs", {name: theirs}, successes=[name]),
    )


def document(bulkfhir, *arguments):
    result = bulkfhir("compare", *arguments, "--json")
    assert result.err == ""
    return json.loads(result.out), result.code


def test_jobs_at_two_levels_differ_by_what_only_the_stricter_one_asks(bulkfhir):
    write("in/p.ndjson", GOOD, BAD, WORSE, NO_ID)
    bulkfhir("import", "in", "-o", "strict", "-q")
    bulkfhir("import", "in", "-o", "minimal", "--level", "minimal", "-q")
    found, code = document(bulkfhir, "strict", "minimal")
    assert (code, found["same"], found["rejectedByBoth"]) == (1, False, 1)
    assert found["onlyTheirs"]["lines"] == 0
    assert found["onlyOurs"]["lines"] == 2
    assert [one["first"]["line"] for one in found["onlyOurs"]["messages"]] == [2, 3]
    assert found["manifest"]["numberOfResourcesImportedSuccessfully"] == {"ours": 1, "theirs": 3}
    assert bulkfhir("compare", "strict", "strict").code == 0


def test_the_screen_names_messages_places_and_files(bulkfhir):
    more = [answer(line, f"length {line} is over 7") for line in (3, 4)]
    places = both([answer(1, "both"), answer(2, "ours alone")], [answer(1, "other text"), *more])
    result = bulkfhir("compare", *places)
    assert result.code == 1
    assert result.out.splitlines() == [
        "file           both  only ours  only theirs",
        "p.ndjson          1          1            2",
        "",
        "only ours rejects: 1 line",
        "        1  ours alone",
        "           first at p.ndjson:2  Patient/x  Patient.name",
        "",
        "only theirs rejects: 2 lines",
        "        2  length # is over #",
        "           first at p.ndjson:3  Patient/x  Patient.name",
        "",
        "1 file: 1 lines rejected by both, 1 only by ours, 2 only by theirs",
    ]


@pytest.mark.parametrize(
    ("ours", "theirs", "only_ours", "only_theirs"),
    [
        pytest.param([answer(7, "a")], [answer(7, "b")], 0, 0, id="other words, same line"),
        pytest.param([answer(9, "a"), answer(2, "a")], [answer(2, "a")], 1, 0, id="not in order"),
        pytest.param([answer(2, "a"), answer(2, "a")], [], 1, 0, id="a line twice"),
        pytest.param([], [answer(None, "truncated")], 0, 1, id="a file that broke"),
        pytest.param([answer(1, "a", "b")], [], 1, 0, id="several findings"),
        pytest.param([], [answer(1)], 0, 1, id="nothing is said"),
        pytest.param([answer(1, "a", severity="warning")], [], 1, 0, id="only a warning is said"),
    ],
)
def test_lines_are_compared_by_their_numbers(bulkfhir, ours, theirs, only_ours, only_theirs):
    found, code = document(bulkfhir, *both(ours, theirs))
    assert (found["onlyOurs"]["lines"], found["onlyTheirs"]["lines"]) == (only_ours, only_theirs)
    assert code == (1 if only_ours or only_theirs else 0)


def test_warnings_beside_errors_are_no_reason(bulkfhir):
    line = json.loads(answer(1, "wrong"))
    issues = line["UpdateResourceResponse"]["jsonBlob"]["issue"]
    issues.insert(0, {"severity": "warning", "code": "processing", "diagnostics": "dom-6"})
    found, _ = document(bulkfhir, *both([json.dumps(line)], []))
    assert [one["message"] for one in found["onlyOurs"]["messages"]] == ["wrong"]


def test_a_file_that_one_job_never_saw_is_named_and_its_lines_are_not_counted(bulkfhir):
    ours = folder("ours", {"a.ndjson": [answer(1, "a")]}, successes=["b.ndjson.gz"])
    theirs = folder("theirs", {}, successes=["b.ndjson"])
    found, code = document(bulkfhir, ours, theirs)
    assert (code, found["onlyOurs"]) == (
        1,
        {"lines": 0, "files": ["a.ndjson"], "messages": [], "findingsNotGrouped": 0},
    )
    assert "1 file not in theirs: a.ndjson" in bulkfhir("compare", ours, theirs).out


@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param(lambda: None, "ours: there is no such folder", id="none"),
        pytest.param(lambda: write("ours/x.txt"), "ours: no folder of an import job", id="other"),
        pytest.param(
            lambda: [write(f"ours/0-FHIR_IMPORT-{job}/Manifest.json", "{}") for job in "ab"],
            "ours: 2 jobs lie here, name the folder of one: 0-FHIR_IMPORT-a, 0-FHIR_IMPORT-b",
            id="two",
        ),
        pytest.param(
            lambda: folder("ours", {"p.ndjson": [answer(1, "a"), "{}"]}, successes=["p.ndjson"]),
            "FAILURE/p.ndjson:2: this is no line of a FAILURE log",
            id="no log",
        ),
        pytest.param(
            lambda: folder("ours", {"p.ndjson": [answer("1", "a")]}, successes=["p.ndjson"]),
            "FAILURE/p.ndjson:1: this is no line of a FAILURE log",
            id="no number",
        ),
    ],
)
def test_what_is_no_job_is_one_sentence(bulkfhir, made, said):
    made()
    folder("theirs", {"p.ndjson": []}, successes=["p.ndjson"])
    result = bulkfhir("compare", "ours", "theirs")
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert len(result.err.splitlines()) == 1


def test_text_of_a_log_moves_no_terminal(bulkfhir):
    result = bulkfhir("compare", *both([answer(1, "\x1b[2Jgone")], []))
    assert "\\x1b[2Jgone" in result.out


NUMBERS = st.lists(st.integers(1, 30), max_size=20)


@settings(max_examples=60, deadline=None)
@given(ours=NUMBERS, theirs=NUMBERS)
def test_the_lines_are_those_of_two_sets(tmp_path_factory, ours, theirs):
    place = tmp_path_factory.mktemp("jobs")
    jobs = []
    for name, numbers in (("ours", ours), ("theirs", theirs)):
        folder(str(place / name), {"p": [answer(one, "a") for one in numbers]}, successes=["p"])
        jobs.append(JobLogs(str(place / name)))
    found = compared(*jobs)
    assert found.both == len(set(ours) & set(theirs))
    assert found.ours.lines == len(set(ours) - set(theirs))
    assert found.theirs.lines == len(set(theirs) - set(ours))
    assert Path(jobs[0].folder) == place / "ours"


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "s3://ours/", "s3://theirs/"),
        ("jobs", "describe", "s3://ours/0-FHIR_IMPORT-a/job.json"),
        ("preflight", "s3://ours/", "s3://theirs/", "--role", "a", "--kms-key-id", "a"),
    ],
    ids=["compare", "describe", "preflight"],
)
def test_a_store_that_does_not_answer_is_asked_no_longer_than_wanted(
    bulkfhir, monkeypatch, arguments
):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # where nothing listens
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION"):
        monkeypatch.setenv(f"AWS_{name}", "test")
    monkeypatch.delenv("BULKFHIR_RETRY_SECONDS", raising=False)
    storage._s3.cache_clear()
    began = time.monotonic()
    result = bulkfhir(*arguments, "--retry-seconds", "0")
    assert time.monotonic() - began < 60
    assert result.code in (2, 3)
    assert "127.0.0.1:9" in result.out + result.err
    storage._s3.cache_clear()
    os.environ.pop("BULKFHIR_RETRY_SECONDS")
