"""Every member that the service's model lets a client state: it is taken, and then has an effect or
is answered, or it is refused, and then the documentation says so.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bulkfhir.engine.server import model
from bulkfhir.engine.server.taken_members import TAKEN
from tests.server.conftest import DATASTORE, start_request

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "endpoint.md").read_text("utf-8")
SECTION = DOCUMENT.partition("### What is refused")[2].partition("\n#")[0]
ROWS = re.findall(r"^\| (\w+(?:, \w+)*) \| (.*) \|$", SECTION, re.MULTILINE)
REFUSED = {
    (operation, member)
    for operations, members in ROWS
    for operation in operations.split(", ")
    for member in re.findall(r"`([\w.]+)`", members)
}
KNOWN = sorted(set(TAKEN) & set(model.service().operation_names))
GIVEN = {"PreloadDataConfig": {"PreloadDataType": "SYNTHEA"}}
"""Values that the model takes, where a plain one of the type is none."""


def paths(shape, above=""):
    """Yield the path and the shape of every member, structures before what is in them."""
    for name, member in shape.members.items():
        yield f"{above}{name}", member
        if member.type_name == "structure":
            yield from paths(member, f"{above}{name}.")


def takes(operation, path):
    """Whether the operation takes a member, or something within it."""
    return any(
        f"{path}.".startswith(f"{one}.") or one.startswith(f"{path}.") for one in TAKEN[operation]
    )


def refused(operation):
    """The members of an operation that are not taken, without what is within them."""
    found = [path for path, _ in paths(model.input_shape(operation)) if not takes(operation, path)]
    return [path for path in found if path.rpartition(".")[0] not in found]


def value(name, shape):
    """A value of a shape, with every member that it requires."""
    if name in GIVEN:
        return GIVEN[name]
    if shape.type_name == "structure":
        wanted = shape.required_members or list(shape.members)[:1]
        return {inner: value(inner, shape.members[inner]) for inner in wanted}
    if shape.type_name == "string":
        return (shape.enum or ["a" * max(1, shape.metadata.get("min", 1))])[0]
    return {"boolean": True, "list": []}.get(shape.type_name, shape.metadata.get("min", 1))


def within(path, inner):
    """The structure that holds a value at a path."""
    for step in reversed(path.split(".")):
        inner = {step: inner}
    return inner


@pytest.mark.parametrize("operation", KNOWN)
def test_every_member_that_is_not_taken_is_named_in_the_documentation(operation):
    named = {member for of, member in REFUSED if of == operation}
    assert set(refused(operation)) <= named
    of_today = {path for path, _ in paths(model.input_shape(operation))}
    assert not {path for path in named if path in of_today and takes(operation, path)}


def test_every_operation_that_is_not_taken_is_named_in_the_documentation():
    others = set(model.service().operation_names) - set(TAKEN)
    assert {name for name in others if f"`{name}`" not in SECTION} == set()
    assert {name for name in TAKEN if f"`{name}`" in SECTION} == set()


@pytest.mark.parametrize(
    ("operation", "member"),
    [(operation, member) for operation in KNOWN for member in refused(operation)],
)
def test_a_refused_member_is_refused_by_its_name(calls, operation, member):
    shape = dict(paths(model.input_shape(operation)))[member]
    whole = {
        "StartFHIRImportJob": start_request(),
        "CreateFHIRDatastore": {"DatastoreTypeVersion": "R4"},
    }[operation]
    request = whole | within(member, value(member, shape))
    assert calls.refused(operation, **request) == (
        "ValidationException",
        f"{member} is not supported",
    )


@pytest.mark.parametrize("name", sorted(set(model.service().operation_names) - set(TAKEN)))
def test_an_operation_that_is_not_taken_is_refused_by_its_name(calls, name):
    said = f"{name} is not supported by this endpoint"
    assert calls.refused(name) == ("ValidationException", said)


SENT_AND_ANSWERED = {
    "DatastoreName": "records",
    "SseConfiguration": {
        "KmsEncryptionConfig": {"CmkType": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": "alias/own"}
    },
    "IdentityProviderConfiguration": {
        "AuthorizationStrategy": "SMART_ON_FHIR",
        "FineGrainedAuthorizationEnabled": True,
        "Metadata": "{}",
        "IdpLambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:idp",
    },
    "AnalyticsConfiguration": {"Status": "ENABLED"},
    "NlpConfiguration": {"Status": "DISABLED"},
    "ProfileConfiguration": {"DefaultProfiles": ["hl7.fhir.us.core#6.1.0"]},
    "BackupConfiguration": {
        "Status": "ENABLED",
        "BackupType": "CONTINUOUS",
        "RetentionPeriodInDays": 7,
        "BackupTagsEnabled": True,
    },
}
"""Members of CreateFHIRDatastore that Describe answers, each with all that it may hold."""


def test_what_a_new_data_store_is_given_is_answered_whole(calls):
    known = model.input_shape("CreateFHIRDatastore").members
    sent = {name: value for name, value in SENT_AND_ANSWERED.items() if name in known}
    made = calls("CreateFHIRDatastore", DatastoreTypeVersion="R4", **sent)["DatastoreId"]
    found = calls("DescribeFHIRDatastore", DatastoreId=made)["DatastoreProperties"]
    backup = found.get("BackupStatusInfo", {}).get("Configuration")
    assert found | {"BackupConfiguration": backup} == found | sent | {"BackupConfiguration": backup}
    assert backup == sent.get("BackupConfiguration")
    acted_on = {"DatastoreTypeVersion", "ClientToken", "Tags"}
    assert {path.partition(".")[0] for path in TAKEN["CreateFHIRDatastore"]} == acted_on | set(
        SENT_AND_ANSWERED
    )


def test_what_a_job_is_given_is_answered_whole(calls):
    sent = start_request(JobName="named", ClientToken="once")
    job_id = calls("StartFHIRImportJob", **sent)["JobId"]
    found = calls("DescribeFHIRImportJob", DatastoreId=DATASTORE, JobId=job_id)
    job = found["ImportJobProperties"]
    output = job["JobOutputDataConfig"]["S3Configuration"]
    output["S3Uri"] = output["S3Uri"].rpartition(f"/{DATASTORE}-FHIR_IMPORT-")[0]
    assert {name: job.get(name) for name in sent if name != "ClientToken"} == {
        name: value for name, value in sent.items() if name != "ClientToken"
    }
    assert {path.partition(".")[0] for path in TAKEN["StartFHIRImportJob"]} == set(sent)
