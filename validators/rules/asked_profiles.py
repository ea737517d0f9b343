"""Rule: profiles that the user asks for (``--profile``), which every resource of their type follows
beside those that it names itself.
"""

from __future__ import annotations

from ..checks.check import Check, union
from ..checks.compilation import Compilation
from ..checks.rule import Rule, Unknown
from ..schema import TypeSchema
from .claimed_profiles import imposed

__all__ = ["RULE"]


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of a resource against the profiles on its type that were asked for. None
    where there are none.
    """
    if schema.kind != "resource":
        return None
    checks = [
        check
        for url in compilation.asked_profiles
        if compilation.schema.profiled(url) == schema.name
        for name in (url, *_imposed(url, compilation))
        if (check := compilation.profile_check(name)) is not None
    ]
    return union(checks)


def _imposed(url: str, compilation: Compilation) -> list[str]:
    definition = compilation.definitions.fetch("StructureDefinition", url)
    return [] if definition is None else imposed(definition)


RULE = Rule("profiles that were asked for", ("object",), build, Unknown())
