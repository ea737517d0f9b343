"""Export jobs: an unchanged boto3, over what imports of the data store accepted."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice

import pytest

from bulkfhir.engine.job_terms.job_status import JobStatus
from bulkfhir.engine.jobs import ExportStore, ImportJob, export_files
from bulkfhir.engine.jobs.export_files import write_export
from bulkfhir.engine.server.service import Service, ServiceSettings
from tests.server.conftest import DATASTORE, ROLE, Calls, Served, finished, start_request, wait_for

OUTPUT = {"S3Configuration": {"S3Uri": "s3://out-bucket/exported", "KmsKeyId": "alias/key"}}


def export_request(**more):
    return {"DatastoreId": DATASTORE, "OutputDataConfig": OUTPUT, "DataAccessRoleArn": ROLE} | more


def line(kind, name, **more):
    return json.dumps({"resourceType": kind, "id": name} | more) + "\n"


def exported(root, uri):
    """(manifest, resources by type) of an export's folder."""
    folder = root / uri.removeprefix("s3://")
    manifest = json.loads((folder / "manifest.json").read_text())
    found = {}
    for entry in manifest["output"]:
        lines = (root / entry["url"].removeprefix("s3://")).read_text().splitlines()
        assert len(lines) == entry["count"]
        found.setdefault(entry["type"], []).extend(map(json.loads, lines))
    return manifest, found


def test_an_export_holds_the_last_version_of_what_imports_accepted(service_models, tmp_path):
    server = Served(tmp_path, "--datastore", DATASTORE, "--exports")
    try:
        client = server.client()
        first = [line("Patient", "a", gender="male"), line("Patient", "b"), line("Basic", "a")]
        second = [line("Patient", "a", gender="female"), line("Patient", "c"), "{\n"]
        for name, lines in (("one", first), ("two", second)):
            server.put(f"{name}/p.ndjson", "".join(lines).encode())
            source = f"s3://in-bucket/{name}/"
            job = client.start_fhir_import_job(**start_request(source=source))
            finished(client, job["JobId"])
        begun = client.start_fhir_export_job(**export_request(JobName="all", ClientToken="once"))
        assert begun["JobStatus"] == "SUBMITTED"
        wanted = {"DatastoreId": DATASTORE, "JobId": begun["JobId"]}
        client.get_waiter("fhir_export_job_completed").wait(
            **wanted, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
        job = client.describe_fhir_export_job(**wanted)["ExportJobProperties"]
        again = client.start_fhir_export_job(**export_request(JobName="all", ClientToken="once"))
        assert (again["JobId"], again["JobStatus"]) == (begun["JobId"], "COMPLETED")
    finally:
        assert server.end() == 0
    output = job["OutputDataConfig"]["S3Configuration"]
    assert output == {
        "S3Uri": f"s3://out-bucket/exported/{DATASTORE}-FHIR_EXPORT-{begun['JobId']}/",
        "KmsKeyId": "alias/key",
    }
    assert job["SubmitTime"] <= job["EndTime"]
    assert (job["JobName"], job["DataAccessRoleArn"]) == ("all", ROLE)
    _, found = exported(server.root, output["S3Uri"])
    patients = {one["id"]: one.get("gender") for one in found["Patient"]}
    assert patients == {"a": "female", "b": None, "c": None}
    assert [one["id"] for one in found["Basic"]] == ["a"]


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """The endpoint with exports, whose runner is not begun: they stay SUBMITTED."""
    monkeypatch.setenv("BULKFHIR_S3_ROOT", str(tmp_path / "s3"))
    settings = ServiceSettings(
        state=tmp_path / "jobs.db", datastores=(DATASTORE,), exports=True, concurrent=0
    )
    service = Service(settings)
    yield Calls(service)
    service.database.close()


def test_exports_are_listed_by_filters_and_pages(calls):
    ids = [
        calls("StartFHIRExportJob", **export_request(JobName=f"e{number % 2}"))["JobId"]
        for number in range(5)
    ]

    def listed(**members):
        answer = calls("ListFHIRExportJobs", DatastoreId=DATASTORE, **members)
        found = [job["JobId"] for job in answer["ExportJobPropertiesList"]]
        return found + (
            listed(**members | {"NextToken": answer["NextToken"]}) if "NextToken" in answer else []
        )

    assert listed() == listed(MaxResults=2) == ids[::-1]
    assert listed(JobName="e1") == [ids[3], ids[1]]
    assert listed(JobStatus="COMPLETED") == []
    assert listed(SubmittedAfter=2**33) == []
    assert listed(SubmittedBefore=2**33) == ids[::-1]


def test_what_the_contract_refuses_is_refused(calls):
    wrong = export_request(DataAccessRoleArn="arn:aws:iam::1:user/none", JobName=";")
    exception, message = calls.refused("StartFHIRExportJob", **wrong)
    assert (exception, message[:28]) == ("ValidationException", "2 validation errors detected")
    without_key = {"S3Configuration": {"S3Uri": "s3://out-bucket/exported"}}
    refused = calls.refused("StartFHIRExportJob", **export_request(OutputDataConfig=without_key))
    assert "kmsKeyId" in refused[1]
    unknown = export_request(DatastoreId="none")
    assert calls.refused("StartFHIRExportJob", **unknown)[0] == "ResourceNotFoundException"
    missing = calls.refused("DescribeFHIRExportJob", DatastoreId=DATASTORE, JobId="none")
    assert missing[0] == "ResourceNotFoundException"
    calls("StartFHIRExportJob", **export_request(ClientToken="once"))
    other = export_request(ClientToken="once", JobName="other")
    assert calls.refused("StartFHIRExportJob", **other)[0] == "ValidationException"
    assert calls.refused("DeleteFHIRDatastore", DatastoreId=DATASTORE)[0] == "ConflictException"


def test_without_the_option_exports_are_refused(tmp_path):
    service = Service(ServiceSettings(state=tmp_path / "jobs.db", datastores=(DATASTORE,)))
    refused = Calls(service).refused("StartFHIRExportJob", **export_request())
    assert refused == (
        "ValidationException",
        "StartFHIRExportJob is not supported by this endpoint",
    )
    service.database.close()


def test_an_interrupted_export_runs_again(calls):
    job = calls("StartFHIRExportJob", **export_request())["JobId"]
    store = ExportStore(calls.service.database)
    assert store.begin().status == JobStatus.IN_PROGRESS
    calls.service.start()  # as after a crash: nobody runs it
    try:

        def ended():
            found = calls("DescribeFHIRExportJob", DatastoreId=DATASTORE, JobId=job)
            return found["ExportJobProperties"]["JobStatus"] == "COMPLETED"

        wait_for(ended, "the end of the export")
    finally:
        calls.service.stop()
    assert store.job(job).message is None


def test_an_export_that_breaks_says_so_in_the_form_of_the_log(calls):
    state = calls.service.database.path
    command = [sys.executable, "-m", "bulkfhir.engine.jobs.export_child", state, "none", "json"]
    with subprocess.Popen(
        [*command, "INFO"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as export:
        (line,) = map(json.loads, export.stderr)
    assert (line["level"], line["message"]) == ("error", "the main thread broke: UnknownJobError")


def test_an_export_of_what_is_damaged_fails_with_a_message(calls, tmp_path):
    folder = f"s3://out-bucket/{DATASTORE}-FHIR_IMPORT-1/"
    part = tmp_path / "s3" / folder.removeprefix("s3://") / "resources/Patient/part-000000.ndjson"
    part.parent.mkdir(parents=True)
    part.write_text("no resource\n")
    earlier = ImportJob(
        id="1",
        datastore_id=DATASTORE,
        input_uri="s3://in-bucket/",
        output_uri=folder,
        level="strict",
        submit_time=1.0,
        status=JobStatus.COMPLETED,
    )
    calls.service.jobs.add(earlier)
    job = calls("StartFHIRExportJob", **export_request())["JobId"]
    wanted = {"DatastoreId": DATASTORE, "JobId": job}
    calls.service.start()
    try:
        found = wait_for(
            lambda: (
                (answer := calls("DescribeFHIRExportJob", **wanted)["ExportJobProperties"]).get(
                    "EndTime"
                )
                and answer
            ),
            "the end of the export",
        )
    finally:
        calls.service.stop()
    assert (found["JobStatus"], found["Message"]) == ("FAILED", "internal error: JSONDecodeError")
    assert not list((tmp_path / "s3/out-bucket").glob("exported/*/manifest.json"))


def parts(root, job, kind, *files):
    """A job's folder with the accepted lines of one type."""
    folder = root / job / "resources" / kind
    folder.mkdir(parents=True, exist_ok=True)
    for number, lines in enumerate(files):
        (folder / f"part-{number:06d}.ndjson").write_text("".join(lines))
    return f"{root / job}/"


def test_files_are_cut_and_only_the_last_of_each_id_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(export_files, "_PER_FILE", 2)
    first = parts(
        tmp_path,
        "1",
        "Patient",
        [line("Patient", f"p{n}") for n in range(3)],
        ["", line("Patient", "p0", active=True)],
    )
    parts(tmp_path, "1", "Basic", [line("Basic", "p0")])
    second = parts(tmp_path, "2", "Patient", [line("Patient", "p2", active=True)])
    write_export([first, f"{tmp_path}/none/", second], f"{tmp_path}/out/", None)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    named = [
        (one["url"].removeprefix(f"{tmp_path}/out/"), one["count"]) for one in manifest["output"]
    ]
    assert named == [
        ("Basic/Basic-0001.ndjson", 1),
        ("Patient/Patient-0001.ndjson", 2),
        ("Patient/Patient-0002.ndjson", 1),
    ]
    texts = [(tmp_path / "out" / name).read_text() for name, _ in islice(named, 1, None)]
    written = [json.loads(text) for text in "".join(texts).splitlines()]
    assert [(one["id"], one.get("active")) for one in written] == [
        ("p1", None),
        ("p0", True),
        ("p2", True),
    ]


def test_an_export_of_nothing_is_a_manifest(tmp_path):
    write_export([], f"{tmp_path}/out/", None)
    assert json.loads((tmp_path / "out/manifest.json").read_text()) == {"output": []}
