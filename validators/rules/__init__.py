"""Rules: what is checked, one file a kind of rule.

Each builds a check from a type or a property and says nothing where it does not apply; the
explainer runs what was built. JSON form, unknown names and empty elements are in ``form``: they are
the walk itself.
"""

from ..checks.check import Check, Issues
from ..checks.rule import Rule
from ..checks.surroundings import Scope
from . import (
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
    Rule("cardinality", ("object",), cardinality.build, cardinality.when_present),
    Rule("identifiers", ("object",), identifier.build, identifier.when_present),
    Rule("attachments", ("object",), attachment.build, attachment.when_present),
    Rule("ids of elements", ("value",), ids.build_element),
    Rule("ids and labels that occur once", ("object",), ids.build, ids.when_present),
    Rule("contained resources", ("object",), contained.build, contained.when_present),
    Rule("invariants of types", ("object",), invariant.build, invariant.when_present),
    Rule("bundles", ("object",), bundle.build),
    Rule("canonical urls of definitions", ("value",), canonical_url.build),
    Rule("questionnaires", ("object",), definition.build),
    Rule("questionnaires of responses", ("value",), response.build_named),
    Rule("responses to questionnaires", ("object",), response.build),
    Rule("maps of structures", ("object",), structure_map.build),
    Rule("profiles of operations", ("object",), operation_definition.build),
    Rule("links in narratives", ("object",), narrative_links.build, narrative_links.when_present),
    Rule(
        "profiles of resources", ("object",), claimed_profiles.build, claimed_profiles.when_present
    ),
    Rule("primitive formats", ("value",), primitive.build),
    Rule("ids without a value", ("empty",), primitive.build_empty),
    Rule("primitive style", ("value",), primitive.build_warnings),
    Rule("references", ("value",), reference.build),
    Rule("targets of references", ("narrowed",), reference.build_narrowed),
    Rule("codes of their system", ("value",), binding.build_unbound),
    Rule("bindings", ("value", "narrowed"), binding.build),
    Rule("bindings without a code", ("empty",), binding.build_empty),
    Rule("fixed values, patterns and bounds", ("value", "narrowed"), fixed.build),
    Rule("invariants of elements", ("value", "narrowed"), invariant.build_element),
    Rule("invariants of elements without a value", ("empty",), invariant.build_empty),
    Rule("profiles of types", ("value", "narrowed"), type_profile.build),
    Rule("extensions", ("value",), extension.build),
)
"""The validator's whole coverage."""
