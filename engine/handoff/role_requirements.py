"""The role and the key: whether HealthLake may take the role, and what role and key then allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .policies import Statement, allows, document, statements
from .requirement import Requirement, Unasked, asked, met, unknown, unmet

__all__ = ["key_requirements", "role_requirements"]

_SERVICE: Final = "healthlake.amazonaws.com"
_BUCKET_ACTIONS: Final = (
    "s3:ListBucket",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
)
_KEY_ACTIONS: Final = ("kms:DescribeKey", "kms:GenerateDataKey")


def role_requirements(
    iam: Any, role_arn: str, source: str, output: str, key_arn: str | None
) -> Iterator[Requirement]:
    """Yield what HealthLake needs of its role.

    source, output   ``bucket/prefix`` of the input and of the output
    key_arn          of the key; None where it is not known
    """
    subject, name = f"role {role_arn.rpartition('/')[2]}", role_arn.rpartition("/")[2]
    try:
        with asked():
            role = iam.get_role(RoleName=name)["Role"]
    except Unasked as error:
        if error.code == "NoSuchEntity":
            yield unmet(subject, "there is no such role", "create it, trusted by " + _SERVICE)
        else:
            yield unknown(subject, f"the role: {error}", "needs iam:GetRole")
        return
    yield _trust(subject, document(role["AssumeRolePolicyDocument"]))
    try:
        with asked():
            rights = tuple(_rights(iam, name))
    except Unasked as error:
        needs = "needs iam:ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, GetPolicy"
        yield unknown(subject, f"its policies: {error}", needs)
        return
    for action, resource in _needed(source, output, key_arn):
        yield _right(subject, rights, action, resource)


def _trust(subject: str, policy: Mapping[str, Any]) -> Requirement:
    for statement in statements(policy):
        principal = statement.get("Principal")
        services = principal.get("Service", ()) if isinstance(principal, Mapping) else ()
        named = _SERVICE in ((services,) if isinstance(services, str) else services)
        if named and allows((statement,), "sts:AssumeRole", "*") != "denied":
            return met(subject, f"trusts {_SERVICE}")
    return unmet(
        subject,
        f"does not trust {_SERVICE}",
        f'its trust policy allows sts:AssumeRole for {{"Service": "{_SERVICE}"}}',
    )


def _rights(iam: Any, name: str) -> Iterator[Statement]:
    for pages, key in (("list_role_policies", "PolicyNames"), ("list_attached_role_policies", "")):
        for page in iam.get_paginator(pages).paginate(RoleName=name):
            for found in page[key or "AttachedPolicies"]:
                policy = (
                    iam.get_role_policy(RoleName=name, PolicyName=found)["PolicyDocument"]
                    if key
                    else _attached(iam, found["PolicyArn"])
                )
                yield from statements(document(policy))


def _attached(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _needed(source: str, output: str, key_arn: str | None) -> Iterator[tuple[str, str]]:
    for place in dict.fromkeys(one.partition("/")[0] for one in (source, output)):
        yield from ((action, f"arn:aws:s3:::{place}") for action in _BUCKET_ACTIONS)
    yield "s3:GetObject", f"arn:aws:s3:::{source.rstrip('/')}/x"
    yield "s3:PutObject", f"arn:aws:s3:::{output.rstrip('/')}/x"
    if key_arn:
        yield from ((action, key_arn) for action in _KEY_ACTIONS)


def _right(subject: str, rights: tuple[Statement, ...], action: str, resource: str) -> Requirement:
    shown = resource.removesuffix("/x") + "/*" if resource.endswith("/x") else resource
    answer = allows(rights, action, resource)
    if answer == "allowed":
        return met(subject, f"may {action} on {shown}")
    if answer == "conditional":
        what = f"a condition decides whether it may {action} on {shown}"
        return unknown(subject, what, "look at the conditions of its policies")
    why = "its policies deny it" if answer == "denied" else "no policy of it says so"
    return unmet(subject, f"may not {action} on {shown}: {why}", f"allow {action} on {shown}")


def key_requirements(kms: Any, key_id: str, region: str) -> tuple[str | None, list[Requirement]]:
    """Return the ARN of a key, as far as it is known, and what HealthLake needs of it."""
    subject = f"key {key_id}"
    try:
        with asked():
            key = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    except Unasked as error:
        if error.code == "NotFoundException":
            mend = f"name a key of {region}"
            return None, [unmet(subject, f"there is no such key in {region}", mend)]
        return None, [unknown(subject, f"the key: {error}", "needs kms:DescribeKey")]
    found = []
    if key["KeyState"] != "Enabled":
        state = f"is {key['KeyState']}"
        found.append(unmet(subject, state, f"aws kms enable-key --key-id {key['KeyId']}"))
    spec = key.get("KeySpec", "SYMMETRIC_DEFAULT")
    if spec != "SYMMETRIC_DEFAULT":
        found.append(unmet(subject, f"is of {spec}", "S3 encrypts by symmetric keys alone"))
    return key["Arn"], found or [met(subject, "is enabled, and symmetric")]
