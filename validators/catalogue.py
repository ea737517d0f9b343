"""The catalogue: every name of a rule that the validators print, gathered from its declaration.

Whatever needs a list of rules asks here. Nothing that declares a rule imports this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from .checks import bounds, claim_faults, resolution
from .profiles import narrowing, slices
from .rules import (
    attachment,
    bundle_faults,
    canonical_url,
    cardinality,
    contained,
    extension,
    extension_context,
    fixed,
    identifier,
    ids,
    invariant,
    narrative_links,
    operation_definition,
    reference,
    structure_map_faults,
    type_profile,
)
from .rules.questionnaires import answer_rules, condition_faults, definition, response_faults
from .terminology import code_faults
from .values import decoding, form_faults, format_faults, narrative_faults
from .verdicts import excerpt, issue
from .verdicts.declaration import Declaration

__all__ = ["DECLARATIONS", "brief", "sentences"]

_MODULES = (
    decoding,
    form_faults,
    cardinality,
    invariant,
    ids,
    format_faults,
    canonical_url,
    attachment,
    identifier,
    fixed,
    code_faults,
    reference,
    resolution,
    contained,
    bundle_faults,
    narrative_faults,
    narrative_links,
    extension,
    extension_context,
    claim_faults,
    type_profile,
    narrowing,
    slices,
    condition_faults,
    definition,
    response_faults,
    answer_rules,
    structure_map_faults,
    operation_definition,
    bounds,
    excerpt,
    issue,
)


def _declared(modules: tuple[ModuleType, ...]) -> Iterator[Declaration]:
    for module in modules:
        yield from (value for value in vars(module).values() if isinstance(value, Declaration))


_EVERY = tuple(dict.fromkeys(_declared(_MODULES)))

DECLARATIONS: tuple[Declaration, ...] = tuple(one for one in _EVERY if one.main is None)
"""Every rule, one declaration a name, in the order of their modules above."""


def sentences(declaration: Declaration) -> tuple[Declaration, ...]:
    """Return the declaration of a name and those that add a sentence to it."""
    return tuple(one for one in _EVERY if declaration in (one, one.main))


def brief(rule: str, sentence: str) -> str:
    """Return the sentence of an issue as it stands where alike findings are counted together."""
    for one in _BRIEF.get(rule, ()):
        values = one.values_of(sentence)
        if values is not None:
            return one.brief.format_map(values)
    return sentence


_BRIEF = {
    name: tuple(one for one in reversed(_EVERY) if one.name == name and one.brief)
    for name in {one.name for one in _EVERY if one.brief}
}
"""The declarations that have a brief sentence, by name; those that say more come first."""
