"""An unchanged boto3 client against ``bulkfhir serve``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from tests.server.conftest import (
    BAD,
    DATASTORE,
    GOOD,
    OTHER_DATASTORE,
    Served,
    finished,
    start_request,
)


@pytest.fixture(scope="module")
def client(served):
    return served.client()


def test_a_job_runs_from_start_to_manifest(served, client):
    started = client.start_fhir_import_job(**start_request(JobName="whole"))
    assert started["JobStatus"] == "SUBMITTED"
    job = finished(client, started["JobId"])
    assert job["JobStatus"] == "COMPLETED_WITH_ERRORS"
    assert isinstance(job["SubmitTime"], datetime)
    assert job["SubmitTime"] <= job["EndTime"]
    report = job["JobProgressReport"]
    assert report.pop("Throughput") > 0
    assert report == {
        "TotalNumberOfScannedFiles": 2,
        "TotalSizeOfScannedFilesInMB": (2 * len(GOOD) + len(BAD)) / 1e6,
        "TotalNumberOfImportedFiles": 2,
        "TotalNumberOfResourcesScanned": 5,
        "TotalNumberOfResourcesImported": 4,
        "TotalNumberOfResourcesWithCustomerError": 1,
        "TotalNumberOfFilesReadWithCustomerError": 0,
    }
    folder = served.root / job["JobOutputDataConfig"]["S3Configuration"]["S3Uri"].removeprefix(
        "s3://"
    )
    manifest = json.loads((folder / "Manifest.json").read_text())
    assert (
        manifest["outputDataConfig"]["s3Uri"]
        == job["JobOutputDataConfig"]["S3Configuration"]["S3Uri"]
    )
    assert manifest["numberOfResourcesWithCustomerError"] == 1
    (failure,) = (folder / "FAILURE" / "bad.ndjson").read_text().splitlines()
    assert json.loads(failure)["lineId"] == 3
    assert (
        served.root / "out-bucket" / "results" / ".healthlake_write_access_check_file.temp"
    ).read_bytes() == b""


def test_botocores_own_waiters_see_the_end(client):
    job_id = client.start_fhir_import_job(**start_request(OTHER_DATASTORE))["JobId"]
    client.get_waiter("fhir_import_job_completed").wait(
        DatastoreId=OTHER_DATASTORE, JobId=job_id, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    made = client.create_fhir_datastore(DatastoreTypeVersion="R4")["DatastoreId"]
    client.get_waiter("fhir_datastore_active").wait(
        DatastoreId=made, WaiterConfig={"Delay": 1, "MaxAttempts": 5}
    )
    client.delete_fhir_datastore(DatastoreId=made)
    client.get_waiter("fhir_datastore_deleted").wait(
        DatastoreId=made, WaiterConfig={"Delay": 1, "MaxAttempts": 5}
    )


def test_a_job_without_input_fails_with_a_message_and_the_waiter_says_so(client):
    job_id = client.start_fhir_import_job(**start_request(source="s3://in-bucket/nothing/"))[
        "JobId"
    ]
    with pytest.raises(WaiterError, match="FAILED"):
        client.get_waiter("fhir_import_job_completed").wait(
            DatastoreId=DATASTORE, JobId=job_id, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
    job = client.describe_fhir_import_job(DatastoreId=DATASTORE, JobId=job_id)[
        "ImportJobProperties"
    ]
    assert "s3://in-bucket/nothing/" in job["Message"]
    assert job["JobProgressReport"]["TotalNumberOfResourcesScanned"] == 0


@pytest.mark.parametrize("key", ["../../jobs.db", "data/../../../jobs.db"])
def test_no_key_leads_out_of_the_root(served, client, key):
    job_id = client.start_fhir_import_job(**start_request(source=f"s3://in-bucket/{key}"))["JobId"]
    job = finished(client, job_id)
    assert (job["JobStatus"], str(served.folder) in job["Message"]) == ("FAILED", False)
    output = {"S3Configuration": {"S3Uri": f"s3://out-bucket/{key}", "KmsKeyId": "alias/key"}}
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.start_fhir_import_job(**start_request() | {"JobOutputDataConfig": output})
    assert not list(served.folder.glob("jobs.db/*"))


def test_lists_page_through_all_jobs_and_take_dates(client):
    for _ in range(3):
        client.start_fhir_import_job(**start_request(OTHER_DATASTORE))
    names, request = [], {"DatastoreId": OTHER_DATASTORE, "MaxResults": 2}
    while True:
        page = client.list_fhir_import_jobs(**request)
        names += [job["JobId"] for job in page["ImportJobPropertiesList"]]
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert len(names) == len(set(names)) >= 3
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert (
        client.list_fhir_import_jobs(DatastoreId=OTHER_DATASTORE, SubmittedAfter=tomorrow)[
            "ImportJobPropertiesList"
        ]
        == []
    )
    assert len(
        client.list_fhir_import_jobs(DatastoreId=OTHER_DATASTORE, SubmittedBefore=tomorrow)[
            "ImportJobPropertiesList"
        ]
    ) == len(names)
    for name in names:
        finished(client, name, OTHER_DATASTORE)


def test_data_stores_and_tags(client):
    made = client.create_fhir_datastore(
        DatastoreTypeVersion="R4", DatastoreName="tagged", Tags=[{"Key": "a", "Value": "1"}]
    )
    client.tag_resource(ResourceARN=made["DatastoreArn"], Tags=[{"Key": "b", "Value": "2"}])
    client.untag_resource(ResourceARN=made["DatastoreArn"], TagKeys=["a"])
    assert client.list_tags_for_resource(ResourceARN=made["DatastoreArn"])["Tags"] == [
        {"Key": "b", "Value": "2"}
    ]
    listed = client.list_fhir_datastores(Filter={"DatastoreName": "tagged"})[
        "DatastorePropertiesList"
    ]
    assert [store["DatastoreId"] for store in listed] == [made["DatastoreId"]]


def test_two_clients_see_the_same_data_store_each_in_its_own_region(served):
    arns = []
    for region in ("eu-central-1", "ap-southeast-2"):
        client = served.client(region=region)
        found = client.describe_fhir_datastore(DatastoreId=DATASTORE)["DatastoreProperties"]
        assert client.list_tags_for_resource(ResourceARN=found["DatastoreArn"])["Tags"] == []
        arns.append(found["DatastoreArn"].split(":")[3])
    assert arns == ["eu-central-1", "ap-southeast-2"]


def test_exceptions_arrive_as_the_models_classes(client):
    with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
        client.describe_fhir_import_job(DatastoreId=DATASTORE, JobId="none")
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert len(missing.value.response["ResponseMetadata"]["RequestId"]) == 36
    assert "none" in missing.value.response["Error"]["Message"]
    with pytest.raises(client.exceptions.ValidationException, match="2 validation errors detected"):
        client.start_fhir_import_job(**start_request(JobName="ü;", ValidationLevel="lax"))
    with pytest.raises(client.exceptions.ValidationException, match="not supported"):
        client.list_fhir_export_jobs(DatastoreId=DATASTORE)
    made = client.create_fhir_datastore(DatastoreTypeVersion="R4")["DatastoreId"]
    client.delete_fhir_datastore(DatastoreId=made)
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_fhir_datastore(DatastoreId=made)


def test_keys_and_rates_hold_on_the_wire(tmp_path):
    (tmp_path / "keys").write_text(
        "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = right\n"
    )
    server = Served(
        tmp_path,
        "--datastore",
        DATASTORE,
        "--require-auth",
        "--credentials",
        str(tmp_path / "keys"),
        "--throttle",
        "service",
    )
    try:
        known = server.client("AKIDEXAMPLE", "right")
        known.start_fhir_import_job(**start_request())
        with pytest.raises(known.exceptions.ThrottlingException):
            known.start_fhir_import_job(**start_request())
        for stranger in (server.client("AKIDEXAMPLE", "wrong"), server.client("STRANGER", "right")):
            with pytest.raises(stranger.exceptions.AccessDeniedException):
                stranger.start_fhir_import_job(**start_request())
        unsigned = boto3.client(
            "healthlake",
            endpoint_url=server.url,
            region_name="us-east-1",
            config=Config(signature_version=UNSIGNED),
        )
        with pytest.raises(ClientError, match="Missing Authentication Token"):
            unsigned.describe_fhir_datastore(DatastoreId=DATASTORE)
    finally:
        server.end()


@pytest.mark.parametrize("source", ["s3://in-bucket/data/*.ndjson", "s3://in-bucket/odd/"])
def test_an_input_is_what_the_contract_says_and_no_address_is_a_glob(served, source):
    served.put("odd/OBS.NDJSON", GOOD)
    client = served.client()
    job = client.start_fhir_import_job(**start_request(source=source))
    ended = finished(client, job["JobId"])
    assert ended["JobStatus"] == "FAILED"
    assert "nothing to read" in ended["Message"]
