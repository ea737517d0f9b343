"""Profiles compiled to checks of what they say beyond their base type (FHIR R4, section 5.1).

The base type's own rules have run already. Of the profile's tree only what narrows is kept:
cardinality, types, bindings, fixed values and patterns, invariants, slices. The rules are the same
as for base types; they are given the narrowed element. Where a profile says nothing, there is no
check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues, added, prefix_locations, union
from ..checks.conformance import shown
from ..checks.resolution import scope_of
from ..checks.surroundings import Scope
from ..definitions import type_url
from ..economy.light_dataclass import replace
from ..economy.memory import Memory
from ..rules.cardinality import too_few, too_many
from ..rules.fixed import FIXED_VALUE
from ..rules.type_profile import follows
from ..schema import ElementSchema, Property, TypeRef
from ..schema.profile_tree import Group, ProfileNode
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue
from .discriminator_paths import Tree
from .member_checks import MemberCheck, of_members
from .slices import ItemCheck, Slices, items_of, step_of

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["ProfileCompiler", "sign"]

ELEMENT_TYPE = Declaration(
    "profile-element-type",
    "error",
    "structure",
    "The Profile '{profile}' definition allows for the types {types} but found type {found}",
    "a value is of a type that the profile still allows",
    section="5.1",
    reference=("Extension_PROF_Type", "Extension_EXT_Type"),
)
RESOURCE_NOT_ALLOWED = ELEMENT_TYPE.also(
    "The type '{found}' is not valid - must be one of {types} (from {profile})"
)
EXTENSIONS_BESIDE_FIXED = FIXED_VALUE.also(
    "No extensions allowed, as the specified fixed value does not contain any extensions"
)

_SHAPES = 2048
"""How many lists of names are remembered of the objects that one profile is about."""
_NOTHING: dict[str, Any] = {}  # what a primitive without companion holds


class ProfileCompiler:
    """A compiler of one profile: the checks of what the profile says beyond its base type.

    Checks of other profiles that it names are asked of the compilation, which keeps them all.
    """

    def __init__(self, compilation: Compilation, definition: dict[str, Any]) -> None:
        self.compilation = compilation
        self.schema = compilation.schema
        self.type: str = definition["type"]
        self.url: str = definition["url"]
        self.definition = definition
        self.top = self.schema.profile_tree(definition)
        self.tree = Tree(compilation, self.url)
        self._by_id: dict[str, ProfileNode] = {}
        self._shapes = Memory(_SHAPES)

    def compile(self) -> Check | None:
        """Return the check for a value of the profile's type; None where the profile narrows
        nothing.
        """
        inside = self.children(self.top, self.type)
        check = union(
            [
                *self.compilation.narrowing_checks(self.root()),
                *([inside] if inside is not None else []),
            ]
        )
        return None if check is None else self._signed(check)

    def of_group(self, group: Group) -> Check | None:
        """Return the part of ``compile``'s check that is about one child name of the root."""
        owner = self.type if self.schema.kind(self.type) != "primitive-type" else "Element"
        return of_members(self._group(group, owner), self._shapes)

    def telling_values(self) -> Check | None:
        """Return the check of how many children the root has and of their fixed values and
        patterns: the part of ``compile``'s that tells values of most profiles apart, at little
        cost.
        """
        checks: list[MemberCheck] = []
        for group in self.top.groups:
            element = replace(group.node.element, binding=None, constraints=())
            found = self.properties(element, self.type)
            checks += self._counts(element, found) if found else []
            if element.fixed is not None or element.pattern is not None:
                items = [(p, self.item_check(ProfileNode(element), p)) for p in found]
                checks += [_each(p, check) for p, check in items if check is not None]
        return of_members(checks, self._shapes)

    def root(self) -> Property:
        """Return the profile's root as a property of its type, with what the root says beyond the
        type.
        """
        element = replace(
            self._narrowed(self.top.element, self.schema.type(self.type).root, self.type),
            binding=None,
        )  # a binding is an element's, not a type's
        return Property(self.type, self.type, self.type, False, False, element, TypeRef(self.type))

    def _signed(self, check: Check) -> Check:
        url, is_primitive = self.url, self.schema.kind(self.type) == "primitive-type"
        name = shown(self.definition, self.compilation.definitions)

        def signed(value: Any, scope: Scope) -> Issues:
            issues = (
                check(value, scope) if is_primitive or type(value) is dict else None
            )  # another form is the walk's to report
            if issues is not None:
                sign(issues, url, name)
            return issues

        return signed

    def children(self, node: ProfileNode, name: str) -> Check | None:
        """Return the check for the children of a node: on an object of the named type, or on the
        companion of a primitive. None where there is nothing to check.
        """
        owner = "Element" if self.schema.kind(name) in (None, "primitive-type") else name
        checks = [check for group in node.groups for check in self._group(group, owner)]
        return of_members(checks, self._shapes)

    def _group(self, group: Group, name: str) -> list[MemberCheck]:
        """Return the checks of one child name, on the object that has it."""
        element = group.node.element
        found = self.properties(element, name)
        if not found:
            return []
        checks = self._counts(element, found)
        checks += [
            _each(p, check) for p in found if (check := self.item_check(group.node, p)) is not None
        ]
        slices = self.slices(group, found)
        if slices is not None:
            checks.append(MemberCheck(slices.check, _names(found), absent=slices.needs_some))
        return checks

    def properties(self, element: ElementSchema, name: str) -> list[Property]:
        """Return the properties of a type that an element of the profile is about: several for a
        choice.
        """
        return self.schema.about(name, element.name)

    def slices(self, group: Group, found: list[Property]) -> Slices | None:
        """Return the slices of one child name; None where the profile does not slice it."""
        slicing = group.node.element.slicing
        if not group.slices or slicing is None:
            return None
        return Slices(
            self.tree,
            slicing,
            group.slices,
            found,
            [{p.json_name: self.item_check(node, p) for p in found} for node in group.slices],
        )

    def _counts(self, element: ElementSchema, found: list[Property]) -> list[MemberCheck]:
        """Return the checks of an element's cardinality, where it is narrower than the
        base type's.
        """
        base, checks = found[0].element, []
        names = _names(found)
        if element.min > base.min:
            at_least = _at_least(self.url, element, names)
            checks.append(MemberCheck(at_least, names, present=element.min > 1, absent=True))
        if element.max is not None and (base.max is None or element.max < base.max):
            checks.append(MemberCheck(_at_most(self.url, element, element.max, names), names))
        return checks

    def item_check(self, node: ProfileNode, prop: Property) -> ItemCheck | None:
        """Return the check of one value of a property, as a node narrows it; None where the node
        says nothing of it.
        """
        element = node.element
        if prop.type == "Resource":
            return self._resource_check(node, prop)
        if self.is_other_type(element, prop):
            types = ", ".join(t.code for t in element.types)
            fault = ELEMENT_TYPE(profile=self.url, types=types, found=prop.type)
            return lambda value, companion, scope: [Issue.of(fault)]
        narrowed = self.narrowed(element, prop)
        on_value = union(self.compilation.narrowing_checks(narrowed))
        on_empty = union(self.compilation.empty_checks(narrowed)) if prop.is_primitive else None
        if prop.is_primitive and element.fixed is not None and on_value is not None:
            return _without_extensions(_item(True, on_value, on_empty, self._inside(node, prop)))
        return _item(prop.is_primitive, on_value, on_empty, self._inside(node, prop))

    @staticmethod
    def is_other_type(element: ElementSchema, prop: Property) -> bool:
        """Tell whether a property is of a choice's type that the element does not allow
        any more.
        """
        return (
            prop.element.is_choice
            and bool(element.types)
            and prop.type_ref.code not in {t.code for t in element.types}
        )

    def narrowed(self, element: ElementSchema, prop: Property) -> Property:
        """Return the property with only those profiles and targets that the element states and the
        base type does not.
        """
        base = prop.type_ref
        ref = next((t for t in element.types if t.code == base.code), base)
        if ref.profiles or ref.targets:  # of most there are none
            own = type_url(prop.type)
            # What the base states has run already, and a type's own definition narrows nothing.
            profiles = tuple(p for p in ref.profiles if p not in base.profiles and p != own)
            targets = () if set(ref.targets) == set(base.targets) else ref.targets
            ref = replace(ref, profiles=profiles, targets=targets)
        narrowed = self._narrowed(element, prop.element, prop.type)
        return replace(prop, element=narrowed, type_ref=ref)

    def _resource_check(self, node: ProfileNode, prop: Property) -> ItemCheck | None:
        """Return the check of a contained resource, or an entry's, as a node narrows it: its type,
        the profiles of that, and more that depends on the type. None where the node says nothing.
        """
        refs, urls = node.element.types, [url for t in node.element.types for url in t.profiles]
        if (
            not node.groups
            and not node.element.constraints
            and not urls
            and (not refs or any(t.code == "Resource" for t in refs))
        ):
            return None
        made: dict[str, tuple[Check, Check]] = {}

        def compiled(name: str) -> tuple[Check, Check]:
            """Return the check of the resource as an element of the one around it, and of its
            children in its own scope.
            """
            if name not in made:
                element = replace(self._narrowed(node.element, prop.element, name), binding=None)
                checks = self.compilation.narrowing_checks(
                    replace(prop, type=name, element=element, type_ref=TypeRef(name))
                )
                made[name] = union(checks) or _nothing, self.children(node, name) or _nothing
            return made[name]

        def check(value: Any, companion: Any, scope: Scope) -> Issues:
            name = value.get("resourceType") if type(value) is dict else None
            if type(name) is not str or not self.schema.is_resource(name):
                return None  # the walk reports it
            ref = next((t for t in refs if t.code in ("Resource", name)), None)
            if refs and ref is None:
                types = ", ".join(t.code for t in refs)
                return [Issue.of(RESOURCE_NOT_ALLOWED(found=name, types=types, profile=self.url))]
            inner = scope_of(value, scope)
            issues = (
                list(follows(self.compilation, ref.profiles, name, value, inner) or ())
                if ref is not None
                else []
            )
            as_element, inside = compiled(name)
            issues += as_element(value, scope) or ()
            issues += inside(value, inner) or ()
            return issues or None

        return check

    def _inside(self, node: ProfileNode, prop: Property) -> Check | None:
        """Return the check for the children of a node, or of the node that its contentReference
        names.
        """
        reference = node.element.content_reference
        if reference is None or node.groups:
            return self.children(node, prop.type)
        target = self.referred(reference)
        if target is None:
            return None
        made: list[Check | None] = []

        def check(value: Any, scope: Scope) -> Issues:
            if not made:  # when it is needed: elements refer to what holds them
                made.append(self.children(target, prop.type))
            return made[0](value, scope) if made[0] is not None else None

        return check

    def referred(self, reference: str) -> ProfileNode | None:
        """Return the node that a contentReference names, where the profile says something of its
        children; None where it is the base type's element, whose rules have run already.
        """
        url, _, identity = reference.rpartition("#")
        target = None if url and url != self.url else self.find(identity)
        return target if target is not None and target.groups else None

    def find(self, identity: str) -> ProfileNode | None:
        """Return the node of the element with that id; None where the profile has none."""
        if not self._by_id:
            stack = [self.top]
            while stack:
                node = stack.pop()
                self._by_id[node.element.id] = node
                stack += [n for g in node.groups for n in (g.node, *g.slices)]
        return self._by_id.get(identity)

    def _narrowed(self, element: ElementSchema, base: ElementSchema, name: str) -> ElementSchema:
        """Return the element with only what the base does not say already."""
        root = self.schema.type(name).root if self.schema.kind(name) is not None else base
        known = {(c.key, c.expression, c.severity) for c in (*base.constraints, *root.constraints)}
        return replace(
            element,
            binding=None if element.binding == base.binding else element.binding,
            constraints=tuple(
                c for c in element.constraints if (c.key, c.expression, c.severity) not in known
            ),
            max_length=None if element.max_length == base.max_length else element.max_length,
            min_value=None if element.min_value == base.min_value else element.min_value,
            max_value=None if element.max_value == base.max_value else element.max_value,
        )


def sign(issues: list[Issue], url: str, name: str) -> None:
    """Let issues say the profile that they are of, in place.

    name   of the profile, for their sentences
    """
    for issue in issues:
        issue.profile = issue.profile or url
        if name != url:
            issue.naming(url, name)


def _nothing(value: Any, scope: Scope) -> Issues:
    return None


def _item(
    is_primitive: bool, on_value: Check | None, on_empty: Check | None, inside: Check | None
) -> ItemCheck | None:
    """Return the check of one value: of the value itself, of a primitive without one, and of the
    children. None where there is nothing to check.
    """
    if on_value is None and on_empty is None and inside is None:
        return None
    if not is_primitive:
        both = union([check for check in (on_value, inside) if check is not None])
        return (
            None
            if both is None
            else lambda value, companion, scope: both(value, scope) if type(value) is dict else None
        )

    def check(value: Any, companion: Any, scope: Scope) -> Issues:
        issues: Issues = None
        if value is not None:
            issues = on_value(value, scope) if on_value is not None else None
        elif on_empty is not None and companion is not None:
            issues = on_empty(companion, scope)
        if (
            inside is not None
            and (found := inside(_NOTHING if companion is None else companion, scope)) is not None
        ):
            issues = found if issues is None else issues + found
        return issues

    return check


def _without_extensions(check: ItemCheck | None) -> ItemCheck:
    """Return the check of a primitive with a fixed value: extensions would be more than what is
    fixed.
    """

    def checked(value: Any, companion: Any, scope: Scope) -> Issues:
        issues = check(value, companion, scope) if check is not None else None
        if value is not None and companion is not None and "extension" in companion:
            issues = [*(issues or ()), Issue.of(EXTENSIONS_BESIDE_FIXED())]
        return issues

    return checked


def _names(found: list[Property]) -> frozenset[str]:
    """Return the names of members that hold values of the properties."""
    return frozenset(
        name
        for p in found
        for name in ((p.json_name, "_" + p.json_name) if p.is_primitive else (p.json_name,))
    )


def _each(prop: Property, check: ItemCheck) -> MemberCheck:
    """Return the check of every value of a property, on the object that has it."""
    if prop.is_list:
        of_values = _each_of_list(prop, check)
    else:
        of_values = _primitive(prop, check) if prop.is_primitive else _single(prop, check)
    return MemberCheck(of_values, _names([prop]))


def _single(prop: Property, check: ItemCheck) -> Check:
    name, step = prop.json_name, prop.step

    def single(value: Any, scope: Scope) -> Issues:
        item = value.get(name)
        issues = check(item, None, scope) if item is not None else None
        return None if issues is None else prefix_locations(step, issues)

    return single


def _primitive(prop: Property, check: ItemCheck) -> Check:
    name, step, other = prop.json_name, prop.step, "_" + prop.json_name

    def primitive(value: Any, scope: Scope) -> Issues:
        item, companion = value.get(name), value.get(other)
        if item is None and companion is None:
            return None
        issues = check(item, companion if type(companion) is dict else None, scope)
        return None if issues is None else prefix_locations(step, issues)

    return primitive


def _each_of_list(prop: Property, check: ItemCheck) -> Check:
    one = [prop]

    def several(value: Any, scope: Scope) -> Issues:
        issues: Issues = None
        for item, companion, _, index in items_of(value, one):
            said = check(item, companion, scope)
            if said is not None:
                prefix_locations(step_of(prop, index), said)
                issues = added(issues, said)
        return issues

    return several


def _at_least(url: str, element: ElementSchema, names: frozenset[str]) -> Check:
    minimum, label = element.min, element.id

    def check(value: Any, scope: Scope) -> Issues:
        if minimum == 1 and not names.isdisjoint(value):
            return None
        count = _count(value, names)
        return None if count >= minimum else [too_few(url, label, minimum, count)]

    return check


def _at_most(url: str, element: ElementSchema, maximum: int, names: frozenset[str]) -> Check:
    label = element.id

    def check(value: Any, scope: Scope) -> Issues:
        if names.isdisjoint(value):
            return None
        count = _count(value, names)
        return None if count <= maximum else [too_many(url, label, maximum, count)]

    return check


def _count(value: dict[str, Any], names: frozenset[str]) -> int:
    """Return how many values the properties hold; a companion's entries count where it holds more
    of them.
    """
    found = [value[name] for name in names if name in value]
    return max((len(one) if type(one) is list else 1 for one in found), default=0)
