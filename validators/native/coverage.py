"""Coverage: which types the table can hold."""

from __future__ import annotations

from typing import Final

from ..checks.compilation import Compilation
from ..rules import (
    RULES,
    attachment,
    bundle,
    cardinality,
    claimed_profiles,
    contained,
    identifier,
    ids,
    invariant,
    narrative_links,
)
from ..rules.questionnaires import response
from ..schema import TypeSchema
from .records import WIDTH

__all__ = ["Coverage"]

_OBJECT_RULES: Final = frozenset(
    {
        cardinality.build,
        identifier.build,
        attachment.build,
        ids.build,
        contained.build,
        invariant.build,
        narrative_links.build,
        claimed_profiles.build,
        bundle.build,
    }
) | {response.build}
"""Rules on whole objects that the acceptor has natively, and one with nothing to say where the
question about the Questionnaire is answered.
"""


class Coverage:
    """Tells of each type, once, whether the acceptor knows every rule on its objects."""

    def __init__(self, compilation: Compilation) -> None:
        self._compilation = compilation
        self._held: dict[str, bool] = {}

    def holds(self, schema: TypeSchema) -> bool:
        """Tell whether the table can hold a type.

        It cannot where the type has more properties than the acceptor's masks have bits, or where
        a rule has something to say of its objects that the acceptor lacks.
        """
        held = self._held.get(schema.name)
        if held is None:
            others = (r for r in RULES if "object" in r.on and r.build not in _OBJECT_RULES)
            held = len(schema.properties) < WIDTH and all(
                rule.build(schema, self._compilation) is None for rule in others
            )
            self._held[schema.name] = held
        return held
