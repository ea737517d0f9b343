"""The role: whether HealthLake may take it, and whether it may then do what an import does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .policies import Statement, allows, document, statements, texts
from .policy_conditions import decided
from .requirement import Requirement, Unasked, asked, met, unknown, unmet
from .role_rights import Grant, RoleRights, role_rights

__all__ = ["bucket_use", "role_requirements"]

_SERVICE: Final = "healthlake.amazonaws.com"
_BUCKET_ACTIONS: Final = (
    "s3:ListBucket",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
)


def role_requirements(
    iam: Any, role_arn: str, datastore_arn: str | None
) -> tuple[RoleRights | None, list[Requirement]]:
    """Return the role's policies, None where they could not be read, and what HealthLake needs to
    take the role.

    datastore_arn   of the data store that is imported into; None where it is not known
    """
    subject, name = f"role {role_arn.rpartition('/')[2]}", role_arn.rpartition("/")[2]
    try:
        with asked():
            role = iam.get_role(RoleName=name)["Role"]
    except Unasked as error:
        if error.code == "NoSuchEntity":
            mend = "create it, trusted by " + _SERVICE
            return None, [unmet(subject, "there is no such role", mend)]
        return None, [unknown(subject, f"the role: {error}", "needs iam:GetRole")]
    found = [_trust(subject, document(role["AssumeRolePolicyDocument"]), role_arn, datastore_arn)]
    try:
        with asked():
            return role_rights(iam, role), found
    except Unasked as error:
        needs = "needs iam:ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, GetPolicy"
        return None, [*found, unknown(subject, f"its policies: {error}", needs)]


def _trust(
    subject: str, policy: Mapping[str, Any], role_arn: str, datastore_arn: str | None
) -> Requirement:
    known = {"aws:sourceaccount": role_arn.split(":")[4]}
    if datastore_arn:
        known |= {"aws:sourceaccount": datastore_arn.split(":")[4], "aws:sourcearn": datastore_arn}
    about = [one for one in statements(policy) if _names_service(one.get("Principal"))]
    answer = allows(decided(about, known), "sts:AssumeRole", "*")
    if answer == "allowed":
        return met(subject, f"trusts {_SERVICE}")
    if answer == "conditional":
        what = f"a condition decides whether it trusts {_SERVICE}"
        return unknown(subject, what, "look at the conditions of its trust policy")
    return unmet(
        subject,
        f"does not trust {_SERVICE}",
        f'its trust policy allows sts:AssumeRole for {{"Service": "{_SERVICE}"}}',
    )


def _names_service(principal: Any) -> bool:
    named = principal.get("Service", ()) if isinstance(principal, Mapping) else principal
    return any(one in (_SERVICE, "*") for one in texts(named))


def bucket_use(s3: Any, source: str, output: str, role: RoleRights) -> Iterator[Requirement]:
    """Yield whether the role may do with the buckets what HealthLake does, by their policies and
    the role's.

    source, output   ``bucket/prefix`` of the input and of the output
    """
    policies: dict[str, tuple[Statement, ...]] = {}
    for bucket in dict.fromkeys(place.partition("/")[0] for place in (source, output)):
        try:
            with asked():
                policies[bucket] = _policy(s3, bucket)
        except Unasked as error:
            policies[bucket] = ()
            if error.code == "NoSuchBucket":
                continue  # which is said already
            if error.code != "NoSuchBucketPolicy":
                subject = f"bucket {bucket}"
                yield unknown(subject, f"its policy: {error}", "needs s3:GetBucketPolicy")
    for bucket in policies:
        for action in _BUCKET_ACTIONS:
            yield _requirement(role, action, bucket, policies)
    yield _requirement(role, "s3:GetObject", f"{source.rstrip('/')}/x", policies)
    yield _requirement(role, "s3:PutObject", f"{output.rstrip('/')}/x", policies)


def _policy(s3: Any, bucket: str) -> tuple[Statement, ...]:
    return tuple(statements(document(s3.get_bucket_policy(Bucket=bucket)["Policy"])))


def _requirement(
    role: RoleRights, action: str, place: str, policies: Mapping[str, tuple[Statement, ...]]
) -> Requirement:
    bucket, arn = place.partition("/")[0], f"arn:{role.arn.split(':')[1]}:s3:::{place}"
    where = f"the policy of bucket {bucket}"
    return role.requirement(Grant(action, arn, where, policies[bucket], alone=True))
