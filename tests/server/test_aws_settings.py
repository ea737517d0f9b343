"""Settings of AWS that boto3 refuses are one sentence, before anything is looked at or sent."""

from __future__ import annotations

import pytest

from bulkfhir.engine.cli.program import run

NAMED = (
    "--role", "arn:aws:iam::123456789012:role/import", "--kms-key-id", "alias/records",
    "--datastore-id", "0" * 32,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_PROFILE", "nobody"), ("AWS_CONFIG_FILE", "broken"), ("AWS_ENDPOINT_URL", "no url")],
)
@pytest.mark.parametrize(
    ("command", "source"), [("preflight", "s3://in/data"), ("submit", "p.ndjson")]
)
def test_settings_that_boto3_refuses(
    command, source, name, value, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken").write_text("no section\n")
    (tmp_path / "p.ndjson").write_text('{"resourceType": "Patient", "id": "p"}\n')
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv(name, value)
    assert run([command, source, "s3://out/data", *NAMED]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "the AWS settings cannot be used" in said
