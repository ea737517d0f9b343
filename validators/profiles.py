"""Profiles compiled to checks of what they say beyond their base type (FHIR R4, section 5.1).

The base type's own rules have run already. Of the profile's tree only what narrows is kept: cardinality, types, bindings,
fixed values and patterns, invariants, slices. The rules are the same as for base types; they are given the narrowed element.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .issue import Issue
from .rules.cardinality import too_few, too_many
from .rules.rule import Check, Issues, Scope, located, union
from .schema import ElementSchema, Property
from .schema.profile import Group, Node, profile_tree
from .slicing import Undecidable, slice_predicate

if TYPE_CHECKING:
    from .explainer import Explainer

__all__ = ["ProfileCompiler"]


@dataclass(slots=True)
class _Item:
    """One value of a group: a JSON value, or only the companion of a primitive that has none."""

    value: Any
    companion: dict[str, Any] | None
    found: Property
    step: str


class ProfileCompiler:
    """Compiles one profile. Checks of other profiles that it names are asked of the explainer, which keeps them all."""

    def __init__(self, explainer: Explainer, definition: dict[str, Any]) -> None:
        self.explainer = explainer
        self.schema = explainer.schema
        self.definition = definition
        self.url: str = definition["url"]
        self.top = profile_tree(definition)
        self._referenced: dict[str, Node] = {}

    def compile(self) -> Check | None:
        """The check for an object of the profile's type; None where the profile narrows nothing."""
        name = self.definition["type"]
        base = self.schema.type(name)
        found = Property(name, name, name, False, False, self._narrowed(self.top.element, base.root, name), base.root.types[0] if base.root.types else _plain(name))
        checks = self._rules(found) + ([check] if (check := self._children(self.top, name)) else [])
        check = union(checks)
        return None if check is None else self._signed(check)

    def _signed(self, check: Check) -> Check:
        url, primitive = self.url, self.schema.kind(self.definition["type"]) == "primitive-type"

        def signed(value: Any, scope: Scope) -> Issues:
            issues = check(value, scope) if type(value) is dict or primitive else None  # another form is the walk's to report
            if issues is not None:
                for issue in issues:
                    issue.profile = issue.profile or url
            return issues

        return signed

    def _rules(self, found: Property) -> list[Check]:
        return self.explainer.narrowing_checks(found)

    def _children(self, node: Node, name: str) -> Check | None:
        """The check for the children of a node, on an object of the named type."""
        if self.schema.kind(name) in (None, "primitive-type"):
            name = "Element"
        return union([check for group in node.groups if (check := self._group(group, name))])

    def _properties(self, element: ElementSchema, name: str) -> list[Property]:
        wanted = element.name
        return [p for p in self.schema.properties(name).values() if p.element.name == wanted or p.json_name == wanted]

    def _group(self, group: Group, name: str) -> Check | None:
        found = self._properties(group.node.element, name)
        if not found:
            return None
        element, base = group.node.element, found[0].element
        own = {p.json_name: self._item_check(group.node, p) for p in found}
        slices = _Slices(self, group, found) if group.slices and element.slicing is not None else None
        fewer = element.max is not None and (base.max is None or element.max < base.max)
        if element.min <= base.min and not fewer and slices is None and not any(own.values()):
            return None
        minimum, maximum, label = (element.min if element.min > base.min else 0), (element.max if fewer else None), element.id
        url = self.url

        def check(value: Any, scope: Scope) -> Issues:
            items = _items(value, found)
            issues: list[Issue] = []
            if len(items) < minimum:
                issues.append(too_few(url, label, minimum, len(items)))
            if maximum is not None and len(items) > maximum:
                issues.append(too_many(url, label, maximum, len(items)))
            for item in items:
                item_check = own[item.found.json_name]
                if item_check is not None and (said := item_check(item, scope)):
                    issues += located(item.step, said)
            if slices is not None:
                issues += slices.check(items, scope)
            return issues or None

        return check

    def item_check(self, node: Node, found: Property) -> Callable[[_Item, Scope], Issues] | None:
        """What a node says of one value of a property."""
        return self._item_check(node, found)

    def _item_check(self, node: Node, found: Property) -> Callable[[_Item, Scope], Issues] | None:
        element = node.element
        wrong = self._wrong_type(element, found)
        if wrong is not None:
            return wrong
        ref = next((t for t in element.types if t.code == found.type_ref.code), found.type_ref)
        base = found.type_ref
        narrowed = replace(
            found,
            element=self._narrowed(element, found.element, found.type),
            type_ref=replace(
                ref,
                profiles=tuple(p for p in ref.profiles if p not in base.profiles and _beyond_type(p, found.type)),
                targets=() if set(ref.targets) == set(base.targets) else ref.targets,
            ),
        )
        on_value = union(self._rules(narrowed))
        on_empty = union(self.explainer.empty_checks(narrowed)) if found.is_primitive else None
        inside = self._lazy_children(node, found)
        if on_value is None and on_empty is None and inside is None:
            return None
        primitive = found.is_primitive

        def check(item: _Item, scope: Scope) -> Issues:
            issues: list[Issue] = []
            if item.value is not None:
                issues += (on_value(item.value, scope) or ()) if on_value is not None else ()
            elif on_empty is not None and item.companion is not None:
                issues += on_empty(item.companion, scope) or ()
            whole = item.companion if primitive else item.value
            if inside is not None and type(whole if whole is not None else {}) is dict:
                issues += inside(whole if whole is not None else {}, scope) or ()
            return issues or None

        return check

    def _lazy_children(self, node: Node, found: Property) -> Check | None:
        """The children of a node, or of the node that its contentReference names."""
        reference = node.element.content_reference
        if reference is None:
            return self._children(node, found.type)
        target = self._find(reference.rpartition("#")[2])
        if target is None or not target.groups:
            return None
        made: list[Check | None] = []

        def check(value: Any, scope: Scope) -> Issues:
            if not made:
                made.append(self._children(target, found.type))
            return made[0](value, scope) if made[0] is not None else None

        return check

    def _find(self, identity: str) -> Node | None:
        if not self._referenced:
            stack = [self.top]
            while stack:
                node = stack.pop()
                self._referenced[node.element.id] = node
                stack += [n for g in node.groups for n in (g.node, *g.slices)]
        return self._referenced.get(identity)

    def _wrong_type(self, element: ElementSchema, found: Property) -> Callable[[_Item, Scope], Issues] | None:
        """For a property of a choice that the profile does not allow any more."""
        if not element.types or not found.element.is_choice:
            return None
        allowed = [t.code for t in element.types]
        if found.type_ref.code in allowed:
            return None
        text = f"The Profile '{self.url}' definition allows for the types {allowed} but found type {found.type_ref.code}"
        return lambda item, scope: [Issue("error", "structure", "profile-element-type", "", text)]

    def _narrowed(self, element: ElementSchema, base: ElementSchema, name: str) -> ElementSchema:
        """The element with only what the base does not say already."""
        kind = self.schema.kind(name)
        root = self.schema.type(name).root if kind is not None else base
        known = {(c.key, c.expression) for c in (*base.constraints, *root.constraints)}
        return replace(
            element,
            binding=None if element.binding == base.binding else element.binding,
            constraints=tuple(c for c in element.constraints if (c.key, c.expression) not in known and c.key != "ele-1"),
            max_length=None if element.max_length == base.max_length else element.max_length,
            min_value=None if element.min_value == base.min_value else element.min_value,
            max_value=None if element.max_value == base.max_value else element.max_value,
        )


def _plain(name: str) -> Any:
    from .schema import TypeRef

    return TypeRef(name)


def _beyond_type(url: str, name: str) -> bool:
    return url != "http://hl7.org/fhir/StructureDefinition/" + name


def _items(value: dict[str, Any], found: list[Property]) -> list[_Item]:
    items: list[_Item] = []
    for p in found:
        raw = value.get(p.json_name)
        other = value.get("_" + p.json_name) if p.is_primitive else None
        if raw is None and other is None:
            continue
        if not p.is_list:
            items.append(_Item(raw, other if type(other) is dict else None, p, p.step))
            continue
        values = raw if type(raw) is list else []
        others = other if type(other) is list else []
        for index in range(max(len(values), len(others))):
            one = values[index] if index < len(values) else None
            companion = others[index] if index < len(others) else None
            if one is not None or type(companion) is dict:
                items.append(_Item(one, companion if type(companion) is dict else None, p, f"{p.step}[{index}]"))
    return items


class _Slices:
    """The slices of one group: which value belongs to which, how many there may be, what each says."""

    def __init__(self, compiler: ProfileCompiler, group: Group, found: list[Property]) -> None:
        self.compiler = compiler
        self.slicing = group.node.element.slicing
        self.path = group.node.element.path
        self.nodes = group.slices
        self.checks = [{p.json_name: compiler.item_check(node, p) for p in found if self._may_hold(node, p)} for node in self.nodes]
        self.predicates: list[Callable[[Any, Scope], bool]] | None = None
        self.found = found

    @staticmethod
    def _may_hold(node: Node, found: Property) -> bool:
        return not found.element.is_choice or not node.element.types or any(t.code == found.type_ref.code for t in node.element.types)

    def _match(self, item: _Item, scope: Scope) -> tuple[int | None, list[Issue]]:
        """The slice that a value belongs to; two that are not slice and re-slice are an error."""
        matched: int | None = None
        issues: list[Issue] = []
        if self.predicates is None:
            self.predicates = [slice_predicate(self.compiler, self.slicing, node, self.found) for node in self.nodes]
        for index, predicate in enumerate(self.predicates):
            if item.found.json_name not in self.checks[index] or not predicate(item, scope):
                continue
            name = self.nodes[index].element.slice_name or ""
            before = self.nodes[matched].element.slice_name or "" if matched is not None else None
            if before is None or name.startswith(before + "/"):
                matched = index
            elif not before.startswith(name + "/"):
                text = f"Profile {self.compiler.url}, Element matches more than one slice - {before}, {name}"
                issues.append(Issue("error", "invalid", "slice-ambiguous", item.step, text))
        return matched, issues

    def check(self, items: list[_Item], scope: Scope) -> list[Issue]:
        issues: list[Issue] = []
        counts = [0] * len(self.nodes)
        slicing, last = self.slicing, -1
        assert slicing is not None
        try:
            matches = [self._match(item, scope) for item in items]
        except Undecidable:
            scope.undecided[f"slicing of {self.path} in {self.compiler.url}"] += 1
            return issues
        for item, (matched, found) in zip(items, matches, strict=True):
            issues += found
            if matched is None:
                last = -1
                if slicing.rules == "closed":
                    text = f"This element does not match any known slice defined in the profile {self.compiler.url} and slicing is CLOSED: {self._names()}"
                    issues.append(Issue("error", "invalid", "slice-closed", item.step, text))
                continue
            if slicing.ordered and matched < last:
                issues.append(Issue("error", "invalid", "slice-order", item.step, f"Profile {self.compiler.url}, Element is out of order in ordered slice"))
            last = matched
            counts[matched] += 1
            check = self.checks[matched].get(item.found.json_name)
            if check is not None and (said := check(item, scope)):
                issues += located(item.step, said)
        return issues + self._cardinality(counts)

    def _names(self) -> str:
        return ", ".join(node.element.slice_name or "" for node in self.nodes)

    def _cardinality(self, counts: list[int]) -> list[Issue]:
        issues: list[Issue] = []
        for index, node in enumerate(self.nodes):
            element, name = node.element, node.element.slice_name or ""
            count = counts[index] + sum(c for n, c in zip(self.nodes, counts, strict=True) if (n.element.slice_name or "").startswith(name + "/"))
            if count < element.min:
                issues.append(too_few(self.compiler.url, element.id, element.min, count))
            if element.max is not None and count > element.max:
                issues.append(too_many(self.compiler.url, element.id, element.max, count))
        return issues
