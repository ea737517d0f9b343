"""The three levels of validation: what a caller uses."""

from __future__ import annotations

from typing import Literal

import orjson

from .block import Block, BlockVerdicts, OneByOne
from .issue import Issue, Verdict

__all__ = ["Level", "UnknownProfile", "Validator"]

Level = Literal["strict", "structure-only", "minimal"]
UnknownProfile = Literal["error", "warning", "ignore"]


class Validator:
    """TEMPORARY while the explainer is being written: says only whether a line is a JSON object with a resourceType."""

    def __init__(self, level: Level = "strict", *, unknown_profile: UnknownProfile = "error", warnings: bool = False, packages: tuple[str, ...] = ()) -> None:
        self.level = level

    def validate(self, line: bytes) -> Verdict:
        try:
            resource = orjson.loads(line)
        except orjson.JSONDecodeError:
            return Verdict(None, None, [Issue("fatal", "invalid", "json", "", "not JSON")])
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            return Verdict(None, None, [Issue("fatal", "structure", "resource-type", "", "no resourceType")])
        return Verdict(resource["resourceType"], resource.get("id"), ())

    def validate_block(self, block: Block) -> BlockVerdicts:
        return OneByOne(self).validate_block(block)
