"""Head: what is known of a StructureDefinition without compiling it, so that a walk never reads one
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Head", "head_of"]


class Head(NamedTuple):
    """The few facts of a StructureDefinition that are asked for while data are walked.

    kind          ``resource``, ``complex-type``, ``primitive-type`` or ``logical``
    type          the type that it defines or narrows
    is_type       whether it defines that type; False for a profile, which narrows it
    is_complete   whether it has a snapshot
    base          canonical url of what it is made from, empty for none
    """

    url: str
    version: str
    kind: str
    type: str
    abstract: bool
    is_type: bool
    is_complete: bool
    base: str

    @property
    def identity(self) -> str:
        """The name by which questions about it are known, however it was asked for."""
        return f"{self.url}|{self.version}" if self.version else self.url


def head_of(definition: Mapping[str, Any]) -> Head:
    """Return the head of a StructureDefinition."""
    return Head(
        definition["url"],
        definition.get("version") or "",
        definition.get("kind", ""),
        definition.get("type", ""),
        bool(definition.get("abstract")),
        definition.get("derivation") != "constraint",
        "snapshot" in definition,
        definition.get("baseDefinition", ""),
    )
