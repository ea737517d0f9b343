"""What a session of botocore's knows of services: what botocore itself does, and the user's own."""

from __future__ import annotations

import json
import os

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from bulkfhir.engine.storage.aws_session import ServiceModels, new_session


@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
def test_the_models_are_botocores(kind):
    models = ServiceModels().load_service_model("s3", kind)
    assert models == Loader().load_service_model("s3", kind)
    assert json.dumps(models) == json.dumps(Loader().load_service_model("s3", kind))  # in order


def test_the_users_own_models_go_before(tmp_path, monkeypatch):
    for service in ("s3", "own"):
        folder = tmp_path / service / "2100-01-01"
        folder.mkdir(parents=True)
        (folder / "service-2.json").write_text(json.dumps({"metadata": {"of": service}}))
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    monkeypatch.setenv("OF_THE_USER", f"~/{tmp_path.name}")
    places = ("~/none", "~no-such-user/models", "$OF_THE_USER")
    monkeypatch.setenv("AWS_DATA_PATH", os.pathsep.join(places))
    models = new_session().get_component("data_loader")
    for service in ("s3", "own"):
        found = models.load_service_model(service, "service-2")
        assert found["metadata"] == {"of": service}
    with pytest.raises(UnknownServiceError):
        models.load_service_model("other", "service-2")


def test_the_models_are_read_once_and_settings_anew(monkeypatch):
    sessions = []
    for region in ("eu-west-1", "us-east-2"):
        monkeypatch.setenv("AWS_DEFAULT_REGION", region)
        sessions.append(new_session())
        assert sessions[-1].create_client("s3").meta.region_name == region
    first, second = (session.get_component("data_loader") for session in sessions)
    assert first is second
