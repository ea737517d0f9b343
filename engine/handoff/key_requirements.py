"""The key: whether S3 can encrypt by it, and whether its own policy lets the role use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .policies import document, statements
from .requirement import Requirement, Unasked, asked, met, unknown, unmet
from .role_rights import Grant, RoleRights

__all__ = ["KEY_ACTIONS", "key_requirements", "key_use"]

KEY_ACTIONS: Final = ("kms:DescribeKey", "kms:GenerateDataKey")
"""What HealthLake does with the key, as the role."""


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


def key_use(kms: Any, key_arn: str, role: RoleRights) -> Iterator[Requirement]:
    """Yield whether the role may do with the key what HealthLake does, by the key's policy and the
    role's.
    """
    subject = f"key {key_arn.rpartition('/')[2]}"
    try:
        with asked():
            text = kms.get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]
            policy = tuple(statements(document(text)))
    except Unasked as error:
        yield unknown(subject, f"its policy: {error}", "needs kms:GetKeyPolicy")
        return
    for action in KEY_ACTIONS:
        yield role.requirement(Grant(action, key_arn, "the key's policy", policy, alone=False))
