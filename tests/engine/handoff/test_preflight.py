"""`bulkfhir preflight` on moto's S3, KMS and IAM, and the emulator's data store: one account in
which all is well, and each thing that can be wrong with it.
"""

from __future__ import annotations

import json
import os
import urllib.request
from types import SimpleNamespace

import boto3
import pytest

from bulkfhir.engine.cli.program import run
from bulkfhir.engine.handoff.policies import allows, document, statements
from bulkfhir.engine.reading import limits
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


@pytest.fixture(scope="module")
def clients(emulator):
    """boto3's clients of S3, KMS and IAM, by which tests change the account."""
    session = boto3.session.Session("any", "any", region_name="us-east-1")
    return [session.client(name, endpoint_url=emulator.url) for name in ("s3", "kms", "iam")]


@pytest.fixture
def account(emulated, clients, capsys, monkeypatch):
    """An account in which nothing is wrong, its clients, and ``preflight``."""
    s3, kms, iam = clients
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
        allow=allow, preflight=preflight, monkeypatch=monkeypatch,
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


def bucket_policy(account, bucket, *statements):
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    account.s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def everybody(effect, action, resource, **more):
    return {"Effect": effect, "Principal": "*", "Action": action, "Resource": resource} | more


def bucket_denies(account):
    below = f"arn:aws:s3:::{account.output}/*"
    bucket_policy(account, account.output, everybody("Deny", "s3:PutObject", below))


def bucket_denies_all_others(account):
    own = {"NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/other"}}
    denied = everybody("Deny", "s3:*", f"arn:aws:s3:::{account.source}") | own
    del denied["Principal"]
    bucket_policy(account, account.source, denied)


def key_for_nobody_here(account):
    key_policy(account, {"AWS": "arn:aws:iam::123456789012:role/other"})


def key_policy(account, principal, **more):
    allowed = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed | more]})
    account.kms.put_key_policy(KeyId=account.key["KeyId"], PolicyName="default", Policy=policy)


def bounded(account):
    only = {"Version": "2012-10-17", "Statement": statement(["s3:*", "kms:DescribeKey"], "*")}
    made = account.iam.create_policy(
        PolicyName=f"bound-{account.role}", PolicyDocument=json.dumps(only)
    )["Policy"]
    account.iam.put_role_permissions_boundary(
        RoleName=account.role, PermissionsBoundary=made["Arn"]
    )


def trusted_by(account, **condition):
    policy = json.loads(trust())
    policy["Statement"]["Condition"] = condition
    account.iam.update_assume_role_policy(RoleName=account.role, PolicyDocument=json.dumps(policy))


def trusted_for_another_account(account):
    trusted_by(account, StringEquals={"aws:SourceAccount": "999999999999"})


def too_large(account):
    account.monkeypatch.setattr(limits, "_MAX_FILE_BYTES", 50)


def too_many(account):
    account.monkeypatch.setattr(limits, "_MAX_FILES", 0)


def logs_that_clash(account):
    for key in ("data/./p.ndjson", "data/%2E/p.ndjson"):
        account.s3.put_object(Bucket=account.source, Key=key, Body=patient(US_CORE).encode())


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (bucket_denies, "the policy of bucket out-"),
        (bucket_denies_all_others, "the policy of bucket in-"),
        (key_for_nobody_here, "no statement of the key's policy says so"),
        (bounded, "no statement of its permissions boundary says so"),
        (trusted_for_another_account, "does not trust healthlake.amazonaws.com"),
        (too_large, "HealthLake's limit for a file is 50"),
        (too_many, "1 input files; HealthLake's limit is 0"),
        (logs_that_clash, "would both log to"),
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


def over_tls_alone(account):
    only = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    below = [f"arn:aws:s3:::{account.output}{end}" for end in ("", "/*")]
    bucket_policy(account, account.output, everybody("Deny", "s3:*", below, **only))


def bucket_allows_what_the_role_does_not(account):
    may_not_write(account)
    role = {"Principal": {"AWS": f"arn:aws:iam::123456789012:role/{account.role}"}}
    below = f"arn:aws:s3:::{account.output}/*"
    bucket_policy(account, account.output, everybody("Allow", "s3:PutObject", below) | role)


def key_allows_the_role_itself(account):
    may_not_use_the_key(account)
    key_policy(account, {"AWS": [f"arn:aws:iam::123456789012:role/{account.role}"]})


def trusted_for_this_data_store(account):
    store = f"arn:aws:healthlake:us-east-1:123456789012:datastore/fhir/{DATASTORE}"
    trusted_by(
        account,
        StringEquals={"aws:SourceAccount": "123456789012"},
        ArnLike={"aws:SourceArn": [store]},
    )


@pytest.mark.parametrize(
    "other",
    [
        over_tls_alone,
        bucket_allows_what_the_role_does_not,
        key_allows_the_role_itself,
        trusted_for_this_data_store,
    ],
    ids=lambda value: value.__name__,
)
def test_other_policies_by_which_all_is_well(account, other):
    other(account)
    done = account.preflight()
    assert done.code == 0, done.out


def bucket_denies_if(account):
    only = {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}
    below = f"arn:aws:s3:::{account.output}/*"
    bucket_policy(account, account.output, everybody("Deny", "s3:PutObject", below, **only))


def key_of_the_account_if(account):
    via = {"Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}}
    key_policy(account, {"AWS": "arn:aws:iam::123456789012:root"}, **via)


def trusted_if(account):
    trusted_by(account, StringEquals={"aws:PrincipalOrgID": "o-1"})


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (bucket_denies_if, "whether it may s3:PutObject on arn:aws:s3:::out-"),
        (key_of_the_account_if, "whether it may kms:GenerateDataKey on arn:aws:kms:"),
        (trusted_if, "whether it trusts healthlake.amazonaws.com"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_condition_that_nobody_can_tell_is_said_to_decide(account, other, said):
    other(account)
    done = account.preflight("--json")
    assert done.code == 2, done.out
    found = json.loads(done.out)["requirements"]
    assert {one["state"] for one in found} == {"met", "unknown"}
    assert any(said in one["what"] for one in found if one["state"] == "unknown")


@pytest.fixture
def only(account, emulated, monkeypatch):
    """Let the caller do nothing but what is named, as moto's IAM decides."""

    def authorise(count):
        request = urllib.request.Request(
            f"{emulated.url}/moto-api/reset-auth",
            data=count.encode(),
            headers={"Content-Type": "text/plain"},
            method="POST",
        )
        urllib.request.urlopen(request).close()

    def act(*actions):
        user = f"caller-{account.role}"
        account.iam.create_user(UserName=user)
        policy = {"Version": "2012-10-17", "Statement": statement(list(actions), "*")}
        account.iam.put_user_policy(
            UserName=user, PolicyName="may", PolicyDocument=json.dumps(policy)
        )
        key = account.iam.create_access_key(UserName=user)["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        authorise("0")

    yield act
    authorise("inf")


READS = frozenset(
    {
        "s3:GetBucketLocation",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetEncryptionConfiguration",
        "s3:GetBucketPolicy",
        "s3:GetObject",
        "s3:ListBucket",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "iam:GetRole",
        "iam:ListRolePolicies",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
    }
)
"""All that preflight asks of S3, KMS and IAM."""


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("s3:GetBucketLocation", {"needs s3:GetBucketLocation"}),
        ("s3:GetBucketPolicy", {"needs s3:GetBucketPolicy"}),
        ("kms:GetKeyPolicy", {"needs kms:GetKeyPolicy"}),
        ("kms:DescribeKey", {"needs kms:DescribeKey"}),
        ("iam:GetRole", {"needs iam:GetRole"}),
        ("iam:ListRolePolicies", {"needs iam:ListRolePolicies"}),
        (
            "s3:ListBucket",  # by which moto judges two requests that AWS has other actions for
            {
                "needs s3:ListBucket and s3:GetObject",
                "needs s3:GetBucketPublicAccessBlock",
                "needs s3:GetEncryptionConfiguration",
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_caller_may_not_ask_is_said_with_the_right_that_is_missing(
    account, only, without, said
):
    only(*READS - {without})
    done = account.preflight("--json")
    assert done.code == 2, done.out
    found = json.loads(done.out)["requirements"]
    assert {one["state"] for one in found} == {"met", "unknown"}
    assert {one["mend"].partition(",")[0] for one in found if one["state"] == "unknown"} == said


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
