"""Policies of IAM, as far as one can tell from their text whether they allow an action."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import unquote

__all__ = ["Answer", "allows", "document", "statements"]

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


def _names(statement: Statement, member: str, value: str) -> bool:
    if f"Not{member}" in statement:
        return not any(_matches(one, value) for one in _texts(statement[f"Not{member}"]))
    return any(_matches(one, value) for one in _texts(statement.get(member, "*")))


def _texts(value: Any) -> Iterable[str]:
    return (value,) if isinstance(value, str) else value


def _matches(pattern: str, value: str) -> bool:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), value, re.IGNORECASE | re.DOTALL) is not None
