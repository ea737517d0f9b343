"""docs/howto/hand-over-to-healthlake.md is true: its two commands are typed as they stand, in an
account of moto that has what they name.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import boto3
import pytest

from bulkfhir.engine.cli.program import run
from bulkfhir.validators.definitions.standard_cache import standard_cache
from tests.engine.handoff.test_preflight import AES, BLOCKED, US_CORE, patient, statement, trust
from tests.server.conftest import DATASTORE
from tests.shown_examples import PAGES, blocks

BUCKET = "records"
ROLE = "healthlake-import"


@pytest.fixture
def account(emulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account, a package in the cache of this machine, and a folder with an export."""
    s3, kms, iam = map(boto3.client, ("s3", "kms", "iam"))
    s3.create_bucket(Bucket=BUCKET)
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=BLOCKED)
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=AES)
    s3.put_object(Bucket=BUCKET, Key="in/p.ndjson", Body=patient(US_CORE).encode())
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/records", TargetKeyId=key["KeyId"])
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust())
    everywhere = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    allowed = [
        statement(["s3:ListBucket", "s3:Get*", "s3:PutObject"], everywhere),
        statement(["kms:DescribeKey", "kms:GenerateDataKey*"], key["Arn"]),
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_role_policy(RoleName=ROLE, PolicyName="import", PolicyDocument=policy)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    package = standard_cache() / "hl7.fhir.us.core#6.1.0" / "package"
    package.mkdir(parents=True)
    described = {"name": "hl7.fhir.us.core", "version": "6.1.0", "fhirVersions": ["4.0.1"]}
    (package / "package.json").write_text(json.dumps(described))
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "p.ndjson").write_text('{"resourceType":"Patient","id":"p"}\n')
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def test_both_commands_do_what_the_page_says(account, monkeypatch, capsys) -> None:
    preflight, submit = (
        shlex.split(text.replace("\\\n", " "))[1:]
        for text in blocks(PAGES["docs/howto/hand-over-to-healthlake.md"], "sh")
    )
    assert run(preflight) == 0, capsys.readouterr()
    assert f"data store {DATASTORE}" in capsys.readouterr().out
    monkeypatch.setenv("BULKFHIR_POLL_SECONDS", "0.2")
    assert run([*submit, "--yes"]) == 0, capsys.readouterr()
    assert ": COMPLETED, " in capsys.readouterr().out
