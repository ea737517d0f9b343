"""Data stores: their states, lists and tags."""

from __future__ import annotations

import json
import re
import time

import pytest

from bulkfhir.engine.jobs import DatastoreStore
from bulkfhir.engine.server import model
from bulkfhir.engine.server.constraints import violations
from bulkfhir.engine.server.service import Service, ServiceSettings
from tests.server.conftest import DATASTORE, Calls, start_request


def create(calls, **members):
    return calls("CreateFHIRDatastore", DatastoreTypeVersion="R4", **members)["DatastoreId"]


def test_a_data_store_is_creating_then_active_and_answers_what_was_chosen(calls):
    sse = {"KmsEncryptionConfig": {"CmkType": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": "alias/own"}}
    made = calls(
        "CreateFHIRDatastore",
        DatastoreTypeVersion="R4",
        DatastoreName="records",
        SseConfiguration=sse,
    )
    assert made["DatastoreStatus"] == "CREATING"
    assert re.fullmatch(
        r"arn:aws:healthlake:us-east-1:123456789012:datastore/fhir/[0-9a-f]{32}",
        made["DatastoreArn"],
    )
    found = calls("DescribeFHIRDatastore", DatastoreId=made["DatastoreId"])["DatastoreProperties"]
    assert found["DatastoreStatus"] == "ACTIVE"
    assert (
        found["DatastoreEndpoint"]
        == f"https://healthlake.us-east-1.amazonaws.com/datastore/{made['DatastoreId']}/r4/"
    )
    assert (found["DatastoreName"], found["SseConfiguration"], found["DatastoreTypeVersion"]) == (
        "records",
        sse,
        "R4",
    )
    assert abs(found["CreatedAt"] - time.time()) < 60
    assert (
        list(
            violations(
                model.operation("DescribeFHIRDatastore").output_shape,
                {"DatastoreProperties": found},
            )
        )
        == []
    )


def test_an_import_needs_an_active_data_store(tmp_path):
    service = Service(ServiceSettings(state=tmp_path / "jobs.db", datastore_delay=1000))
    calls = Calls(service)
    datastore = create(calls)
    assert (
        calls("DescribeFHIRDatastore", DatastoreId=datastore)["DatastoreProperties"][
            "DatastoreStatus"
        ]
        == "CREATING"
    )
    exception, message = calls.refused("StartFHIRImportJob", **start_request(datastore))
    assert (exception, "CREATING" in message) == ("ValidationException", True)
    assert calls.refused("DeleteFHIRDatastore", DatastoreId=datastore)[0] == "ConflictException"


def test_deleting_ends_in_deleted_and_refuses_imports(calls):
    datastore = create(calls)
    assert calls("DeleteFHIRDatastore", DatastoreId=datastore)["DatastoreStatus"] == "DELETING"
    assert (
        calls("DescribeFHIRDatastore", DatastoreId=datastore)["DatastoreProperties"][
            "DatastoreStatus"
        ]
        == "DELETED"
    )
    assert (
        calls.refused("StartFHIRImportJob", **start_request(datastore))[0] == "ValidationException"
    )
    assert calls.refused("DeleteFHIRDatastore", DatastoreId=datastore)[0] == "ConflictException"


def test_a_data_store_with_an_unfinished_job_cannot_be_deleted(calls):
    datastore = create(calls)
    job_id = calls("StartFHIRImportJob", **start_request(datastore))["JobId"]
    assert calls.refused("DeleteFHIRDatastore", DatastoreId=datastore)[0] == "ConflictException"
    calls.service.jobs.cancel(job_id)
    calls("DeleteFHIRDatastore", DatastoreId=datastore)


def test_states_survive_a_restart_and_pass_without_a_process(tmp_path):
    first = DatastoreStore(Service(ServiceSettings(state=tmp_path / "jobs.db")).database, delay=0.2)
    made = first.create(settings={"DatastoreTypeVersion": "R4"})
    assert made.status() == "CREATING"
    again = DatastoreStore(Service(ServiceSettings(state=tmp_path / "jobs.db")).database)
    assert again.datastore(made.id).status(made.active_at) == "ACTIVE"


def test_a_data_store_named_beforehand_is_active_and_kept(calls):
    assert (
        calls("DescribeFHIRDatastore", DatastoreId=DATASTORE)["DatastoreProperties"][
            "DatastoreStatus"
        ]
        == "ACTIVE"
    )
    created = calls("DescribeFHIRDatastore", DatastoreId=DATASTORE)["DatastoreProperties"][
        "CreatedAt"
    ]
    DatastoreStore(calls.service.database).ensure(DATASTORE)
    assert (
        calls("DescribeFHIRDatastore", DatastoreId=DATASTORE)["DatastoreProperties"]["CreatedAt"]
        == created
    )


def test_lists_page_and_filter(calls):
    ids = [create(calls, DatastoreName=f"s{number}") for number in range(4)]
    calls("DeleteFHIRDatastore", DatastoreId=ids[0])

    def listed(**members):
        page = calls("ListFHIRDatastores", **members)
        found = page["DatastorePropertiesList"]
        while "NextToken" in page:
            page = calls("ListFHIRDatastores", **members, NextToken=page["NextToken"])
            found += page["DatastorePropertiesList"]
        return [store["DatastoreId"] for store in found]

    assert listed() == [*ids[::-1], DATASTORE]
    assert listed(MaxResults=2) == [*ids[::-1], DATASTORE]
    assert listed(Filter={"DatastoreStatus": "DELETED"}) == [ids[0]]
    assert listed(Filter={"DatastoreName": "s2"}) == [ids[2]]
    assert listed(Filter={"CreatedAfter": time.time() + 60}) == []
    assert listed(Filter={"CreatedBefore": time.time() + 60}, MaxResults=3) == [
        *ids[::-1],
        DATASTORE,
    ]


def test_the_same_client_token_creates_one_data_store(calls):
    first = create(calls, ClientToken="once")
    assert create(calls, ClientToken="once") == first
    assert (
        calls.refused(
            "CreateFHIRDatastore", DatastoreTypeVersion="R4", ClientToken="once", DatastoreName="x"
        )[0]
        == "ValidationException"
    )


def test_what_this_engine_does_not_do_is_refused(calls):
    preload = {"PreloadDataType": "SYNTHEA"}
    assert calls.refused(
        "CreateFHIRDatastore", DatastoreTypeVersion="R4", PreloadDataConfig=preload
    ) == ("ValidationException", "PreloadDataConfig is not supported")


def test_tags_are_added_replaced_listed_and_taken_away(calls):
    datastore = create(calls, Tags=[{"Key": "team", "Value": "a"}])
    arn = calls("DescribeFHIRDatastore", DatastoreId=datastore)["DatastoreProperties"][
        "DatastoreArn"
    ]
    calls(
        "TagResource",
        ResourceARN=arn,
        Tags=[{"Key": "team", "Value": "b"}, {"Key": "stage", "Value": ""}],
    )
    assert calls("ListTagsForResource", ResourceARN=arn)["Tags"] == [
        {"Key": "stage", "Value": ""},
        {"Key": "team", "Value": "b"},
    ]
    calls("UntagResource", ResourceARN=arn, TagKeys=["stage", "none"])
    assert calls("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "b"}]
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert calls.refused("TagResource", ResourceARN=arn, Tags=twice)[0] == "ValidationException"
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    assert (
        calls.refused("ListTagsForResource", ResourceARN=elsewhere)[0]
        == "ResourceNotFoundException"
    )


TODAY = {
    "AnalyticsConfiguration": {"Status": "ENABLED"},
    "NlpConfiguration": {"Status": "DISABLED"},
    "ProfileConfiguration": {"DefaultProfiles": ["hl7.fhir.us.core#6.1.0"]},
}
of_today = pytest.mark.skipif(
    "BackupConfiguration" not in model.input_shape("CreateFHIRDatastore").members,
    reason="this botocore's model is of an earlier day",
)
BACKUP = {"Status": "ENABLED", "BackupType": "CONTINUOUS", "RetentionPeriodInDays": 7}


def properties(calls, datastore):
    """What Describe says, held beside the model."""
    answer = calls("DescribeFHIRDatastore", DatastoreId=datastore)
    assert list(violations(model.operation("DescribeFHIRDatastore").output_shape, answer)) == []
    return answer["DatastoreProperties"]


@of_today
def test_what_todays_clients_send_is_kept_and_answered(calls):
    found = properties(calls, create(calls, BackupConfiguration=BACKUP, **TODAY))
    assert {name: found[name] for name in TODAY} == TODAY
    assert found["BackupStatusInfo"] == {"Configuration": BACKUP}


@of_today
def test_an_update_changes_what_it_states(calls):
    datastore = create(calls, DatastoreName="old", **TODAY)
    profiles = {"DefaultProfiles": ["hl7.fhir.us.core|7.0.0"]}
    answered = calls(
        "UpdateFHIRDatastore",
        DatastoreId=datastore,
        DatastoreName="new",
        ProfileConfiguration=profiles,
    )["DatastoreProperties"]
    assert answered == properties(calls, datastore)
    assert answered["DatastoreName"] == "new"
    assert answered["ProfileConfiguration"] == profiles
    assert answered["NlpConfiguration"] == TODAY["NlpConfiguration"]
    store = DatastoreStore(calls.service.database).datastore(datastore)
    assert store.default_packages == ("hl7.fhir.us.core#7.0.0",)
    calls("DeleteFHIRDatastore", DatastoreId=datastore)
    assert calls.refused("UpdateFHIRDatastore", DatastoreId=datastore)[0] == "ConflictException"


@of_today
def test_a_restored_data_store_has_the_settings_of_its_source(calls):
    source = create(calls, DatastoreName="old", **TODAY)
    calls("DeleteFHIRDatastore", DatastoreId=source)
    made = calls(
        "RestoreFHIRDatastore",
        SourceDatastoreId=source,
        DatastoreName="again",
        RestoreConfiguration={"ContinuousBackupRestoreConfiguration": {"RestorePointTime": 1}},
        NlpConfiguration={"Status": "ENABLED"},
    )
    found = properties(calls, made["DatastoreId"])
    assert (found["DatastoreName"], found["DatastoreStatus"]) == ("again", "ACTIVE")
    assert found["ProfileConfiguration"] == TODAY["ProfileConfiguration"]
    assert found["NlpConfiguration"] == {"Status": "ENABLED"}


@of_today
def test_default_profiles_in_no_known_form_are_refused(calls):
    refused = calls.refused(
        "CreateFHIRDatastore",
        DatastoreTypeVersion="R4",
        ProfileConfiguration={"DefaultProfiles": ["the newest"]},
    )
    assert refused[0] == "ValidationException"
    assert "hl7.fhir.us.core#6.1.0" in refused[1]


def test_an_explicit_default_is_the_same_request(calls):
    sse = {"KmsEncryptionConfig": {"CmkType": "AWS_OWNED_KMS_KEY"}}
    first = create(calls, ClientToken="once")
    assert create(calls, ClientToken="once", SseConfiguration=sse) == first


def in_region(calls, region, operation, **members):
    """(status, answer) of a request that is signed for a region."""
    signature = f"Credential=AKID/20261129/{region}/healthlake/aws4_request, SignedHeaders=host, "
    headers = {
        "X-Amz-Target": f"HealthLake.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": f"AWS4-HMAC-SHA256 {signature}Signature=00",
    }
    status, _, body = calls.raw(headers, json.dumps(members).encode())
    return status, json.loads(body)


@pytest.mark.parametrize(
    ("signed", "stated"),
    [
        ("eu-west-1", "arn:aws:healthlake:eu-west-1:"),
        ("us-gov-west-1", "arn:aws-us-gov:healthlake:us-gov-west-1:"),
        ("cn-north-1", "arn:aws-cn:healthlake:cn-north-1:"),
        ("no region", "arn:aws:healthlake:us-east-1:"),
        ("", "arn:aws:healthlake:us-east-1:"),
    ],
)
def test_the_region_of_an_arn_is_the_one_that_the_client_signed_for(calls, signed, stated):
    _, answer = in_region(calls, signed, "DescribeFHIRDatastore", DatastoreId=DATASTORE)
    assert answer["DatastoreProperties"]["DatastoreArn"].startswith(stated)


def test_tags_are_found_by_the_arn_of_the_clients_region_alone(calls):
    made = create(calls, Tags=[{"Key": "team", "Value": "a"}])
    west = f"arn:aws:healthlake:eu-west-1:123456789012:datastore/fhir/{made}"
    tags = [{"Key": "stage", "Value": "b"}]
    assert in_region(calls, "eu-west-1", "TagResource", ResourceARN=west, Tags=tags)[0] == 200
    _, answer = in_region(calls, "eu-west-1", "ListTagsForResource", ResourceARN=west)
    assert answer["Tags"] == [*tags, {"Key": "team", "Value": "a"}]
    status, answer = in_region(calls, "eu-west-2", "ListTagsForResource", ResourceARN=west)
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "ResourceNotFoundException")
