"""When a report is written, and that none decides anything of a job."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bulkfhir.engine import JobStatus, import_job
from bulkfhir.engine.across.cause_sums import CauseSums
from bulkfhir.engine.job import job_run
from bulkfhir.engine.sharding.checkpoint import Checkpoint
from tests.engine.cli.test_cli import bulkfhir

__all__ = ["bulkfhir"]

BAD = {"gender": "nobody-knows", "birthDate": "1975-13-01"}


@pytest.fixture
def source(write, patient, tmp_path):
    write("in/Patient.ndjson", [patient("a"), patient("b", **BAD), patient("c", **BAD)])
    return tmp_path / "in"


def run(source, output, **more):
    options = {"job_id": "j", "workers": 1, "report": True}
    return import_job(source, output, **options | more)


def folder_of(job):
    return Path(job.job_folder.removeprefix("file://"))


def page_of(job):
    return (folder_of(job) / "report.html").read_text("utf-8")


def document_of(job):
    return json.loads((folder_of(job) / "report.json").read_text("utf-8"))


def test_report_says_what_the_job_came_to(source, tmp_path):
    document = document_of(run(source, tmp_path / "out"))
    assert (
        document["figures"] | {"resources": 3, "accepted": 1, "rejected": 2}
        == (document["figures"])
    )
    assert document["types"] == [
        {"type": "Patient", "accepted": 1, "rejected": 2, "notJudged": 0, "errors": 4}
    ]
    genders = "female, male, other, unknown (http://hl7.org/fhir/administrative-gender)"
    assert [(one["issues"], one["rule"], one["message"]) for one in document["causes"]] == [
        (2, "binding-required", f"'***' is not one of {genders}"),
        (2, "date", "'***' is no date: YYYY, YYYY-MM or YYYY-MM-DD"),
    ]
    assert document["causes"][0]["first"][0] == {"file": "Patient.ndjson", "line": 2}
    assert document["mend"][-1]["linesPassing"] == 2
    assert document["packages"] == ["hl7.fhir.r4.core#4.0.1"]


def test_page_says_the_same_as_the_json(source, tmp_path):
    job = run(source, tmp_path / "out")
    page = page_of(job)
    text = re.sub(r"<[^>]+>", " ", page)
    for one in document_of(job)["causes"]:
        assert one["message"].replace("'", "&#x27;") in text
    assert "2 of 3 resources rejected" in text


def test_page_does_not_speak_of_what_was_not_read(write, patient, tmp_path):
    write("in/a.ndjson", [patient("a"), patient("b")])
    (tmp_path / "in/b.ndjson.gz").write_bytes(b"no archive")
    said = "2 resources read and accepted, 1 of 2 files not read to the end"
    assert said in page_of(run(tmp_path / "in", tmp_path / "out"))
    (tmp_path / "in/b.ndjson.gz").unlink()
    assert "All 2 resources accepted" in page_of(run(tmp_path / "in", tmp_path / "two"))
    (tmp_path / "in/a.ndjson").write_bytes(b"")
    assert "No resource was read" in page_of(run(tmp_path / "in", tmp_path / "three"))


def test_page_may_load_and_run_nothing(source, tmp_path):
    page = page_of(run(source, tmp_path / "out"))
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "unsafe" not in page
    assert "<script" not in page
    assert "<a " not in page


def test_values_stand_where_they_are_asked_for(source, tmp_path):
    document = document_of(run(source, tmp_path / "out", report_values=True))
    assert document["valuesIncluded"]
    assert "'nobody-knows'" in document["causes"][0]["message"]
    assert document["job"]["source"].endswith("/in/")


def test_known_codes_urls_and_names_stand_and_others_do_not(write, patient, tmp_path):
    coding = [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "made-up"},
    ]
    lines = [patient("a", maritalStatus={"coding": [one]}, gender="final") for one in coding]
    source = write("Patient.ndjson", [*lines, patient("d", madeUp=1)])
    messages = [one["message"] for one in document_of(run(source, tmp_path / "out"))["causes"]]
    assert any(message.startswith("'final' is not one of") for message in messages)
    assert "Unknown code (http://terminology.hl7.org/CodeSystem/v3-ActCode#***)" in messages
    assert "Unrecognised property '***': Patient has no such element" in messages


def test_bindings_that_could_not_be_decided_are_named(write, tmp_path):
    line = {"resourceType": "DocumentReference", "id": "a", "status": "current"}
    content = [
        {
            "attachment": {"url": "x"},
            "format": {
                "system": "http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem",
                "code": "secret",
            },
        }
    ]
    source = write("D.ndjson", [json.dumps(line | {"content": content}).encode()])
    (row,) = document_of(run(source, tmp_path / "out"))["undecided"]
    assert row == {
        "kind": "codes",
        "of": "http://hl7.org/fhir/ValueSet/formatcodes|4.0.1",
        "times": 1,
    }


def test_causes_that_differ_in_values_alone_are_one(write, patient, tmp_path):
    source = write("Patient.ndjson", [patient(f"a{n}", birthDate=f"{n}-x") for n in range(9)])
    document = document_of(run(source, tmp_path / "out"))
    (cause,) = document["causes"]
    assert (cause["issues"], cause["kinds"], cause["lines"]) == (9, 9, None)


def test_nothing_else_of_a_job_is_changed_by_its_report(source, tmp_path, tree):
    with_it, without = run(source, tmp_path / "a"), run(source, tmp_path / "b", report=False)
    found = tree(folder_of(with_it))
    assert {found.pop("report.html")[:15], found.pop("report.json")[:1]} == {
        b"<!doctype html>",
        b"{",
    }
    plain = tree(folder_of(without))
    assert found.keys() == plain.keys()
    assert {name for name in found if found[name] != plain[name]} == {"Manifest.json"}  # its folder


@pytest.mark.parametrize("broken", [OSError("disk full"), ValueError("a bug")], ids=repr)
def test_report_that_cannot_be_written_fails_no_job(source, tmp_path, monkeypatch, caplog, broken):
    def refuse(*_):
        raise broken

    monkeypatch.setattr(job_run, "write_report", refuse)
    job = run(source, tmp_path / "out")
    assert job.status is JobStatus.COMPLETED_WITH_ERRORS
    assert (folder_of(job) / "Manifest.json").exists()
    assert "the report of the job could not be written" in caplog.text


def test_a_job_that_was_killed_before_its_report_writes_it_when_resumed(
    source, tmp_path, monkeypatch
):
    with monkeypatch.context() as patched:
        patched.setattr(job_run, "write_report", _killed)
        with pytest.raises(KeyboardInterrupt):
            run(source, tmp_path / "out")
    document = document_of(run(source, tmp_path / "out", resume=True))
    assert document["figures"]["rejected"] == 2
    assert document["throughput"][-1]["resources"] == 3  # of the run that read
    assert len(document["causes"]) == 2


def _killed(*_):
    raise KeyboardInterrupt


def test_what_an_earlier_version_kept_of_causes_is_masked_whole(source, tmp_path, monkeypatch):
    saved = Checkpoint.save

    def earlier(self, plan):
        """Save what a version saved that knew of no quoted stretches."""
        saved(self, plan)
        if plan.ending is not None:
            raise KeyboardInterrupt

    read = CauseSums.from_json

    def without_stretches(data):
        for entry in (*data["groups"], *data["mends"]):
            del entry["quoted"]
        return read(data)

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", earlier)
        with pytest.raises(KeyboardInterrupt):
            run(source, tmp_path / "out")
    monkeypatch.setattr(CauseSums, "from_json", without_stretches)
    document = document_of(run(source, tmp_path / "out", resume=True))
    assert [one["message"] for one in document["causes"]] == [
        "not so: a code comes from the value set of a required binding",
        "not so: a date is written as one, and is in the calendar",
    ]


class TestImportCommand:
    @pytest.fixture
    def imported(self, bulkfhir, source, tmp_path):
        """Imports by the command with these options; answers what it said, and the report."""

        def it(*options):
            output = str(tmp_path / "out")
            result = bulkfhir("import", str(source), "-o", output, "--workers", "1", *options)
            pages = list(tmp_path.rglob("report.html"))
            return result, pages[0].read_text("utf-8") if pages else None

        return it

    def test_writes_a_report_without_values(self, imported):
        result, page = imported()
        assert (result.code, "nobody-knows" in result.out) == (1, True)
        assert "nobody-knows" not in page

    def test_writes_none_where_that_is_asked(self, imported):
        assert imported("--no-report")[1] is None

    def test_quotes_values_where_that_is_asked(self, imported):
        assert "nobody-knows" in imported("--include-values")[1]

    def test_shows_no_value_on_the_screen_with_no_values(self, imported):
        result, _ = imported("--no-values", "--statistics")
        assert "'***' is not one of female" in result.out
        assert "nobody-knows" not in result.out
        assert "1975" not in result.out

    @pytest.mark.parametrize("other", ["--no-report", "--no-values"])
    def test_refuses_what_contradicts(self, imported, other):
        result, _ = imported("--include-values", other)
        assert result.code == 2
        assert f"--include-values contradicts {other}" in result.err
