"""Baseline: the causes that an earlier run found, so that what is new can be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import click
import orjson

from bulkfhir.validators.economy.light_dataclass import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from ..counting.causes import Cause
    from .reports import LineIssue

__all__ = ["Baseline"]

Key = tuple[str, str, str, str]
"""Severity, rule, place without indexes, message."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings that were known before."""

    keys: frozenset[Key]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the JSON that ``validate`` or ``import`` wrote with ``--output-format json``.

        Raises UsageError for what is none.
        """
        try:
            causes = orjson.loads(path.read_bytes())["summary"]["causes"]
            keys = frozenset(
                (one["severity"], one["rule"], place, one["message"])
                for one in causes
                for place in _places(one["path"], one["types"])
            )
        except OSError as error:
            raise click.UsageError(f"{path}: cannot be read ({error.strerror})") from None
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise click.UsageError(
                f"{path}: no baseline; one is written by --output-format json"
            ) from None
        return cls(keys)

    def knows(self, cause: Cause) -> bool:
        """Return whether the cause was found before, for each of its types."""
        return self.keys.issuperset(
            (cause.severity, cause.rule, place, cause.message)
            for place in _places(cause.path, cause.types)
        )

    def knows_issue(self, finding: LineIssue) -> bool:
        """Return whether the cause of an issue of a line was found before."""
        from bulkfhir.validators.catalogue import brief

        from ..counting.cause_tally import cut, without_indexes

        issue = finding.issue
        message = cut(brief(issue.rule, issue.diagnostics))
        return (issue.severity, issue.rule, without_indexes(issue.location), message) in self.keys


def _places(path: str, types: Any) -> Iterator[str]:
    """Yield a place for each resource type that a cause was found in."""
    if not path.startswith("*"):
        yield path
        return
    for name in types:
        yield name + path[1:]
