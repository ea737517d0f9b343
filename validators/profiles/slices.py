"""The slices of one element of a profile: which value is in which, how many there may be, what each
says (FHIR R4, section 5.1.0.7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..checks.check import Issues, prefix_locations
from ..checks.surroundings import Scope
from ..issue import Issue
from ..rules.cardinality import too_few, too_many
from ..schema import Property, Slicing
from ..schema.profile_tree import Node
from .discriminators import Predicate, Tree, Undecidable, distinguishing_url, slice_predicate

__all__ = ["ItemCheck", "Slices", "items_of"]

ItemCheck = Callable[[Any, Any, Scope], Issues]
"""Checks one value (JSON value, companion, scope); the value is None where a primitive has only its
companion.
"""
Item = tuple[Any, Any, Property, str]
"""A value, its companion, the property that it is of, and the step of its location."""


def items_of(value: dict[str, Any], found: list[Property]) -> list[Item]:
    """The values of properties in an object, in the order of the properties."""
    items: list[Item] = []
    for p in found:
        raw, other = (
            value.get(p.json_name),
            value.get("_" + p.json_name) if p.is_primitive else None,
        )
        if raw is None and other is None:
            continue
        if not p.is_list:
            items.append((raw, other if type(other) is dict else None, p, p.step))
            continue
        values, others = raw if type(raw) is list else [], other if type(other) is list else []
        for index in range(max(len(values), len(others))):
            one = values[index] if index < len(values) else None
            companion = (
                others[index] if index < len(others) and type(others[index]) is dict else None
            )
            if one is not None or companion is not None:
                items.append((one, companion, p, f"{p.step}[{index}]"))
    return items


class Slices:
    """The slices of one element, told apart by conditions that are compiled when a value is first
    seen.

    slicing   how they are told apart, whether others may be there, and in what order
    nodes     the slices, re-slices among them
    checks    for each slice: JSON name of a property -> what the slice says of a value of it
    """

    def __init__(
        self,
        tree: Tree,
        slicing: Slicing,
        nodes: list[Node],
        found: list[Property],
        checks: list[dict[str, ItemCheck | None]],
    ) -> None:
        self._tree = tree
        self.slicing = slicing
        self.nodes = nodes
        self._names = [node.element.slice_name or "" for node in nodes]
        self._found = found
        self._checks = checks
        self._is_choice = found[0].element.is_choice
        self._predicates: dict[str, list[Predicate]] = {}
        self._by_url: dict[str, int] | None = None
        self._fault: Undecidable | None = None
        self._compiled = False

    def check(self, value: dict[str, Any], scope: Scope) -> Issues:
        """What is wrong with the values of an object, as far as slices say it."""
        if not self._compiled:
            self._compile()
        if self._by_url is not None:
            return self._check_by_url(value, self._by_url, scope)
        items = items_of(value, self._found)
        if self._fault is not None:
            if not items:
                return self._cardinality({})
            scope.undecided[f"slicing: {self._fault}"] += len(
                items
            )  # the profile's fault, not the data's
            return None
        issues: list[Issue] = []
        counts: dict[int, int] = {}
        last = -1
        for item, companion, found, step in items:
            matched, other = self.match(item, companion, found, scope)
            if matched is not None and other is not None:
                text = (
                    f"Profile {self._tree.url}, Element matches more than one slice - "
                    f"{self._names[matched]}, {self._names[other]}"
                )
                issues.append(Issue("error", "invalid", "slice-ambiguous", step, text))
            if matched is None:
                last = -1
                issues += self._unmatched(step) or ()
                continue
            if self.slicing.ordered and matched < last:
                text = (
                    f"Profile {self._tree.url}, Element '{step}' is out of order in an ordered "
                    "slicing"
                )
                issues.append(Issue("error", "invalid", "slice-order", step, text))
            last = matched
            counts[matched] = counts.get(matched, 0) + 1
            check = self._checks[matched][found.json_name]
            if check is not None and (said := check(item, companion, scope)):
                issues += prefix_locations(step, said)
        return (issues + (self._cardinality(counts) or [])) or None

    def _compile(self) -> None:
        self._compiled = True
        discriminators = self.slicing.discriminators
        try:
            if self._found[0].type == "Extension":
                urls = [distinguishing_url(self._tree, discriminators, node) for node in self.nodes]
                if (
                    None not in urls
                    and len(set(urls)) == len(urls)
                    and not any("/" in name for name in self._names)
                ):
                    self._by_url = {url: index for index, url in enumerate(urls) if url is not None}
                    return
            self._predicates = {
                p.json_name: [
                    slice_predicate(self._tree, discriminators, node, p) for node in self.nodes
                ]
                for p in self._found
            }
        except Undecidable as fault:
            self._fault = fault

    def _check_by_url(self, value: dict[str, Any], by_url: dict[str, int], scope: Scope) -> Issues:
        """Extensions, told apart by their url alone: nearly all that are sliced."""
        found = self._found[0]
        items = value.get(found.json_name)
        counts: dict[int, int] = {}
        issues: Issues = None
        closed = self.slicing.rules == "closed"
        for index, item in enumerate(items) if type(items) is list else ():
            url = item.get("url") if type(item) is dict else None
            matched = by_url.get(url) if type(url) is str else None
            if matched is None:
                said = self._unmatched(f"{found.step}[{index}]") if closed else None
            else:
                counts[matched] = counts.get(matched, 0) + 1
                check = self._checks[matched][found.json_name]
                said = check(item, None, scope) if check is not None else None
                said = None if said is None else prefix_locations(f"{found.step}[{index}]", said)
            if said is not None:
                issues = said if issues is None else issues + said
        found_here = self._cardinality(counts)
        return found_here if issues is None else issues + (found_here or [])

    def match(
        self, value: Any, companion: Any, prop: Property, scope: Scope
    ) -> tuple[int | None, int | None]:
        """The slice that a value is in, and a second one that it must not be in as well. Raises
        Undecidable.

        Of a slice and its re-slice the latter counts; of a choice's slices the last.
        """
        if not self._compiled:
            self._compile()
        if self._fault is not None:
            raise self._fault
        if self._by_url is not None:
            return (self._by_url.get(str(value.get("url"))) if type(value) is dict else None), None
        matched = other = None
        for index, predicate in enumerate(self._predicates[prop.json_name]):
            if not predicate(value, companion, scope):
                continue
            if (
                matched is None
                or self._is_choice
                or self._names[index].startswith(self._names[matched] + "/")
            ):
                matched = index
            elif not self._names[matched].startswith(self._names[index] + "/"):
                other = index
        return matched, other

    def _unmatched(self, step: str) -> Issues:
        if self.slicing.rules != "closed":
            return None
        text = (
            "This element does not match any known slice defined in the profile "
            f"{self._tree.url} and slicing is CLOSED: {', '.join(self._names)}"
        )
        return [Issue("error", "invalid", "slice-closed", step, text)]

    def _cardinality(self, counts: dict[int, int]) -> Issues:
        issues: Issues = None
        for index, node in enumerate(self.nodes):
            element = node.element
            if not element.min and element.max is None:
                continue
            count = counts.get(index, 0) + sum(
                n
                for other, n in counts.items()
                if self._names[other].startswith(self._names[index] + "/")
            )
            if count < element.min:
                issues = [*(issues or ()), too_few(self._tree.url, element.id, element.min, count)]
            if element.max is not None and count > element.max:
                issues = [*(issues or ()), too_many(self._tree.url, element.id, element.max, count)]
        return issues
