"""`bulkfhir submit`: what was checked goes to S3 and HealthLake, for which the emulator stands."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from bulkfhir.engine.cli.program import run
from tests.holding import holding
from tests.server.conftest import DATASTORE, ROLE, wait_for

RULE = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
PATIENT = '{"resourceType":"Patient","id":"p%d"}\n'
ENCOUNTER = (
    '{"resourceType":"Encounter","id":"e%d","status":"finished","class":{"code":"AMB",'
    '"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode"}}\n'
)
BAD = '{"resourceType":"Patient","id":"bad","birthDate":"1987-02-30"}\n'


@pytest.fixture
def place(emulated, tmp_path, monkeypatch, capsys):
    """A folder with data, a bucket of its own that encrypts, and ``submit``, as a process and
    inside this one.
    """
    s3 = boto3.client("s3")
    bucket = f"records-{os.urandom(6).hex()}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [RULE]})
    (tmp_path / "data").mkdir()
    lines = [PATIENT % number for number in range(5)]
    (tmp_path / "data/p.ndjson").write_text("".join([*lines[:2], BAD, *lines[2:]]))
    (tmp_path / "data/e.ndjson").write_text("".join(ENCOUNTER % number for number in range(3)))
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "BULKFHIR_WORKERS": "1",
        "BULKFHIR_POLL_SECONDS": "0.2",
    }.items():
        monkeypatch.setenv(name, value)

    def words(*options, source="data", destination=f"s3://{bucket}/in"):
        options = ("--datastore-id", DATASTORE, *options)  # a later one wins
        return [
            "submit",
            source,
            destination,
            "--role",
            ROLE,
            "--kms-key-id",
            "alias/key",
            *options,
        ]

    def begin(*options, **environment):
        return subprocess.Popen(
            [sys.executable, "-m", "bulkfhir", *words(*options)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def submit(*options, **more):
        capsys.readouterr()
        code = run(words(*options, **more))
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    def stored():
        listed = s3.list_objects_v2(Bucket=bucket, Prefix="in/").get("Contents", ())
        return {one["Key"]: one["LastModified"] for one in listed}

    def text(key):
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    yield SimpleNamespace(
        folder=tmp_path, bucket=bucket, s3=s3, begin=begin, submit=submit, stored=stored, text=text
    )
    logging.getLogger("bulkfhir").handlers.clear()
    logging.getLogger("bulkfhir").propagate = True


def jobs_of(name):
    """The imports that the endpoint has of one submission."""
    client = boto3.client("healthlake")
    listed = client.list_fhir_import_jobs(DatastoreId=DATASTORE)["ImportJobPropertiesList"]
    return [job for job in listed if f"/{name}/" in job["InputDataConfig"]["S3Uri"]]


def test_what_is_accepted_is_sent_and_imported_and_the_answer_is_here(place):
    done = place.submit("--yes", "--job-id", "first")
    assert done.code == 1, done.err  # one line was rejected here
    assert "2 files" in done.out
    assert "(8 resources accepted here, 1 rejected)" in done.out
    sent = [key for key in place.stored() if "/answer/" not in key]
    assert sent == [
        "in/first/Encounter/part-000000.ndjson",
        "in/first/Patient/part-000000.ndjson",
    ]
    assert place.text(sent[1]) == "".join(PATIENT % number for number in range(5))
    head = place.s3.head_object(Bucket=place.bucket, Key=sent[1])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/key")
    (job,) = jobs_of("first")
    assert job["JobStatus"] == "COMPLETED"
    folder = f"{DATASTORE}-FHIR_IMPORT-{job['JobId']}"
    assert (place.folder / "submission-first" / folder / "Manifest.json").exists()
    assert f"job {job['JobId']}: COMPLETED, " in done.out


def test_originals_are_sent_as_they_are_and_what_is_rejected_is_shown(place):
    done = place.submit("--yes", "--originals", "--job-id", "whole", "-o", "here")
    assert done.code == 1
    assert place.text("in/whole/p.ndjson") == (place.folder / "data/p.ndjson").read_text()
    assert "1  '1987-02-30' is not in the calendar\n" in done.out
    assert "first at p.ndjson:3  Patient/bad  Patient.birthDate" in done.out
    (job,) = jobs_of("whole")
    assert job["JobStatus"] == "COMPLETED_WITH_ERRORS"


def refused(place, *options, **more):
    done = place.submit(*options, **more)
    assert place.stored() == {}
    assert done.err.count("\n") == 1, done.err
    assert done.code == 2
    return done.err


def test_nothing_is_sent_where_nobody_said_yes(place):
    assert "--yes sends without asking" in refused(place, "-q")


def test_a_bucket_without_encryption_is_refused_unless_told(place):
    place.s3.delete_bucket_encryption(Bucket=place.bucket)
    assert "no default encryption" in refused(place, "--yes", "-q")
    assert place.submit("--yes", "-q", "--allow-unencrypted").code == 1


def test_originals_that_healthlake_does_not_read_are_refused_before_the_check(place):
    (place.folder / "data/e.ndjson").rename(place.folder / "data/e.jsonl")
    assert "e.jsonl: HealthLake reads plain files" in refused(place, "--yes", "--originals")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param({"destination": "out"}, "reads from S3 alone", id="no bucket"),
        pytest.param({"source": "nowhere"}, "nowhere", id="no data"),
        pytest.param({"destination": "s3://not-there-at-all/x"}, "no such bucket", id="absent"),
    ],
)
def test_a_place_that_cannot_work_is_one_sentence(place, more, said):
    assert said in refused(place, "--yes", "-q", **more)


def test_what_the_service_refuses_is_one_sentence_and_may_be_mended(place):
    wrong = place.submit("--yes", "-q", "--job-id", "twice", "--datastore-id", "f" * 32)
    assert wrong.code == 2
    assert "HealthLake refuses: ResourceNotFoundException" in wrong.err


def killed_at(place, file, *options):
    """Kill a submission that stands still where it opens a file; return all it said."""
    process = place.begin("--yes", *options, **holding(file, place.folder))
    wait_for((place.folder / "held").exists, f"the submission at {file}")
    process.kill()
    return "".join(process.communicate())


def test_a_kill_while_sending_sends_the_rest(place):
    said = killed_at(place, "resources/Patient/part-000000.ndjson", "--job-id", "k1")
    assert "sent Encounter" in said
    assert "sent Patient" not in said
    before = place.stored()["in/k1/Encounter/part-000000.ndjson"]
    done = place.submit("--yes", "--job-id", "k1", "--resume")
    assert done.code == 1, done.err
    assert place.stored()["in/k1/Encounter/part-000000.ndjson"] == before
    assert "there already: Encounter/part-000000.ndjson" in done.err
    assert len(jobs_of("k1")) == 1


def test_a_kill_while_healthlake_works_begins_no_second_job(place):
    process = place.begin("--yes", "--job-id", "k2", BULKFHIR_POLL_SECONDS="600")
    assert any(line.startswith("HealthLake: ") for line in process.stderr)
    process.kill()  # it would not ask again for ten minutes
    process.communicate()
    done = place.submit("--job-id", "k2", "--resume")  # nothing is sent: nobody need be asked
    assert done.code == 1, done.err
    assert len(jobs_of("k2")) == 1


def test_a_kill_in_the_check_goes_on_with_it(place):
    assert "to send" not in killed_at(place, ".000000.SUCCESS.", "--job-id", "k3")
    assert place.submit("--yes", "--job-id", "k3", "--resume").code == 1
    assert len(jobs_of("k3")) == 1


def test_nothing_accepted_is_nothing_sent(place):
    (place.folder / "data/e.ndjson").unlink()
    (place.folder / "data/p.ndjson").write_text(BAD)
    done = place.submit("--yes", "-q")
    assert (done.code, done.out) == (1, "nothing was accepted, so nothing is sent\n")


def test_a_record_that_is_none_is_one_sentence(place):
    Path(place.folder / "s").mkdir()
    (place.folder / "s/submission-x.json").write_text("{}")
    done = place.submit("--yes", "--job-id", "x", "--resume", "-o", "s")
    assert (done.code, done.out) == (2, "")
    assert "submission-x.json: no record of a submission" in done.err
