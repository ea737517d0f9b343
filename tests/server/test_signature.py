"""Signatures: what --require-auth lets in, and everything it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bulkfhir.engine.server.errors import ApiError
from bulkfhir.engine.server.exchange import Request
from bulkfhir.engine.server.service import Service, ServiceSettings
from bulkfhir.engine.server.signature import Keyring

BODY = b'{"DatastoreId":"x"}'


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "credentials"
    path.write_text(
        "[default]\naws_access_key_id = AKONE\naws_secret_access_key = one\n\n"
        "[session]\naws_access_key_id = AKTWO\naws_secret_access_key = two\naws_session_token = "
        "token\n\n[empty]\nregion = us-east-1\n"
    )
    return path


def signed(access="AKONE", secret="one", token=None, service="healthlake", body=BODY, extra=()):
    headers = {
        "Host": "127.0.0.1:8080",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "HealthLake.DescribeFHIRDatastore",
        **dict(extra),
    }
    request = AWSRequest("POST", "http://127.0.0.1:8080/", data=body, headers=headers)
    SigV4Auth(Credentials(access, secret, token), service, "eu-west-3").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def test_a_request_that_a_known_key_signed_is_let_in(keys):
    assert Keyring(keys).verify(signed(), BODY) == "AKONE"
    assert Keyring(keys).verify(signed("AKTWO", "two", "token"), BODY) == "AKTWO"
    assert Keyring(keys).verify(signed(extra={"X-Amz-Meta": "a   b"}.items()), BODY) == "AKONE"


def without(name):
    return {key: value for key, value in signed().items() if key != name}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (lambda: signed(secret="wrong"), BODY),
        (lambda: signed(access="UNKNOWN"), BODY),
        (lambda: signed("AKTWO", "two"), BODY),
        (lambda: signed("AKTWO", "two", "other"), BODY),
        (lambda: signed(service="s3"), BODY),
        (signed, b'{"DatastoreId":"y"}'),
        (lambda: without("authorization"), BODY),
        (lambda: without("content-type"), BODY),
        (lambda: signed() | {"x-amz-target": "HealthLake.DeleteFHIRDatastore"}, BODY),
        (lambda: signed() | {"x-amz-more": "unsigned"}, BODY),
        (lambda: signed() | {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, BODY),
        (lambda: signed() | {"authorization": "Basic AKONE:one"}, BODY),
        (
            lambda: (
                signed()
                | {"authorization": signed()["authorization"].replace("us-east-1", "")[:-1] + "0x"}
            ),
            BODY,
        ),
        (lambda: signed() | {"x-amz-date": "yesterday"}, BODY),
    ],
)
def test_anything_else_is_denied(keys, headers, body):
    with pytest.raises(ApiError) as denied:
        Keyring(keys).verify(headers(), body)
    assert denied.value.code == "AccessDeniedException"


def test_a_signature_is_good_for_a_quarter_of_an_hour(keys):
    headers = signed()
    Keyring(keys).verify(headers, BODY, now=datetime.now(UTC) + timedelta(minutes=14))
    for shift in (timedelta(minutes=16), timedelta(minutes=-16)):
        with pytest.raises(ApiError, match="Signature expired"):
            Keyring(keys).verify(headers, BODY, now=datetime.now(UTC) + shift)


def test_a_file_without_keys_is_a_mistake_of_the_operator(tmp_path):
    (tmp_path / "none").write_text("[default]\nregion = us-east-1\n")
    with pytest.raises(ValueError, match="holds no aws_access_key_id"):
        Keyring(tmp_path / "none")


def test_the_pages_ask_a_browser_for_a_key_and_the_health_check_does_not(keys, tmp_path):
    application = Service(ServiceSettings(state=tmp_path / "jobs.db", keys=keys)).application

    def get(path, **headers):
        return application.respond(Request("GET", path, {}, {"host": "localhost", **headers}, b""))

    for path in ("/", "/metrics", "/api/jobs", "/jobs/x/files/Manifest.json"):
        assert get(path).status == 401
        assert get(path, authorization="Basic QUtPTkU6d3Jvbmc=").status == 401
        assert get(path, authorization="Basic !").status == 401
    assert get("/", authorization="Basic QUtPTkU6b25l").status == 200
    assert get("/healthz").status == 200
    answer = application.respond(
        Request(
            "POST",
            "/",
            {},
            {
                "content-type": "application/x-amz-json-1.0",
                "x-amz-target": "HealthLake.TagResource",
            },
            b"{}",
        )
    )
    assert (answer.status, json.loads(answer.body)["__type"]) == (
        400,
        "com.amazonaws.healthlake#AccessDeniedException",
    )
