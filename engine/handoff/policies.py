"""Policies of IAM, as far as one can tell from their text whether they allow an action."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import unquote

__all__ = [
    "Answer",
    "Statement",
    "about_role",
    "allows",
    "document",
    "matches",
    "statements",
    "texts",
    "to_account",
]

Answer = Literal["allowed", "denied", "conditional", "not named"]

Statement = Mapping[str, Any]

_IN_ORDER: Final[tuple[tuple[str, bool, Answer], ...]] = (
    ("Deny", False, "denied"),
    ("Deny", True, "conditional"),
    ("Allow", False, "allowed"),
    ("Allow", True, "conditional"),
)
"""(effect, whether under a condition, what follows) of a statement: the first that is said wins."""


def document(text: Any) -> Mapping[str, Any]:
    """Return a policy as an object: services give it as one, as JSON, or as JSON in a URL."""
    if isinstance(text, Mapping):
        return text
    found = json.loads(text if text.lstrip().startswith("{") else unquote(text))
    return found if isinstance(found, dict) else {}


def statements(policy: Mapping[str, Any]) -> Iterator[Statement]:
    """Yield the statements of a policy; a single one needs no list."""
    found = policy.get("Statement", ())
    yield from (found,) if isinstance(found, Mapping) else found


def allows(policy: Iterable[Statement], action: str, resource: str) -> Answer:
    """Return whether statements allow an action on a resource, which is an ARN.

    A deny goes before every allow. ``conditional``: a condition decides, which is not evaluated.
    """
    said = {
        (one.get("Effect"), bool(one.get("Condition")))
        for one in policy
        if _names(one, "Action", action) and _names(one, "Resource", resource)
    }
    for effect, conditional, answer in _IN_ORDER:
        if (effect, conditional) in said:
            return answer
    return "not named"


def about_role(policy: Iterable[Statement], role_arn: str) -> Iterator[Statement]:
    """Yield the statements of a resource's policy that speak of a role itself: those that name it
    or everybody, and the denials that name its account.
    """
    account = _account(role_arn)
    for statement in policy:
        named = {role_arn, "*"} | (account if statement.get("Effect") == "Deny" else set())
        if "NotPrincipal" in statement:
            if not named & _principals(statement["NotPrincipal"]):
                yield statement
        elif named & _principals(statement.get("Principal")):
            yield statement


def to_account(policy: Iterable[Statement], role_arn: str) -> Iterator[Statement]:
    """Yield the statements of a resource's policy by which a role's account may decide itself."""
    account = _account(role_arn)
    for statement in policy:
        allowed = statement.get("Effect") == "Allow"
        if allowed and account & _principals(statement.get("Principal")):
            yield statement


def _account(role_arn: str) -> set[str]:
    """Return the names that an account has as a principal."""
    partition, number = role_arn.split(":")[1], role_arn.split(":")[4]
    return {number, f"arn:{partition}:iam::{number}:root"}


def _principals(principal: Any) -> set[str]:
    if isinstance(principal, Mapping):
        return set(texts(principal.get("AWS", ())))
    return {principal} if isinstance(principal, str) else set()


def _names(statement: Statement, member: str, value: str) -> bool:
    if f"Not{member}" in statement:
        return not any(matches(one, value) for one in texts(statement[f"Not{member}"]))
    return any(matches(one, value) for one in texts(statement.get(member, "*")))


def texts(value: Any) -> Iterable[Any]:
    """Return the values of a member that may be one value or a list."""
    return value if isinstance(value, list | tuple) else (value,)


def matches(pattern: str, value: str) -> bool:
    """Return whether a pattern of a policy, with its ``*`` and ``?``, fits a value as a whole."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), value, re.IGNORECASE | re.DOTALL) is not None
