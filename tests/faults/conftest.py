"""A store that fails on purpose, before moto's server, as boto3 is told to use it."""

from __future__ import annotations

import importlib.util
import os
import sys
import uuid
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "faulty_store", Path(__file__).with_name("faulty_store.py")
)
faulty_store = importlib.util.module_from_spec(_SPEC)
sys.modules["faulty_store"] = faulty_store
_SPEC.loader.exec_module(faulty_store)


@pytest.fixture(scope="session")
def moto_server():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(moto_server, monkeypatch):
    """The store; the environment tells boto3 of it, here and in workers."""
    from bulkfhir.engine import storage

    with faulty_store.faulty_store(moto_server) as made:
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
def bucket(store):
    """A new bucket: its name."""
    import boto3

    name = f"faults-{uuid.uuid4().hex[:12]}"
    boto3.session.Session().client("s3").create_bucket(Bucket=name)
    store.requests.clear()
    return name
