"""Rules: what is checked, one file a kind of rule.

Each builds a check from a type or a property and says nothing where it does not apply; the
explainer runs what was built. JSON form, unknown names and empty elements are in
``explainer.form``: they are the walk itself.
"""

from ..checks.check import Check, Issues
from ..checks.rule import Rule
from ..checks.surroundings import Scope
from . import (
    asked_profiles,
    attachment,
    binding,
    bundle,
    canonical_url,
    cardinality,
    claimed_profiles,
    contained,
    extension,
    fixed,
    identifier,
    ids,
    invariant,
    narrative_links,
    operation_definition,
    primitive,
    reference,
    structure_map,
    type_profile,
)
from .questionnaires import definition, response

__all__ = ["RULES", "Check", "Issues", "Rule", "Scope"]

RULES: tuple[Rule, ...] = (
    cardinality.RULE,
    identifier.RULE,
    attachment.RULE,
    ids.ELEMENT_IDS,
    ids.SECURITY_LABELS,
    contained.RULE,
    invariant.RULE,
    bundle.RULE,
    canonical_url.RULE,
    definition.RULE,
    response.NAMED,
    response.RULE,
    structure_map.RULE,
    operation_definition.RULE,
    narrative_links.RULE,
    claimed_profiles.RULE,
    asked_profiles.RULE,
    primitive.FORMATS,
    primitive.EMPTY_IDS,
    primitive.STYLE,
    reference.RULE,
    reference.NARROWED,
    binding.UNBOUND,
    binding.RULE,
    binding.EMPTY,
    fixed.RULE,
    invariant.ELEMENTS,
    invariant.EMPTY,
    type_profile.RULE,
    extension.RULE,
)
"""The validator's whole coverage, in the order in which issues of one object are said."""
