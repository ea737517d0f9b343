"""Where an extension may stand: the contexts of its definition, and the names of the place that it
is found in (FHIR R4, section 2.4.0.2).

A walk does not know what lies above it. Where the names known there do not satisfy a definition, a
``PendingContext`` issue unwinds to the resource like any other. There its location tells the whole
path, and ``resolve_extension_contexts`` drops it or makes it an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import fhirpath
from ..checks.bounds import undecided
from ..checks.check import Issues
from ..checks.surroundings import Scope
from ..definitions import CORE, type_url
from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from ..schema import Property, Schema
from ..schema.element import FHIR_TYPE
from ..verdicts.declaration import Declaration, Violation
from ..verdicts.issue import Issue
from .canonical_url import CANONICAL_RESOURCES

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = [
    "Placement",
    "PendingContext",
    "allowed_by_names",
    "names_of_place",
    "property_at",
    "resolve_extension_contexts",
    "pending_context",
    "with_bases",
]

_STEP = lazy_pattern(r"(\w+)(?:\.ofType\((\w+)\))?(?:\[(\d+)\])?(?:\.|$)")
_ANYWHERE = frozenset({"Element", "Any"})
_INSIDE_EXAMPLES = frozenset(
    {"ElementDefinition.example.value", "ElementDefinition.pattern", "ElementDefinition.fixed"}
)
"""Their values stand for values of other elements, where extensions in them are at home."""
_REAL = {
    "Element": frozenset({"id", "extension"}),
    "BackboneElement": frozenset({"modifierExtension"}),
    "Resource": frozenset({"id", "meta", "implicitRules", "language"}),
    "DomainResource": frozenset({"text", "contained", "extension", "modifierExtension"}),
}
"""What abstract types have themselves: ``BackboneElement.name`` is the name of nothing."""
_CORRECTED = {
    FHIR_TYPE: ("ElementDefinition.type",),
    CORE + "regex": ("Questionnaire.item", "ElementDefinition", "ElementDefinition.type"),
    CORE + "structuredefinition-normative-version": ("Element",),
    CORE + "capabilitystatement-expectation": ("Element",),
    CORE + "capabilitystatement-prohibited": ("Element",),
}
"""Definitions whose published contexts are too narrow for what is published with them."""


EXTENSION_CONTEXT = Declaration(
    "extension-context",
    "error",
    "structure",
    "The extension {url} is not allowed to be used at this point (allowed = {expected})",
    "an extension stands where its definition lets it stand",
    section="2.4.0.2",
    reference=(
        "Extension_EXTP_Context_Wrong",
        "Extension_EXTM_Context_Wrong",
        "Profile_EXT_Not_Here",
        "RESOURCE_MATCHETYPE_DISALLOWED",
    ),
)
MODIFIER_CONTEXT = EXTENSION_CONTEXT.also(
    "The modifier extension {url} is not allowed to be used at this point (allowed = {expected})"
)


CONTEXT_INVARIANT = EXTENSION_CONTEXT.also(
    "The extension {url} is not allowed to be used at this point, since the invariant of its "
    "context does not hold: {invariant}"
)
CONTEXT_BROKEN = EXTENSION_CONTEXT.also(
    "The invariant of the context of the extension {url} cannot be read as FHIRPath, which is the "
    "fault of the definition and not of the data: {error}"
)


@dataclass(frozen=True, slots=True)
class Placement:
    """The places where a definition lets its extension stand.

    contexts    (``element`` | ``extension`` | ``fhirpath``, expression)
    invariants  FHIRPath conditions on the element that holds the extension
    """

    url: str
    contexts: tuple[tuple[str, str], ...]
    invariants: tuple[str, ...]

    @classmethod
    def of(cls, definition: dict[str, Any]) -> Placement:
        """Return the placement that an extension's StructureDefinition states, or the wider one
        where its published contexts are known to be too narrow.
        """
        url = definition["url"]
        stated = tuple(
            (c.get("type", "element"), c.get("expression", ""))
            for c in definition.get("context", ())
        )
        corrected = tuple(("element", expression) for expression in _CORRECTED.get(url, ()))
        return cls(url, corrected or stated, tuple(definition.get("contextInvariant", ())))

    def satisfied_by(self, names: frozenset[str], *, on_resource: bool) -> bool:
        """Tell whether the names of a place are enough to allow the extension there, no matter what
        lies above.
        """
        return not self.invariants and any(
            kind == "element" and _named(expression, names, on_resource=on_resource)
            for kind, expression in self.contexts
        )


@dataclass
class PendingContext(Issue):
    """An extension that may stand where it is or may not, depending on what lies above; ``decide``
    returns the fault that it is in a place, None where it may stand there.
    """

    decide: Callable[[_Place], Violation | None] | None = None
    placement: Placement | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """The element that holds an extension: its names, type and value, and the element above it."""

    names: frozenset[str]
    type: str
    value: Any
    companion: Any
    name: str
    above: Any
    scope: Scope


def pending_context(
    compilation: Compilation, placement: Placement, *, modifier: bool
) -> PendingContext:
    """Return the issue for an extension whose place is still to be looked at."""
    expected = ", ".join(f"{kind} {expression}" for kind, expression in placement.contexts)
    sentence = MODIFIER_CONTEXT if modifier else EXTENSION_CONTEXT
    outside = sentence(url=placement.url, expected=expected)
    issue = PendingContext.of(outside, "", placement.url)
    issue.decide = partial(_fault, compilation, placement, outside)
    issue.placement = placement
    return issue


def resolve_extension_contexts(
    issues: list[Issue], compilation: Compilation, name: str, resource: Any, scope: Scope
) -> Issues:
    """Return the issues of a resource without those of extensions that may stand where they do;
    locations are relative to the resource. None where no issue is left.
    """
    if PendingContext not in map(type, issues):
        return issues
    kept: list[Issue] = []
    for issue in issues:
        if type(issue) is not PendingContext or issue.decide is None:
            kept.append(issue)
            continue
        place = _place(compilation.schema, name, resource, issue.location, scope)
        if (fault := issue.decide(place)) is not None:
            kept.append(Issue.of(fault, issue.location, issue.profile))
    return kept or None


def _names_at(names: Iterable[str], prop: Property, schema: Schema) -> frozenset[str]:
    """Return the names of a property's values, given those of what holds them: ``Patient.contact``,
    ``BackboneElement``; ``Patient.name``, ``HumanName``.
    """
    below = {f"{one}.{prop.name}" for one in names if prop.name in _REAL.get(one, (prop.name,))}
    if schema.kind(prop.type) == "backbone":
        return frozenset(below | {prop.type, "BackboneElement"})
    if prop.element.is_choice:
        below |= {
            text for one in tuple(below) for text in (f"{one}.ofType({prop.type})", one + prop.type)
        }
    return frozenset(below | {prop.type})


def _named(expression: str, names: frozenset[str], *, on_resource: bool) -> bool:
    if expression in _ANYWHERE or (expression == "Resource" and on_resource) or expression in names:
        return True
    return "[x]" in expression and any(
        _same_choice(name.split("."), expression.split(".")) for name in names
    )


def _same_choice(name: list[str], expression: list[str]) -> bool:
    """Tell whether a name is one of a choice: ``Observation.value.ofType(Quantity)`` is an
    ``Observation.value[x]``.
    """
    while name and expression:
        step, wanted = name.pop(0), expression.pop(0)
        if step != wanted:
            if (
                not wanted.endswith("[x]")
                or step != wanted[:-3]
                or not name
                or not name[0].startswith("ofType(")
            ):
                return False
            name.pop(0)
    return not name and not expression


def _steps(location: str) -> Iterator[tuple[str, str | None, int | None]]:
    for match in _STEP.finditer(location):
        yield match[1], match[2], int(match[3]) if match[3] else None


def _place(schema: Schema, name: str, resource: Any, location: str, scope: Scope) -> _Place:
    names, kind, value, companion, step_name, above = (
        frozenset({name}),
        name,
        resource,
        None,
        name,
        None,
    )
    # The last step is the extension itself; where it stands is the element that holds it.
    for step, choice, index in list(_steps(location))[:-1]:
        found = _property(schema, kind, step, choice)
        if found is None:
            break
        above, step_name = value, found.json_name
        held = value if type(value) is dict else {}
        value, companion = (
            _item(held.get(found.json_name), index),
            _item(held.get("_" + found.json_name), index),
        )
        names, kind = _names_at(names, found, schema), found.type
    return _Place(names, kind, value, companion, step_name, above, scope)


def _property(schema: Schema, kind: str, step: str, choice: str | None) -> Property | None:
    if schema.kind(kind) == "primitive-type":
        return None
    return next(
        (
            p
            for p in schema.properties(kind).values()
            if p.name == step and choice in (None, p.type)
        ),
        None,
    )


def property_at(schema: Schema, name: str, location: str) -> Property | None:
    """Return the property that a location leads to, which is relative to a value of the named type;
    None where the location leads nowhere.
    """
    found = None
    for step, choice, _ in _steps(location):
        found = _property(schema, name, step, choice)
        if found is None:
            return None
        name = found.type
    return found


def _item(value: Any, index: int | None) -> Any:
    if index is None or type(value) is not list:
        return value
    return value[index] if index < len(value) else None


def _fault(
    compilation: Compilation, placement: Placement, outside: Violation, place: _Place
) -> Violation | None:
    """Return what is wrong with the place of an extension, ``outside`` where no context is that
    place; None where nothing is.
    """
    if not place.names.isdisjoint(_INSIDE_EXAMPLES):
        return None
    if not any(
        _in_context(compilation, kind, expression, place) for kind, expression in placement.contexts
    ):
        return outside
    found = (_unmet(compilation, placement.url, one, place) for one in placement.invariants)
    return next((fault for fault in found if fault is not None), None)


def names_of_place(schema: Schema, steps: Sequence[str]) -> frozenset[str] | None:
    """Return the names of the element that members lead to from a resource type, ``Observation``,
    ``performer``; a primitive's companion (``_birthDate``) leads to the primitive. None where they
    lead nowhere.
    """
    kind, *members = steps
    names = frozenset({kind})
    for member in members:
        found = schema.properties(kind).get(member.removeprefix("_"))
        if found is None or schema.kind(found.type) is None:
            return None
        names, kind = _names_at(names, found, schema), found.type
    return names


def allowed_by_names(
    compilation: Compilation, placement: Placement, names: frozenset[str], *, on_resource: bool
) -> bool:
    """Tell whether an extension may certainly stand in a place of these names, whatever is in the
    resource; where contexts are profiles or conditions, the resource has to be looked at.
    """
    if not names.isdisjoint(_INSIDE_EXAMPLES):
        return True
    if placement.invariants:
        return False
    known = with_bases(compilation, names)
    kinds = map(compilation.schema.kind, names)
    is_object_inside = not on_resource and "primitive-type" not in kinds
    return any(
        (is_object_inside and expression == "descendants()")
        if kind == "fhirpath"
        else kind == "element"
        and "#" not in expression
        and _named(expression, known, on_resource=on_resource)
        for kind, expression in placement.contexts
    )


def _in_context(compilation: Compilation, kind: str, expression: str, place: _Place) -> bool:
    if kind == "extension":
        # An extension on an extension's value counts as one in that extension.
        holder = place.above if place.name.startswith("value") else place.value
        return type(holder) is dict and holder.get("url") == expression
    if kind == "fhirpath":
        return _selected(compilation, expression, place)
    profile, mark, path = expression.rpartition("#")
    names = with_bases(compilation, place.names)
    if path == "CanonicalResource":
        return not names.isdisjoint(CANONICAL_RESOURCES)
    if mark and not _conforms(compilation, profile, place):
        return False
    return _named(path, names, on_resource=place.value is place.scope.resource)


def with_bases(compilation: Compilation, names: Iterable[str]) -> frozenset[str]:
    """Return the names, and what they are called after the types that theirs specialise: ``Age`` is
    a ``Quantity``.
    """
    found: set[str] = set()
    for name in names:
        first, dot, rest = name.partition(".")
        found.update(base + dot + rest for base in compilation.model.ancestors(first))
    return frozenset(found)


def _conforms(compilation: Compilation, profile: str, place: _Place) -> bool:
    resource = place.scope.resource
    kind = str(resource.get("resourceType"))
    head = compilation.schema.head(profile)
    if profile == type_url(kind) or (head is not None and head.type != kind):
        return True
    return head is not None and compilation.conforms(resource, kind, profile, place.scope)


def _selected(compilation: Compilation, expression: str, place: _Place) -> bool:
    resource = place.scope.resource
    try:
        nodes = fhirpath.compile(
            expression, str(resource.get("resourceType")), model=compilation.model
        ).nodes(resource, compilation.fhirpath_scope(place.scope))
    except fhirpath.UndecidedError:
        undecided("extension context", place.scope)
        return True
    except fhirpath.FhirPathError:
        return False
    return any(getattr(node, "value", node) is place.value for node in nodes)


def _unmet(compilation: Compilation, url: str, expression: str, place: _Place) -> Violation | None:
    """Return the fault of a place where the invariant of a context does not hold, or is none."""
    try:
        compiled = fhirpath.compile(expression, place.type, model=compilation.model)
    except fhirpath.FhirPathError as error:
        return CONTEXT_BROKEN(url=url, error=str(error))
    try:
        scope = compilation.fhirpath_scope(place.scope)
        if compiled.holds(place.value, scope, place.companion):
            return None
    except fhirpath.UndecidedError:
        undecided("extension context", place.scope)
        return None
    except fhirpath.FhirPathError:
        pass
    return CONTEXT_INVARIANT(url=url, invariant=expression)
