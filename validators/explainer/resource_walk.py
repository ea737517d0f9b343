"""The explainer: walks a resource through the checks of its types. It is the truth, and writes
every issue.

Compiled once: per type a table from JSON name to check, filled when a name is first seen. What a
value's checks are is decided when the table entry is made; nothing is looked up, and no object is
made, while a value is as it should be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from .. import fhirpath
from ..checks.check import Check, Issues, prefix_locations, union
from ..checks.resolution import scope_of
from ..checks.surroundings import Scope
from ..definitions import Definitions
from ..economy.memory import Memory
from ..fhirpath.constraint import broken_invariant, undecided_invariant
from ..rules import RULES
from ..rules.claimed_profiles import Claims
from ..rules.extension_context import PendingContext, resolve_extension_contexts
from ..rules.primitive import Proof, proof_of
from ..rules.rebinding import Rebinding
from ..schema import Constraint, Property, Schema, TypeSchema, schema_of
from ..schema.errata import corrected
from ..schema.profile_tree import ProfileNode
from ..terminology import Membership, Terminology
from ..values.form_faults import RESOURCE_TYPE, RESOURCE_TYPE_INSIDE, RESOURCE_TYPE_NO_STRING
from ..values.narrative import read_div
from ..verdicts.issue import Issue, any_fails
from ..verdicts.undecided import LineUndecided
from .form import (
    PropertyCheck,
    companion_check,
    inline_check,
    list_check,
    single_check,
    with_choice,
    wrong_form,
)
from .object_walk import KnownMember, Walk
from .remembered import remembered
from .repeats import without_repeats

if TYPE_CHECKING:
    from ..profiles.named_slices import NamedSlices
    from ..profiles.narrowing import ProfileCompiler

__all__ = ["Explainer"]

_SHAPES, _VALUES = 8192, 65_536
"""How many shapes of objects, and values of concepts and references, are remembered: some 16 MB
each at the most.
"""


class Explainer:
    """Checks for types and resources, made when first needed.

    warnings        also say what does not fail a resource (warnings, information)
    best_practice   invariants marked as best practice (dom-6) count as warnings; off, they are not
                    checked
    unknown_profile what a profile in meta.profile that is not known is worth; None: profiles in
    meta.profile are not looked at
    asked_profiles  profiles that every resource of their type follows
    terminology     that of the definitions; None to make it
    sharing         an explainer of the same definitions; what it has compiled is shared
    """

    def __init__(
        self,
        definitions: Definitions,
        *,
        warnings: bool = False,
        best_practice: bool = False,
        unknown_profile: Literal["error", "warning", "ignore"] | None = None,
        asked_profiles: Sequence[str] = (),
        terminology: Terminology | None = None,
        sharing: Explainer | None = None,
    ) -> None:
        self.definitions = definitions
        self.schema: Schema = sharing.schema if sharing is not None else schema_of(definitions)
        self.terminology: Terminology = (
            sharing.terminology if sharing is not None else terminology or Terminology(definitions)
        )
        self.model: fhirpath.TypeModel = (
            sharing.model if sharing is not None else fhirpath.TypeModel(self.schema)
        )
        self.hooks = fhirpath.Hooks(
            member_of=self._member_of,
            html_checks=lambda div: read_div(div).allowed,
            html_content=lambda div: read_div(div).content,
        )
        self.warnings = warnings
        self.best_practice = best_practice
        self.unknown_profile = unknown_profile
        self.asked_profiles: Sequence[str] = tuple(asked_profiles)
        self._types: dict[str, Check] = {}
        self._walks: dict[str, Walk] = {}
        self._resources: dict[str, Check] = {}
        self._profiles: dict[str, Check | None] = {}
        self._telling: dict[str, Check | None] = {}
        self._trees: dict[str, ProfileNode | None] = {}
        self._named_slices: dict[str, NamedSlices] = {}
        self.claims = Claims(self)
        self.rebinding = Rebinding(self)
        self._shapes = Memory(_SHAPES)
        self._values = Memory(_VALUES)

    def explain(self, resource: dict[str, Any], undecided: LineUndecided) -> list[Issue]:
        """Return every issue of a decoded resource whose resourceType is known, in document order,
        each once.
        """
        name = resource["resourceType"]
        check = self._resources.get(name) or self.resource_check(name)
        issues = check(resource, Scope(resource, undecided))
        return without_repeats(prefix_locations(name, issues)) if issues else []

    def conforms(self, value: dict[str, Any], name: str, url: str, scope: Scope) -> bool:
        """Tell whether a value follows a known profile and its own type: a resource in its own
        scope, or any other object.
        """
        profile = self.schema.head(url)
        return scope.follows.ask(
            value,
            url if profile is None else profile.identity,
            lambda: self._follows(value, name, url, scope.aside()),
        )

    def _follows(self, value: dict[str, Any], name: str, url: str, scope: Scope) -> bool:
        is_resource = self.schema.is_resource(name)
        profile = self.schema.head(url)
        is_claimed = (
            is_resource and profile is not None and profile.identity in self.claims.of(value, name)
        )
        telling = None if is_claimed else self._telling_check(url)
        if telling is not None and type(value) is dict and any_fails(telling(value, scope) or ()):
            return False
        check = self.resource_check(name) if is_resource else self.type_check(name)
        if _fails(check(value, scope)):
            return False
        # what a resource claims is among the rules on it
        beyond = None if is_claimed else self.profile_check(url)
        return beyond is None or not _fails(beyond(value, scope))

    def resource_check(self, name: str) -> Check:
        """Return the check for resources of one type, given their own scope. Raises UnknownType."""
        made = self._resources.get(name)
        if made is None:
            check = self.type_check(name)

            def settled(value: Any, scope: Scope) -> Issues:
                return self.settled(name, check(value, scope), value, scope)

            made = self._resources[name] = _once(name, settled)
        return made

    def settled(self, name: str, issues: Issues, value: Any, scope: Scope) -> Issues:
        """Return what was found in a resource of a type without what the resource as a whole
        excuses: extensions that may stand where they do, codes that a profile binds anew.
        """
        if issues is not None:
            issues = resolve_extension_contexts(issues, self, name, value, scope)
        return None if issues is None else self.rebinding.without(issues, name, value)

    def object_walk(self, name: str) -> Walk:
        """Return the walk through objects of a type that is not abstract."""
        self.type_check(name)
        return self._walks[name]

    def type_check(self, name: str) -> Check:
        """Return the check for JSON objects of a type: the walk through its properties, then the
        rules on the whole object.

        ``Resource`` and ``DomainResource`` (as in ``contained``) stand for whatever resource the
        object says it is.
        """
        check = self._types.get(name)
        if check is None:
            schema = self.schema.type(name)
            if schema.kind == "resource" and schema.abstract:
                check = self._any_resource
            else:
                check = self._walk(schema)
            self._types[name] = check
        return check

    def is_profile(self, url: str) -> bool:
        """Tell whether a profile of that url is known."""
        head = self.schema.head(url)
        return head is not None and head.is_complete and not head.is_type

    def profile_check(self, url: str) -> Check | None:
        """Return the check for what a known profile says beyond its base type, compiled when it is
        first called; None where the profile is not known.
        """
        if url not in self._profiles:
            head = self.schema.head(url)
            if head is None or not self.is_profile(url):
                return self._profiles.setdefault(url, None)
            # one check, whether a version is asked for or the url alone
            check = self._profiles.get(head.identity)
            if check is None:
                check = self._when_called(url)
                if self.schema.is_resource(head.type):  # of datatypes no scope is asked about
                    check = _once(head.identity, check)
                self._profiles[head.identity] = check
            self._profiles[url] = check
        return self._profiles[url]

    def _telling_check(self, url: str) -> Check | None:
        """Return the part of a profile's check that tells at first sight of most values which do
        not follow it: values of forty profiles may be asked about each of them.
        """
        if url not in self._telling:
            compiler = self.profile_compiler(url) if self.is_profile(url) else None
            self._telling[url] = None if compiler is None else compiler.telling_values()
        return self._telling[url]

    def profile_compiler(self, url: str) -> ProfileCompiler | None:
        """Return what compiles a StructureDefinition; None where it is not known or has no
        snapshot.
        """
        from ..profiles.narrowing import ProfileCompiler  # most lines claim no profile

        definition = self.definitions.fetch("StructureDefinition", url)
        if definition is None or "snapshot" not in definition:
            return None
        return ProfileCompiler(self, definition)

    def _when_called(self, url: str) -> Check:
        made: Check | None = None

        def check(value: Any, scope: Scope) -> Issues:
            nonlocal made
            if made is None:
                compiler = self.profile_compiler(url)
                assert compiler is not None, "it is known"
                made = compiler.compile() or _nothing
            return made(value, scope)

        return check

    def profile_tree(self, url: str) -> ProfileNode | None:
        """Return the tree of a known StructureDefinition, and keep it, since paths of
        discriminators lead through many; None where the definition is not known or has no snapshot.
        """
        if url not in self._trees:
            definition = self.definitions.fetch("StructureDefinition", url)
            self._trees[url] = (
                self.schema.profile_tree(definition)
                if definition is not None and "snapshot" in definition
                else None
            )
        return self._trees[url]

    def invariant(self, constraint: Constraint, name: str) -> fhirpath.Invariant | None:
        """Return a constraint compiled for values of the named type, with its erratum; None where
        there is nothing to evaluate.

        A text that is no FHIRPath never holds, as in the reference validator; one that is nested
        too deep to be read decides nothing.
        """
        text = corrected(constraint.key, constraint.expression)
        if not text:
            return None
        try:
            return fhirpath.invariant(text, name, self.model)
        except fhirpath.NestingError:
            return undecided_invariant(text, name, self.model)
        except fhirpath.FhirPathError as error:
            return broken_invariant(str(error), name, self.model)

    def fhirpath_scope(self, scope: Scope) -> fhirpath.EvaluationScope:
        """Return a value's scope as FHIRPath sees it; one for each resource."""
        found: fhirpath.EvaluationScope | None = scope.memo.get("fhirpath")
        if found is None:
            bundle = next(
                (s for s in scope.outward() if s.resource.get("resourceType") == "Bundle"), None
            )
            hooks = replace(
                self.hooks,
                conforms_to=partial(self._conforms_to, scope),
                in_slice=partial(self._in_slice, scope),
            )
            found = scope.memo["fhirpath"] = fhirpath.EvaluationScope(
                scope.resource,
                scope.root,
                None if bundle is None else bundle.resource,
                hooks,
                entries=None if bundle is None else _entries(bundle),
                memory=scope.follows.memory,
            )
        return found

    def _member_of(self, value: Any, name: str, url: str) -> bool | None:
        value_set = self.terminology.value_set(url)
        if value_set is None:
            return None
        answers = value_set.answers(value, name)
        if answers and all(answer is Membership.IN for answer in answers):
            return True
        return (
            None
            if any(a in (Membership.OPEN, Membership.SKIPPED_BY_REFERENCE) for a in answers)
            else False
        )

    def _conforms_to(self, scope: Scope, value: Any, name: str, url: str) -> bool | None:
        head = self.schema.head(url)
        if head is None:
            return None
        if type(value) is not dict:
            beyond = self.profile_check(url)
            return head.type == name and (beyond is None or not beyond(value, scope))
        kind = str(value.get("resourceType", name))
        if head.type != kind or self.schema.kind(kind) is None:
            return False
        return self.conforms(value, kind, url, scope_of(value, scope))

    def _in_slice(self, scope: Scope, value: Any, name: str, url: str, slice_name: str) -> bool:
        if url not in self._named_slices:
            compiler = self.profile_compiler(url)
            if compiler is None:
                return False  # not kept: an expression of the data may name any number of urls
            from ..profiles.named_slices import NamedSlices

            self._named_slices[url] = NamedSlices(compiler)
        return self._named_slices[url].holds(value, name, slice_name, scope)

    def value_check(self, prop: Property) -> Check:
        """Return the check for one value of a property: its type's, and that of every rule that has
        something to say of the property.
        """
        return union(self._value_checks(prop)) or (lambda value, scope: None)

    def _value_checks(self, prop: Property) -> list[Check]:
        checks: list[Check] = [] if prop.is_primitive else [self.type_check(prop.type)]
        return checks + self.property_rules(prop)

    def property_rules(self, prop: Property) -> list[Check]:
        """Return the checks of every rule that has something to say of a value of a property."""
        return self._built("value", prop)

    def narrowing_checks(self, prop: Property) -> list[Check]:
        """Return the checks of every rule that has something to say of a property as a profile
        narrows it.
        """
        return self._built("narrowed", prop)

    def empty_checks(self, prop: Property) -> list[Check]:
        """Return the checks of a primitive element that has no value, only children."""
        return self._built("empty", prop)

    def _built(self, on: str, subject: Property | TypeSchema) -> list[Check]:
        return [check for rule in RULES if on in rule.on and (check := rule.check(subject, self))]

    def _any_resource(self, value: Any, scope: Scope) -> Issues:
        """Check an inline resource by the type that it says it is, in a scope of its own."""
        if type(value) is not dict:
            return [wrong_form(value, "an object")]
        name = value.get("resourceType")
        if type(name) is not str:
            fault = RESOURCE_TYPE() if name is None else RESOURCE_TYPE_NO_STRING()
            return [Issue.of(fault)]
        check = self._resources.get(name)
        if check is None:
            if not self.schema.is_resource(name):
                return [Issue.of(RESOURCE_TYPE_INSIDE(name=name[:64]))]
            check = self.resource_check(name)
        return check(value, scope)

    def _member(self, properties: Mapping[str, Property], name: str) -> KnownMember | None:
        """Return what a type knows of a name, with or without the underscore of a companion; None
        where it knows nothing.
        """
        found = properties.get(name)
        if found is None:
            found = properties.get(name[1:]) if name.startswith("_") else None
            if found is None or not found.is_primitive:
                return None
            check, proof = self._companion_check(found), None
        else:
            check, proof = self._property_check(found)
        siblings = _siblings(properties, found)
        return KnownMember(with_choice(found, siblings, check), check, siblings, proof)

    def _property_check(self, prop: Property) -> tuple[PropertyCheck, Proof | None]:
        form = list_check if prop.is_list else single_check
        if prop.type == "Resource":
            return inline_check(prop, self.value_check(prop), form), None
        checks = self._value_checks(prop)
        proof = (
            proof_of(prop, self, len(checks)) if prop.is_primitive and not prop.is_list else None
        )
        return remembered(prop, form(prop, checks), self._values, warnings=self.warnings), proof

    def _companion_check(self, prop: Property) -> PropertyCheck:
        empty = union(self.empty_checks(prop))
        element = self.schema.type("Element")
        properties: Mapping[str, Property] = {}  # xhtml has neither id nor extensions
        if prop.type != "xhtml":
            extension = element.properties["extension"]
            placed = replace(
                extension,
                element=replace(extension.element, path=f"{prop.element.path}.extension"),
            )  # so that rules know what it extends
            properties = {**element.properties, "extension": placed}
        return companion_check(
            prop, self._walk(replace(element, properties=properties), may_be_empty=True), empty
        )

    def _walk(self, schema: TypeSchema, *, may_be_empty: bool = False) -> Check:
        walk = Walk(
            self,
            schema,
            partial(self._member, schema.properties),
            self._shapes,
            may_be_empty=may_be_empty or schema.kind == "resource",
        )
        if not may_be_empty:
            self._walks[schema.name] = walk
            self._types[schema.name] = (
                walk.check
            )  # before the rules are built: types refer to one another
        walk.add(
            [
                (rule, check)
                for rule in RULES
                if "object" in rule.on and (check := rule.check(schema, self))
            ]
        )
        return walk.check


def _once(name: str, check: Check) -> Check:
    """Return a check that is made once of a resource inside a line's own: several references may
    lead to an entry of a Bundle, and its profile and the Bundle's may ask for the same one.
    """

    def once(value: Any, scope: Scope) -> Issues:
        if scope.parent is None or scope.resource is not value:
            return check(value, scope)
        return scope.follows.findings(value, name, scope.undecided, lambda: check(value, scope))

    return once


def _fails(issues: Issues) -> bool:
    """Tell whether what was found fails a value, whatever is around it."""
    return issues is not None and any_fails(i for i in issues if type(i) is not PendingContext)


def _entries(bundle: Scope) -> fhirpath.BundleEntries:
    """Return the index of a Bundle, made once for all that is in it."""
    found: fhirpath.BundleEntries | None = bundle.memo.get("fhirpath entries")
    if found is None:
        found = bundle.memo["fhirpath entries"] = fhirpath.BundleEntries(bundle.resource)
    return found


def _nothing(value: Any, scope: Scope) -> Issues:
    return None


def _siblings(properties: Mapping[str, Property], prop: Property) -> frozenset[str]:
    """Return the other JSON names of a choice, with their companions' names."""
    if not prop.element.is_choice:
        return frozenset()
    others = [p for p in properties.values() if p.element is prop.element and p is not prop]
    return frozenset(name for p in others for name in (p.json_name, "_" + p.json_name))
