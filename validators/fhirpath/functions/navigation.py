"""Functions that walk the resource and its surroundings: children, extensions, references,
terminology, profiles, narrative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import EvaluationError
from ..evaluation import Collection, Environment, Evaluator, function, lazy
from ..items import plain, singleton, text
from ..node import Node, all_children, children
from ..scope import EvaluationScope
from ..temporal import Temporal

__all__ = ["resolve_reference", "with_url"]


@function("children")
def children_(env: Environment, items: Collection) -> Collection:
    """Return the children of all items, each item's in the order of its JSON object (N1, section
    5.8.1).
    """
    return [
        child for item in items if isinstance(item, Node) for child in all_children(env.model, item)
    ]


@function("descendants")
def descendants(env: Environment, items: Collection) -> Collection:
    """Return the children of the items, then the children of those, and so on (N1, section
    5.8.2).
    """
    found: Collection = []
    level = items
    while level:
        level = children_(env, level)
        found.extend(level)
    return found


@function("extension", 1)
def extension(env: Environment, items: Collection, url: Collection) -> Collection:
    """Return the extensions and modifier extensions of the items that have the url (FHIR R4,
    section 2.9.1.5).

    Empty where the url is not one value.
    """
    wanted = text(url[0]) if len(url) == 1 else None
    return [] if wanted is None else with_url(env, items, wanted)


def with_url(env: Environment, items: Collection, url: str) -> Collection:
    """Return the extensions of the items, then their modifier extensions, that have a url."""
    holders = [
        (node, node.value if node.value.__class__ is dict else node.extra)
        for node in items
        if isinstance(node, Node)
    ]
    return [
        child
        for name in ("extension", "modifierExtension")
        for node, holder in holders
        # a primitive has none, but for what stands beside it
        if holder and name in holder
        for child in children(env.model, node, name)
        if child.value.__class__ is dict and child.value.get("url") == url
    ]


@function("hasValue")
def has_value(env: Environment, items: Collection) -> Collection:
    """Tell whether there is exactly one item and it is a primitive with a value (FHIR R4, section
    2.9.1.5), or a resource.
    """
    if len(items) != 1:
        return [False]
    item = items[0]
    return [
        not isinstance(item, Node)
        or env.model.is_resource(item.type)  # as HL7's validator has it
        or (not isinstance(item.value, dict) and item.value not in (None, ""))
    ]


@function("getValue")
def get_value(env: Environment, items: Collection) -> Collection:
    """Return the value of the one primitive as FHIRPath's own; empty for several items, for an
    element with parts and for a primitive without value (FHIR R4, section 2.9.1.5).
    """
    if len(items) != 1:
        return []
    value = plain(items[0])
    return [] if value is None or isinstance(value, Node) else [value]


@function("resolve")
def resolve(env: Environment, items: Collection) -> Collection:
    """Return the resources that the items (References, canonicals, uris) mean; what is not found is
    left out (FHIR R4, section 2.9.1.5).
    """
    found: Collection = []
    for item in items:
        reference = (
            item.value.get("reference")
            if isinstance(item, Node) and isinstance(item.value, dict)
            else text(item)
        )
        resource = resolve_reference(reference, env.scope) if isinstance(reference, str) else None
        if resource is not None:
            found.append(Node(resource, str(resource.get("resourceType", "Resource"))))
    return found


def resolve_reference(reference: str, scope: EvaluationScope) -> Mapping[str, Any] | None:
    """Return the resource that a reference means: contained, in the Bundle around (by full url, or
    type and id), or what the scope's hook finds.

    None where no resource is found; ``#`` alone means the container itself.
    """
    root = scope.root or scope.resource or {}
    if reference.startswith("#"):
        if reference == "#":
            return root or None
        return next(
            (
                r
                for r in root.get("contained") or ()
                if isinstance(r, dict) and r.get("id") == reference[1:]
            ),
            None,
        )
    entries = scope.bundle_entries()
    found = None if entries is None else entries.find(reference)
    return scope.hooks.resolve(reference) if found is None else found


@function("memberOf", 1)
def member_of(env: Environment, items: Collection, value_set: Collection) -> Collection:
    """Ask the scope's hook whether the one code, Coding or CodeableConcept is in the value set
    (FHIR R4, section 2.9.1.5).

    Empty where the hook cannot say, and where there is not one item and one url.
    """
    url = text(value_set[0]) if len(value_set) == 1 else None
    if len(items) != 1 or url is None:
        return []
    item = items[0]
    value, name = (item.value, item.type) if isinstance(item, Node) else (text(item), "string")
    found = env.scope.hooks.member_of(value, name, url)
    return [] if found is None else [found]


@function("conformsTo", 1)
def conforms_to(env: Environment, items: Collection, profile: Collection) -> Collection:
    """Ask the scope's hook whether the one element follows the profile (FHIR R4, section 2.9.1.5).

    Empty for no element and no url. Raises EvaluationError for several items, and where nothing is
    known of the profile.
    """
    item, url = singleton(items, "conformsTo()"), text(profile[0]) if len(profile) == 1 else None
    if not isinstance(item, Node) or url is None:
        return []
    found = env.scope.hooks.conforms_to(item.value, item.type, url)
    if found is None:
        raise EvaluationError(f"nothing is known of the profile {url}")
    return [found]


@function("slice", 2)
def slice_(
    env: Environment, items: Collection, structure: Collection, name: Collection
) -> Collection:
    """Return the items that are in the named slice of a profile, given by its url; the profile of
    the scope where the url is empty (FHIR R4, section 2.9.1.5).

    Empty where profile or name is missing.
    """
    url = text(structure[0]) if structure else env.scope.profile
    wanted = text(name[0]) if len(name) == 1 else None
    if url is None or wanted is None:
        return []
    return [
        item
        for item in items
        if isinstance(item, Node) and env.scope.hooks.in_slice(item.value, item.type, url, wanted)
    ]


@function("checkModifiers", 0, 20)
def check_modifiers(env: Environment, items: Collection, *known: Collection) -> Collection:
    """Return the input, where all of its modifier extensions are among the named ones (FHIR R4,
    section 2.9.1.5).

    Raises EvaluationError for a modifier extension with another url.
    """
    allowed = {text(url[0]) for url in known if url}
    for item in items:
        if isinstance(item, Node):
            for found in children(env.model, item, "modifierExtension"):
                if found.value.get("url") not in allowed:
                    raise EvaluationError(f"unknown modifier extension {found.value.get('url')}")
    return items


def _html(env: Environment, items: Collection, content: bool) -> Collection:
    value = plain(items[0]) if len(items) == 1 else None
    if not isinstance(value, str):
        return [False]
    hooks = env.scope.hooks
    found = hooks.html_content(value) if content else hooks.html_checks(value)
    return [] if found is None else [found]


@function("htmlChecks")
def html_checks(env: Environment, items: Collection) -> Collection:
    """Ask the scope's hook whether the narrative keeps FHIR's rules for XHTML (FHIR R4, section
    2.9.1.5); ``txt-1`` is written with it.

    False where the input is not one string, empty where the hook cannot say.
    """
    return _html(env, items, content=False)


@function("htmlChecks2")
def html_content(env: Environment, items: Collection) -> Collection:
    """Ask the scope's hook whether the narrative has content that is not blank.

    False where the input is not one string, empty where the hook cannot say.
    """
    return _html(env, items, content=True)


@lazy("trace", 1, 2)
def trace(
    env: Environment, items: Collection, name: Evaluator, projection: Evaluator | None = None
) -> Collection:
    """Return the input, after the scope's hook has been told of it, or of what the projection
    gives, under the name (N1, section 5.9.1).
    """
    label = name(env, env.this)
    shown = (
        items
        if projection is None
        else [found for item in items for found in projection(env.inner(item), [item])]
    )
    env.scope.hooks.trace(text(label[0]) or "" if label else "", shown)
    return items


@lazy("defineVariable", 1, 2)
def define_variable(
    env: Environment, items: Collection, name: Evaluator, value: Evaluator | None = None
) -> Collection:
    """Return the input, after ``%name`` has been given the value for what comes later; the input
    itself where no value is given (FHIRPath STU 3).
    """
    label = name(env, env.this)
    # a new mapping: environments that share the old one do not learn of the variable
    env.variables = {
        **env.variables,
        text(label[0]) or "": items if value is None else value(env, items),
    }
    return items


@function("now")
def now(env: Environment, items: Collection) -> Collection:
    """Return the moment of this evaluation as a dateTime with time zone (N1, section 5.9.2)."""
    return [Temporal.of(env.now())]


@function("today")
def today(env: Environment, items: Collection) -> Collection:
    """Return the date of this evaluation, in the machine's time zone (N1, section 5.9.2)."""
    found = Temporal.parse(env.now().date().isoformat())
    return [found] if found else []


@function("timeOfDay")
def time_of_day(env: Environment, items: Collection) -> Collection:
    """Return the time of this evaluation, in the machine's time zone, to the millisecond (N1,
    section 5.9.2).
    """
    found = Temporal.parse(env.now().time().isoformat(timespec="milliseconds"))
    return [found] if found else []
