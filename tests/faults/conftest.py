"""A store that fails on purpose, before moto's server, as boto3 is told to use it."""

from __future__ import annotations

import os
import uuid

import pytest

from bulkfhir.engine.storage import patience
from tests.faults.certificate import make_certificate
from tests.faults.faulty_store import faulty_store


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Files of a certificate and its key."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def store(request, s3_server, monkeypatch):
    """The store; the environment tells boto3 of it, here and in workers. With the mark ``https`` it
    speaks TLS.
    """
    from bulkfhir.engine import storage

    files = (
        request.getfixturevalue("certificate") if request.node.get_closest_marker("https") else None
    )
    if files:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(files[0]))
    with faulty_store(s3_server, files) as made:
        for name, value in {
            "ENDPOINT_URL_S3": made.url,
            "ACCESS_KEY_ID": "test",
            "SECRET_ACCESS_KEY": "test",
            "DEFAULT_REGION": "us-east-1",
            "CONFIG_FILE": os.devnull,
            "MAX_ATTEMPTS": "1",
        }.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        storage._s3.cache_clear()
        yield made
        storage._s3.cache_clear()


@pytest.fixture
def hurried(monkeypatch):
    """Pauses are short: what is tested is what happens after them."""
    monkeypatch.setattr(patience, "_FIRST", 0.01)
    monkeypatch.setattr(patience, "_LONGEST", 0.05)


@pytest.fixture
def impatient(hurried, monkeypatch):
    """After a few pauses nobody asks again."""
    monkeypatch.setenv(patience.RETRY_SECONDS, "0.3")


@pytest.fixture(scope="session")
def behind(s3_server):
    """A client of the server behind the store, where nothing fails; making one takes boto3 as long
    as ten requests.
    """
    import boto3

    given = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    session = boto3.session.Session(**given, region_name="us-east-1")
    return session.client("s3", endpoint_url=s3_server)


@pytest.fixture
def bucket(store, behind):
    """A new bucket: its name."""
    name = f"faults-{uuid.uuid4().hex[:12]}"
    behind.create_bucket(Bucket=name)
    return name
