"""Rules: what is checked, one file a kind of rule.

Each builds a check from a type or a property and says nothing where it does not apply; the explainer runs what was built.
JSON form, unknown names and empty elements are in ``form``: they are the walk itself.
"""

from . import cardinality, contained, identifier, primitive, profile, reference
from .rule import Check, Issues, Rule, Scope

__all__ = ["RULES", "Check", "Issues", "Rule", "Scope"]

RULES: tuple[Rule, ...] = (
    Rule("cardinality", "object", cardinality.build),
    Rule("identifier", "object", identifier.build),
    Rule("contained resources", "object", contained.build),
    Rule("profiles of the resource", "object", profile.build),
    Rule("primitive format", "value", primitive.build),
    Rule("primitive style", "value", primitive.build_warnings),
    Rule("reference", "value", reference.build),
)
"""The validator's whole coverage."""
