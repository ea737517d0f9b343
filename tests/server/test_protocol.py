"""The protocol around the operations: targets, types, constraints, limits, and what never leaves
the server.
"""

from __future__ import annotations

import functools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkfhir.engine.server import model
from bulkfhir.engine.server.endpoint import MAX_BODY
from bulkfhir.engine.server.exchange import Request
from tests.server.conftest import DATASTORE, ROLE, start_request

JSON = "application/x-amz-json-1.0"


def test_every_answer_carries_a_request_id_of_its_own(calls):
    _, first, _ = calls.answer("ListFHIRDatastores", {})
    _, second, _ = calls.answer("Nonsense", {})
    assert len(first["x-amzn-RequestId"]) == 36
    assert first["x-amzn-RequestId"] != second["x-amzn-RequestId"]
    assert first["Content-Type"] == JSON


@pytest.mark.parametrize(
    ("headers", "body", "status", "exception"),
    [
        (
            {"X-Amz-Target": "HealthLake.Nonsense", "Content-Type": JSON},
            b"{}",
            400,
            "UnknownOperationException",
        ),
        (
            {"X-Amz-Target": "Other.ListFHIRDatastores", "Content-Type": JSON},
            b"{}",
            400,
            "UnknownOperationException",
        ),
        ({"Content-Type": JSON}, b"{}", 400, "UnknownOperationException"),
        (
            {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": "text/plain"},
            b"{}",
            400,
            "UnknownOperationException",
        ),
        (
            {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": JSON},
            b"{",
            400,
            "SerializationException",
        ),
        (
            {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": JSON},
            b"\xff",
            400,
            "SerializationException",
        ),
        (
            {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": JSON},
            b"[" * 100_000,
            400,
            "SerializationException",
        ),
        (
            {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": JSON},
            b"[]",
            400,
            "SerializationException",
        ),
        (
            {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": JSON},
            b'{"MaxResults":NaN}',
            400,
            "SerializationException",
        ),
        (
            {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": JSON},
            b'{"MaxResults":true}',
            400,
            "SerializationException",
        ),
        (
            {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": JSON},
            b'{"MaxResults":"1"}',
            400,
            "SerializationException",
        ),
        (
            {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": JSON},
            b" " * (MAX_BODY + 1),
            413,
            "RequestEntityTooLargeException",
        ),
    ],
)
def test_what_is_no_request_is_refused_as_the_framework_does(
    calls, headers, body, status, exception
):
    answered, _, text = calls.raw(headers, body)
    assert (answered, json.loads(text)["__type"].rpartition("#")[2]) == (status, exception)


def test_a_content_type_may_have_parameters_and_a_body_may_be_empty(calls):
    status, _, _ = calls.raw(
        {"X-Amz-Target": "HealthLake.ListFHIRDatastores", "Content-Type": f"{JSON}; charset=utf-8"},
        b"",
    )
    assert status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_verbs_are_no_operation(calls, method):
    response = calls.service.application.respond(
        Request(method, "/", {}, {"host": "127.0.0.1"}, b"")
    )
    assert response.status == 400
    assert b"UnknownOperationException" in response.body


def test_every_violated_constraint_is_named_in_the_services_wording(calls):
    exception, message = calls.refused(
        "StartFHIRImportJob",
        DatastoreId="é,",
        JobName="x" * 65,
        ValidationLevel="lax",
        DataAccessRoleArn=ROLE,
    )
    assert exception == "ValidationException"
    assert message.startswith("5 validation errors detected: ")
    assert set(message.removeprefix("5 validation errors detected: ").split("; ")) == {
        (
            f"Value '{'x' * 65}' at 'jobName' failed to satisfy constraint: Member must have "
            "length "
            "less than or equal to 64"
        ),
        "Value null at 'inputDataConfig' failed to satisfy constraint: Member must not be null",
        "Value null at 'jobOutputDataConfig' failed to satisfy constraint: Member must not be null",
        (
            r"Value 'é,' at 'datastoreId' failed to satisfy constraint: Member must satisfy "
            r"regular "
            r"expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-%@]*)"
        ),
        (
            "Value 'lax' at 'validationLevel' failed to satisfy constraint: Member must satisfy "
            "enum "
            "value set: [strict, structure-only, minimal]"
        ),
    }


def test_constraints_inside_structures_and_lists_are_checked(calls):
    arn = calls("DescribeFHIRDatastore", DatastoreId=DATASTORE)["DatastoreProperties"][
        "DatastoreArn"
    ]
    _, message = calls.refused(
        "TagResource", ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}, {"Key": ""}]
    )
    assert (
        "Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length "
        "greater than or equal to 1" in message
    )
    assert (
        "Value null at 'tags.2.member.value' failed to satisfy constraint: Member must not be null"
        in message
    )
    _, message = calls.refused("StartFHIRImportJob", **start_request(source="http://elsewhere/"))
    assert message.startswith(
        "1 validation error detected: Value 'http://elsewhere/' at 'inputDataConfig.s3Uri' failed "
        "to satisfy constraint: "
    )
    _, message = calls.refused("StartFHIRImportJob", **start_request() | {"InputDataConfig": {}})
    assert "at 'inputDataConfig'" in message
    _, message = calls.refused("ListFHIRImportJobs", DatastoreId=DATASTORE, MaxResults=501)
    assert message.endswith(
        "Value '501' at 'maxResults' failed to satisfy constraint: Member must have value less "
        "than or equal to 500"
    )


def test_members_the_model_does_not_know_are_ignored_and_null_is_absent(calls):
    assert "JobId" in calls("StartFHIRImportJob", **start_request(NoSuchMember=1, JobName=None))


def test_operations_outside_of_imports_are_refused_clearly(calls):
    outside = set(model.service().operation_names) - set(SUPPORTED)
    assert "StartFHIRExportJob" in outside
    for operation in outside:
        assert calls.refused(operation) == (
            "ValidationException",
            f"{operation} is not supported by this endpoint",
        )


def test_a_defect_of_the_server_tells_the_client_nothing_of_the_inside(calls, monkeypatch):
    def broken(*_args, **_named):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(calls.service.jobs, "page", broken)
    status, _, body = calls.answer("ListFHIRImportJobs", {"DatastoreId": DATASTORE})
    assert status == 500
    assert body["__type"] == "com.amazonaws.healthlake#InternalServerException"
    assert "secret" not in body["Message"]


SUPPORTED = [
    name
    for name in (
        "StartFHIRImportJob",
        "DescribeFHIRImportJob",
        "ListFHIRImportJobs",
        "CreateFHIRDatastore",
        "DescribeFHIRDatastore",
        "ListFHIRDatastores",
        "DeleteFHIRDatastore",
        "UpdateFHIRDatastore",
        "RestoreFHIRDatastore",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
    )
    if name in model.service().operation_names  # an earlier botocore knows fewer
]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**65)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def shaped(shape):
    """Values that are nearly right: the shape's members, most of their types, anything now and
    then.
    """
    if shape.type_name == "structure":
        exact = st.fixed_dictionaries(
            {}, optional={name: shaped(member) for name, member in shape.members.items()}
        )
    elif shape.type_name == "list":
        exact = st.lists(shaped(shape.member), max_size=3)
    elif shape.type_name == "string":
        exact = st.sampled_from([DATASTORE, *getattr(shape, "enum", ())]) | st.text(max_size=40)
    else:
        exact = (
            st.integers(-1, 600)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.integers(2**63, 2**64 - 1)
        )
    return exact | ANYTHING


@functools.cache
def asked(operation):
    """Values for an operation; to make what makes them takes longer than an answer."""
    return shaped(model.input_shape(operation))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_a_client_sends_is_never_the_servers_failure(calls, data):
    operation = data.draw(st.sampled_from(SUPPORTED))
    members = data.draw(asked(operation))
    try:
        body = json.dumps(members).encode()
    except UnicodeEncodeError:
        return
    status, _, answer = calls.raw(
        {"X-Amz-Target": f"HealthLake.{operation}", "Content-Type": JSON}, body
    )
    assert status in (200, 400), answer


def test_only_exceptions_that_the_operation_lists_are_raised(calls):
    missing = "0" * 32
    for operation, members in {
        "StartFHIRImportJob": start_request(missing),
        "DescribeFHIRImportJob": {"DatastoreId": missing, "JobId": "x"},
        "ListFHIRImportJobs": {"DatastoreId": missing},
        "DescribeFHIRDatastore": {"DatastoreId": missing},
        "DeleteFHIRDatastore": {"DatastoreId": missing},
        "ListTagsForResource": {
            "ResourceARN": f"arn:aws:healthlake:us-east-1:123456789012:datastore/fhir/{missing}"
        },
    }.items():
        exception, _ = calls.refused(operation, **members)
        assert exception == "ResourceNotFoundException"
        assert exception in {shape.name for shape in model.operation(operation).error_shapes}
