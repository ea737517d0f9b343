"""Coverage: which types the table can hold."""

from __future__ import annotations

from ..checks.compilation import Compilation
from ..checks.rule import Unknown
from ..rules import RULES
from ..schema import TypeSchema
from .records import WIDTH

__all__ = ["Coverage"]


class Coverage:
    """The types of which the acceptor knows every rule on their objects, found out once
    for each.
    """

    def __init__(self, compilation: Compilation) -> None:
        self._compilation = compilation
        self._held: dict[str, bool] = {}

    def holds(self, schema: TypeSchema) -> bool:
        """Tell whether the table can hold a type.

        It cannot where the type has more properties than the acceptor's masks have bits, or where
        a rule has something to say of its objects that the acceptor does not know.
        """
        held = self._held.get(schema.name)
        if held is None:
            unknown = (r for r in RULES if "object" in r.on and isinstance(r.native, Unknown))
            held = len(schema.properties) < WIDTH and all(
                rule.check(schema, self._compilation) is None for rule in unknown
            )
            self._held[schema.name] = held
        return held
