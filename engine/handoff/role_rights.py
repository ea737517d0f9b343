"""The rights of a role: what its own policies, its boundary and a resource's policy say together,
as far as the caller may read them. Policies of an organisation nobody of an account can read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .policies import Answer, Statement, about_role, allows, document, statements, to_account
from .policy_conditions import decided
from .requirement import Requirement, met, unknown, unmet

__all__ = ["Grant", "RoleRights", "role_rights"]

_OWN: Final = "its policies"
_BOUNDARY: Final = "its permissions boundary"


@dataclass(frozen=True, slots=True)
class Grant:
    """Something that the role must be allowed.

    resource   an ARN; one that ends in ``/x`` stands for all below it
    where      what the resource's policy is called
    policy     statements of the resource's policy
    alone      the role's own policies are enough where that policy says nothing, as with a bucket
               of the role's account; a key's must say something in any case
    """

    action: str
    resource: str
    where: str
    policy: tuple[Statement, ...]
    alone: bool


@dataclass(frozen=True, slots=True)
class RoleRights:
    """The policies of a role.

    own        statements of its policies
    boundary   statements of its permissions boundary; None where it has none
    """

    arn: str
    own: tuple[Statement, ...]
    boundary: tuple[Statement, ...] | None

    def requirement(self, grant: Grant) -> Requirement:
        """Return whether the role may do something."""
        subject = f"role {self.arn.rpartition('/')[2]}"
        shown = grant.resource[:-1] + "*" if grant.resource.endswith("/x") else grant.resource
        what = f"{grant.action} on {shown}"
        answer, whose = self._answer(grant)
        if answer == "allowed":
            return met(subject, f"may {what}")
        if answer == "conditional":
            text = f"a condition decides whether it may {what}: see {whose}"
            return unknown(subject, text, "look at the conditions of its policies")
        if answer == "denied":
            why = f"{whose} {'deny' if whose == _OWN else 'denies'} it"
            return unmet(subject, f"may not {what}: {why}", f"take the denial out of {whose}")
        why = f"no statement of {whose} says so"
        return unmet(subject, f"may not {what}: {why}", f"allow {what} in {whose}")

    def _answer(self, grant: Grant) -> tuple[Answer, str]:
        """Return the answer of all policies together, and the policy that decides it."""
        direct = tuple(about_role(grant.policy, self.arn))
        own, there = self._says(self.own, grant), self._says(direct, grant)
        bound = "allowed" if self.boundary is None else self._says(self.boundary, grant)
        for answer, whose in ((own, _OWN), (there, grant.where), (bound, _BOUNDARY)):
            if answer == "denied":
                return answer, whose
        if bound != "allowed":
            return bound, _BOUNDARY
        for policy, whose in ((self.own, _OWN), (direct, grant.where)):
            denials = tuple(one for one in policy if one.get("Effect") == "Deny")
            if self._says(denials, grant) == "conditional":
                return "conditional", whose
        return self._granted(grant, own, there)

    def _granted(self, grant: Grant, own: Answer, there: Answer) -> tuple[Answer, str]:
        """Return the answer where nothing denies: the resource's policy allows the role itself, or
        it leaves that to the role's policies.
        """
        same_account = grant.resource.split(":")[4] in ("", self.arn.split(":")[4])
        if there == "allowed" and same_account:
            return "allowed", grant.where
        left = self._says(tuple(to_account(grant.policy, self.arn)), grant)
        if not grant.alone and "allowed" not in (there, left):
            return "conditional" if "conditional" in (there, left) else "not named", grant.where
        if own != "allowed" and there == "conditional":
            return "conditional", grant.where
        return own, _OWN

    def _says(self, policy: tuple[Statement, ...], grant: Grant) -> Answer:
        return allows(decided(policy, self._called()), grant.action, grant.resource)

    def _called(self) -> Mapping[str, str]:
        return {
            "aws:securetransport": "true",
            "aws:principalarn": self.arn,
            "aws:principalaccount": self.arn.split(":")[4],
        }


def role_rights(iam: Any, role: Mapping[str, Any]) -> RoleRights:
    """Return the policies of a role, as GetRole describes it. Raises what boto3 raises."""
    name, own = role["RoleName"], list[Statement]()
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
        for found in page["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=name, PolicyName=found)["PolicyDocument"]
            own += statements(document(policy))
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for found in page["AttachedPolicies"]:
            own += _attached(iam, found["PolicyArn"])
    bound = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return RoleRights(role["Arn"], tuple(own), tuple(_attached(iam, bound)) if bound else None)


def _attached(iam: Any, arn: str) -> list[Statement]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    return list(statements(document(found["Document"])))
