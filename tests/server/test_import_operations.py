"""StartFHIRImportJob, DescribeFHIRImportJob and ListFHIRImportJobs over the store."""

from __future__ import annotations

import time

import pytest

from bulkfhir.engine.jobs import JobStatus
from bulkfhir.engine.server import model
from bulkfhir.engine.server.constraints import violations
from tests.server.conftest import DATASTORE, ROLE, start_request

FIGURES = {
    "TotalNumberOfScannedFiles", "TotalSizeOfScannedFilesInMB", "TotalNumberOfImportedFiles",
    "TotalNumberOfResourcesScanned",
    "TotalNumberOfResourcesImported", "TotalNumberOfResourcesWithCustomerError",
    "TotalNumberOfFilesReadWithCustomerError", "Throughput",
}  # fmt: skip


def test_start_answers_submitted_and_describe_every_member_that_applies(calls):
    before = time.time()
    answer = calls("StartFHIRImportJob", **start_request(JobName="nightly"))
    assert answer == {"JobId": answer["JobId"], "JobStatus": "SUBMITTED", "DatastoreId": DATASTORE}
    assert len(answer["JobId"]) == 32
    assert set(answer["JobId"]) <= set("0123456789abcdef")
    job = calls("DescribeFHIRImportJob", DatastoreId=DATASTORE, JobId=answer["JobId"])[
        "ImportJobProperties"
    ]
    assert before <= job.pop("SubmitTime") <= time.time()
    assert set(job.pop("JobProgressReport")) == FIGURES
    folder = f"s3://out-bucket/results/{DATASTORE}-FHIR_IMPORT-{answer['JobId']}/"
    assert job == {
        "JobId": answer["JobId"],
        "JobName": "nightly",
        "JobStatus": "SUBMITTED",
        "DatastoreId": DATASTORE,
        "InputDataConfig": {"S3Uri": "s3://in-bucket/data/"},
        "JobOutputDataConfig": {"S3Configuration": {"S3Uri": folder, "KmsKeyId": "alias/key"}},
        "DataAccessRoleArn": ROLE,
        "ValidationLevel": "minimal",
    }


def test_the_level_is_strict_unless_told(calls):
    request = start_request()
    del request["ValidationLevel"]
    job_id = calls("StartFHIRImportJob", **request)["JobId"]
    assert (
        calls("DescribeFHIRImportJob", DatastoreId=DATASTORE, JobId=job_id)["ImportJobProperties"][
            "ValidationLevel"
        ]
        == "strict"
    )


def test_the_same_client_token_gives_the_earlier_job_and_another_body_is_refused(calls):
    first = calls("StartFHIRImportJob", **start_request(ClientToken="once"))
    assert calls("StartFHIRImportJob", **start_request(ClientToken="once")) == first
    assert calls("StartFHIRImportJob", **start_request(ClientToken="twice")) != first
    exception, message = calls.refused(
        "StartFHIRImportJob", **start_request(ClientToken="once", JobName="other")
    )
    assert (exception, "once" in message) == ("ValidationException", True)
    assert len(calls("ListFHIRImportJobs", DatastoreId=DATASTORE)["ImportJobPropertiesList"]) == 2


@pytest.mark.parametrize(
    "member", ["ProfileId", "InputFormat", "DriftDetectionEnabled", "ProvenanceEnabled"]
)
def test_members_for_data_transformation_are_refused(calls, member):
    if member not in model.input_shape("StartFHIRImportJob").members:
        pytest.skip(f"this botocore's model has no {member}")
    value = True if member.endswith("Enabled") else "x"
    assert calls.refused("StartFHIRImportJob", **start_request(**{member: value})) == (
        "ValidationException",
        f"{member} is not supported",
    )


def test_a_job_is_found_in_its_own_data_store_only(calls):
    other = calls("CreateFHIRDatastore", DatastoreTypeVersion="R4")["DatastoreId"]
    job_id = calls("StartFHIRImportJob", **start_request())["JobId"]
    assert (
        calls.refused("DescribeFHIRImportJob", DatastoreId=other, JobId=job_id)[0]
        == "ResourceNotFoundException"
    )
    assert calls("ListFHIRImportJobs", DatastoreId=other) == {"ImportJobPropertiesList": []}


def test_lists_page_newest_first_and_new_jobs_do_not_shift_them(calls):
    ids = [
        calls("StartFHIRImportJob", **start_request(JobName=f"n{number}"))["JobId"]
        for number in range(5)
    ]
    page = calls("ListFHIRImportJobs", DatastoreId=DATASTORE, MaxResults=2)
    seen = [job["JobId"] for job in page["ImportJobPropertiesList"]]
    calls("StartFHIRImportJob", **start_request())
    while "NextToken" in page:
        page = calls(
            "ListFHIRImportJobs", DatastoreId=DATASTORE, MaxResults=2, NextToken=page["NextToken"]
        )
        seen += [job["JobId"] for job in page["ImportJobPropertiesList"]]
    assert seen == ids[::-1]


def test_a_token_that_is_not_this_lists_is_refused(calls):
    for number in range(3):
        calls("StartFHIRImportJob", **start_request(JobName=f"n{number}"))
    token = calls("ListFHIRImportJobs", DatastoreId=DATASTORE, MaxResults=1)["NextToken"]
    for members in (
        {"NextToken": "nonsense"},
        {"NextToken": token[:-6]},
        {"NextToken": token, "JobName": "n1"},
        {"NextToken": "MTIz"},
    ):
        assert (
            calls.refused("ListFHIRImportJobs", DatastoreId=DATASTORE, **members)[0]
            == "ValidationException"
        )


def test_lists_are_filtered_by_name_state_and_time(calls):
    def listed(**filters):
        jobs = calls("ListFHIRImportJobs", DatastoreId=DATASTORE, **filters)[
            "ImportJobPropertiesList"
        ]
        return {job["JobName"] for job in jobs}

    calls("StartFHIRImportJob", **start_request(JobName="a"))
    time.sleep(0.01)
    between = time.time()
    time.sleep(0.01)
    b = calls("StartFHIRImportJob", **start_request(JobName="b"))["JobId"]
    calls.service.jobs.cancel(b)
    assert listed(JobName="a") == {"a"}
    assert listed(JobStatus="SUBMITTED") == {"a"}
    assert listed(JobStatus="CANCEL_COMPLETED") == {"b"}
    assert listed(SubmittedBefore=between) == {"a"}
    assert listed(SubmittedAfter=between) == {"b"}
    assert listed(SubmittedAfter=between, JobStatus="SUBMITTED") == set()


def test_a_failure_message_fits_the_models_pattern(calls):
    job_id = calls("StartFHIRImportJob", **start_request())["JobId"]
    (job,) = calls.service.jobs.claim(1)
    calls.service.jobs.finish(
        job, JobStatus.FAILED, "s3://in/: 10,001 files; the limit is 10,000 («a» & b)"
    )
    answer = calls("DescribeFHIRImportJob", DatastoreId=DATASTORE, JobId=job_id)
    assert (
        answer["ImportJobProperties"]["Message"] == "s3://in/: 10 001 files the limit is 10 000 a b"
    )
    assert list(violations(model.operation("DescribeFHIRImportJob").output_shape, answer)) == []


def test_a_repeated_token_answers_the_state_by_now_and_an_explicit_default_is_the_same(calls):
    request = start_request(ClientToken="once", ValidationLevel="strict")
    first = calls("StartFHIRImportJob", **request)
    jobs = calls.service.jobs
    jobs.cancel(first["JobId"])
    del request["ValidationLevel"]
    again = calls("StartFHIRImportJob", **request)
    assert again == first | {"JobStatus": str(jobs.job(first["JobId"]).status)}
    assert again["JobStatus"].startswith("CANCEL")


def test_the_output_is_tried_before_there_is_a_job(calls, tmp_path):
    calls("StartFHIRImportJob", **start_request())
    probe = tmp_path / "s3/out-bucket/results/.healthlake_write_access_check_file.temp"
    assert probe.read_bytes() == b""
    config = {"S3Uri": "s3://out-bucket/a/../b", "KmsKeyId": "alias/key"}
    refused = calls.refused(
        "StartFHIRImportJob", **start_request(JobOutputDataConfig={"S3Configuration": config})
    )
    assert refused[0] == "AccessDeniedException"
    assert len(calls("ListFHIRImportJobs", DatastoreId=DATASTORE)["ImportJobPropertiesList"]) == 1
