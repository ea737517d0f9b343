"""Conditions of policies, as far as one can tell how HealthLake calls: over TLS, as which role."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from .policies import Statement, matches, texts

__all__ = ["decided"]

_EXACT: Final = frozenset({"Bool", "StringEquals"})
_LIKE: Final = frozenset({"StringLike", "ArnEquals", "ArnLike"})


def decided(policy: Iterable[Statement], known: Mapping[str, str]) -> Iterator[Statement]:
    """Yield the statements of a policy without those whose condition does not hold, and without the
    condition where it does; one that nobody can tell stays.

    known   values of keys of a condition, by the keys' names in lower case
    """
    for statement in policy:
        held = _held(statement.get("Condition") or {}, known)
        if held is None:
            yield statement
        elif held:
            yield {name: value for name, value in statement.items() if name != "Condition"}


def _held(condition: Mapping[str, Any], known: Mapping[str, str]) -> bool | None:
    """Return whether all parts of a condition hold; None where that cannot be told."""
    parts = [
        _part(operator, known.get(key.lower()), texts(wanted))
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    ]
    if False in parts:
        return False
    return None if None in parts else True


def _part(operator: str, value: str | None, wanted: Iterable[Any]) -> bool | None:
    positive = operator.replace("Not", "")
    if value is None or positive not in _EXACT | _LIKE:
        return None
    shown = [str(one).lower() if isinstance(one, bool) else str(one) for one in wanted]
    found = value in shown if positive in _EXACT else any(matches(one, value) for one in shown)
    return found == (positive == operator)
