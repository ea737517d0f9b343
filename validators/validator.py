"""The three levels of validation: what a caller uses."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from .block import Block, BlockVerdicts, OneByOne
from .decoding import decode
from .definitions import Definitions, core
from .explainer import Explainer
from .issue import Issue, Verdict

__all__ = ["Level", "UnknownProfile", "Validator"]

Level = Literal["strict", "structure-only", "minimal"]
"""HealthLake's ValidationLevel."""
UnknownProfile = Literal["error", "warning", "ignore"]
"""What a profile in meta.profile that nobody knows is worth at level strict."""


class Validator:
    """The built-in validator: HL7's verdict on R4 resources, at one of HealthLake's levels. Not thread-safe; make one per worker.

    level            strict | structure-only | minimal
    unknown_profile  at strict, what an unknown profile is worth
    warnings         report warnings and information for resources that pass, too
    undecided        value set or code system -> codes that could not be checked offline, added up over all calls
    """

    def __init__(self, level: Level = "strict", *, unknown_profile: UnknownProfile = "error", warnings: bool = False, packages: tuple[str, ...] = ()) -> None:
        self.level = level
        self.unknown_profile = unknown_profile
        self.warnings = warnings
        self.undecided: Counter[str] = Counter()
        self._definitions: Definitions = core()
        self._errors = Explainer(self._definitions)
        self._all: Explainer | None = None

    def validate(self, line: bytes) -> Verdict:
        """The verdict for one resource given as JSON bytes. Bad data is in the verdict, never raised."""
        resource = decode(line)
        if isinstance(resource, Issue):
            return Verdict(None, None, [resource])
        name, identity = resource.get("resourceType"), resource.get("id")
        identity = identity if type(identity) is str else None
        if type(name) is not str or not self._errors.schema.is_resource(name):
            return Verdict(name if type(name) is str else None, identity, [_resource_type(name)])
        issues = self._explain(resource)
        return Verdict(name, identity, issues)

    def _explain(self, resource: dict[str, Any]) -> list[Issue]:
        issues = self._errors.explain(resource, self.undecided)
        if not issues and not self.warnings:
            return issues
        if self._all is None:
            self._all = Explainer(self._definitions, warnings=True)
        return self._all.explain(resource, Counter())

    def validate_block(self, block: Block) -> BlockVerdicts:
        """The verdicts for a block of lines."""
        return OneByOne(self).validate_block(block)


def _resource_type(name: Any) -> Issue:
    if name is None:
        text = "Unable to find resourceType property"
    elif type(name) is not str:
        text = "resourceType must be a string"
    else:
        text = f"1 validation error detected: Value '{name[:64]}' at 'resourceType' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z]{{1,256}}"
        if name.isascii() and name.isalpha():
            text = f"Unknown resource type '{name[:64]}'"
    return Issue("fatal", "invalid", "resource-type", "", text)
