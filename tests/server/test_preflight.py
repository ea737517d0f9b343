"""`bulkfhir preflight` on moto's S3, KMS and IAM, and the emulator's data store: one account in
which all is well, and each thing that can be wrong with it.
"""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import boto3
import pytest

from bulkfhir.engine.cli.program import run
from bulkfhir.engine.handoff.policies import allows, document, statements
from tests.server.conftest import DATASTORE

BLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
AES = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
OWN = "https://example.org/StructureDefinition/patient"


def statement(actions, resources, **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def trust(service="healthlake.amazonaws.com"):
    allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


def patient(profile):
    return json.dumps({"resourceType": "Patient", "id": "p", "meta": {"profile": [profile]}}) + "\n"


@pytest.fixture
def account(emulated, capsys):
    """An account in which nothing is wrong, its clients, and ``preflight``."""
    s3, kms, iam = map(boto3.client, ("s3", "kms", "iam"))
    mark = os.urandom(5).hex()
    source, output, role = f"in-{mark}", f"out-{mark}", f"role-{mark}"
    for bucket in (source, output):
        s3.create_bucket(Bucket=bucket)
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=BLOCKED)
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=AES)
    s3.put_object(Bucket=source, Key="data/p.ndjson", Body=patient(US_CORE).encode())
    key = kms.create_key()["KeyMetadata"]
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust())["Role"]["Arn"]
    rights = [
        statement(
            ["s3:ListBucket", "s3:Get*"],
            [f"arn:aws:s3:::{name}{below}" for name in (source, output) for below in ("", "/*")],
        ),
        statement("s3:PutObject", f"arn:aws:s3:::{output}/*"),
        statement(["kms:DescribeKey", "kms:GenerateDataKey*"], key["Arn"]),
    ]

    def allow(*allowed):
        policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.put_role_policy(RoleName=role, PolicyName="import", PolicyDocument=policy)

    def preflight(*options, role=arn, key=key["KeyId"], datastore=DATASTORE, output=output):
        capsys.readouterr()
        named = ("--role", role, "--kms-key-id", key, "--datastore-id", datastore)
        code = run(["preflight", f"s3://{source}/data", f"s3://{output}/results", *named, *options])
        return SimpleNamespace(code=code, out=capsys.readouterr().out)

    allow(*rights)
    return SimpleNamespace(
        s3=s3, kms=kms, iam=iam, source=source, output=output, role=role, key=key, rights=rights,
        allow=allow, preflight=preflight,
    )  # fmt: skip


def test_an_account_in_which_all_is_well(account):
    done = account.preflight()
    assert (done.code, "MEND" in done.out) == (0, False), done.out
    assert "0 to mend, 0 that could not be asked" in done.out
    found = json.loads(account.preflight("--json").out)["requirements"]
    assert {one["state"] for one in found} == {"met"}


def no_encryption(account):
    account.s3.delete_bucket_encryption(Bucket=account.output)


def open_to_all(account):
    account.s3.delete_public_access_block(Bucket=account.source)


def half_open(account):
    half = {**BLOCKED, "BlockPublicPolicy": False}
    account.s3.put_public_access_block(Bucket=account.source, PublicAccessBlockConfiguration=half)


def disabled_key(account):
    account.kms.disable_key(KeyId=account.key["KeyId"])


def not_trusted(account):
    account.iam.update_assume_role_policy(
        RoleName=account.role, PolicyDocument=trust("ec2.amazonaws.com")
    )


def may_not_write(account):
    account.allow(account.rights[0], account.rights[2])


def write_is_denied(account):
    denied = statement("s3:Put*", "*") | {"Effect": "Deny"}
    account.allow(*account.rights, denied)


def may_not_use_the_key(account):
    account.allow(*account.rights[:2])


def unknown_profile(account):
    account.s3.put_object(Bucket=account.source, Key="data/q.ndjson", Body=patient(OWN).encode())


def version_not_known(account):
    stated = patient(f"{US_CORE}|8.0.0").encode()
    account.s3.put_object(Bucket=account.source, Key="data/q.ndjson", Body=stated)


def compressed(account):
    account.s3.put_object(Bucket=account.source, Key="data/q.ndjson.gz", Body=b"")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (no_encryption, "what is put into it is not encrypted"),
        (open_to_all, "public access is not blocked"),
        (half_open, "blocked in part: not BlockPublicPolicy"),
        (disabled_key, "is Disabled"),
        (not_trusted, "does not trust healthlake.amazonaws.com"),
        (may_not_write, "may not s3:PutObject on arn:aws:s3:::out-"),
        (write_is_denied, "its policies deny it"),
        (may_not_use_the_key, "may not kms:GenerateDataKey on arn:aws:kms:"),
        (unknown_profile, f"{OWN} is no profile that HealthLake documents (1 of 2 lines"),
        (version_not_known, f"{US_CORE}|8.0.0 is no profile that HealthLake documents"),
        (compressed, "is compressed"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_wrong_is_said_with_how_to_mend_it(account, broken, said):
    broken(account)
    done = account.preflight("--json")
    assert done.code == 1
    found = json.loads(done.out)["requirements"]
    unmet = [one for one in found if one["state"] == "unmet"]
    assert any(said in one["what"] for one in unmet)
    assert len({one["subject"] for one in unmet}) == 1
    assert all(one["mend"] for one in unmet)


def test_profiles_matter_at_strict_alone(account):
    unknown_profile(account)
    assert account.preflight("--level", "structure-only").code == 0


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"role": "arn:aws:iam::123456789012:role/nobody"}, "there is no such role"),
        ({"key": "alias/none"}, "there is no such key in us-east-1"),
        ({"datastore": "f" * 32}, "ResourceNotFoundException"),
        ({"output": "no-such-bucket-here"}, "there is no such bucket"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_not_there_is_said(account, named, said):
    done = account.preflight(**named)
    assert done.code == 1
    assert said in done.out


def test_a_bucket_of_another_region(account, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    done = account.preflight("--json")
    assert done.code == 1
    found = [one["what"] for one in json.loads(done.out)["requirements"]]
    assert "in us-east-1, the data store in eu-west-1" in found


def test_a_condition_that_decides_is_said_to_be_unknown(account):
    rights = [dict(one) for one in account.rights]
    rights[1]["Condition"] = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    account.allow(*rights)
    done = account.preflight()
    assert done.code == 2
    assert "a condition decides whether it may s3:PutObject" in done.out


ALLOW, DENY = {"Effect": "Allow"}, {"Effect": "Deny"}
PUT = {"Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"}
ONLY_IF = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        ([], "not named"),
        ([ALLOW | PUT], "allowed"),
        ([ALLOW | PUT, DENY | PUT], "denied"),
        ([DENY | PUT, ALLOW | PUT], "denied"),
        ([ALLOW | PUT | ONLY_IF], "conditional"),
        ([ALLOW | PUT, DENY | PUT | ONLY_IF], "conditional"),
        ([ALLOW | PUT | ONLY_IF, ALLOW | PUT], "allowed"),
        ([ALLOW | PUT | {"Action": ["S3:put*"]}], "allowed"),
        ([ALLOW | PUT | {"Resource": "arn:aws:s3:::?/*"}], "allowed"),
        ([ALLOW | PUT | {"Resource": "arn:aws:s3:::b"}], "not named"),
        ([ALLOW | {"NotAction": "iam:*", "Resource": "*"}], "allowed"),
        ([ALLOW | {"NotAction": "s3:*", "Resource": "*"}], "not named"),
        ([DENY | {"Action": "*", "NotResource": "arn:aws:s3:::c/*"}], "denied"),
    ],
)
def test_policies(policy, answer):
    assert allows(policy, "s3:PutObject", "arn:aws:s3:::b/k") == answer


def test_a_policy_may_come_as_text_and_with_one_statement():
    policy = {"Statement": ALLOW | PUT}
    assert list(statements(document(json.dumps(policy)))) == [ALLOW | PUT]
    assert document("%7B%22Statement%22%3A%5B%5D%7D") == {"Statement": []}
