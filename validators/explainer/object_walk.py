"""The walk through the JSON objects of one type: every member by its own check, then the rules on
the whole object.

Objects of a type come in few shapes: the same names in the same order. What the names alone decide
is decided once for each shape: which of them are known, that none of a choice is doubled,
cardinality, most invariants. An object is then asked for nothing but its values, and a primitive
for no more than whether its value was seen before. A shape finds no fault: where something is not
in order, or the shape is new, the object is walked in full.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple

from ..checks.check import Check, Issues, added
from ..checks.rule import Rule
from ..checks.surroundings import Scope
from ..economy.memory import Memory
from ..rules.primitive import Proof
from ..schema import TypeSchema
from .form import PropertyCheck, empty_element, unknown_element, wrong_form

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["KnownMember", "Walk"]

_RESOURCE_TYPE = "resourceType"


class KnownMember(NamedTuple):
    """A name that objects of a type may have.

    check     the check of its value, in any object
    alone     the same where none of the siblings is there
    siblings  the other names of its choice
    proof     for a primitive whose value says all: strings that are certainly fine, and what finds
              fault with any other value
    """

    check: PropertyCheck
    alone: PropertyCheck
    siblings: AbstractSet[str] = frozenset()
    proof: Proof | None = None


Full = tuple[tuple[tuple[str, PropertyCheck], ...], tuple[Check, ...]]
"""All that is to be checked in objects of certain names: (name, check) of every member in their
order, and the rules on the whole object.
"""
Shape = tuple[
    tuple[tuple[str, Container[str], Callable[[object], object]], ...],
    tuple[tuple[str, PropertyCheck], ...],
    tuple[Check, ...],
    Full,
]
"""What is to be checked in objects of certain names: (name, proven strings, what finds fault with
others) of primitives; (name, check) of the other members; rules on the whole object; and what is to
be checked instead where a primitive is not in order. A plain tuple, which is taken apart faster
than any other.
"""


class Walk:
    """The walk through objects of one type.

    member          the member of a name, None where the type has none
    may_be_empty    whether an object without any member is in order
    memory          where shapes are kept
    """

    def __init__(
        self,
        compilation: Compilation,
        schema: TypeSchema,
        member: Callable[[str], KnownMember | None],
        memory: Memory,
        *,
        may_be_empty: bool,
    ) -> None:
        self._compilation = compilation
        self._schema = schema
        self._member = member
        self._members: dict[str, KnownMember] = {}
        self._memory = memory
        self._shapes: dict[tuple[str, ...], Shape | None] = memory.table(self)
        self._rules: list[tuple[Rule, Check]] = []
        self._every: tuple[Check, ...] = () if may_be_empty else (_not_empty,)
        self._skipped = _RESOURCE_TYPE if schema.kind == "resource" else None
        self.check = self._made()

    def add(self, rules: Sequence[tuple[Rule, Check]]) -> None:
        """Add the rules on whole objects, once the walk itself is known, since types refer to one
        another.
        """
        self._rules += rules
        self._every += tuple(check for _, check in rules)

    def _made(self) -> Check:
        shapes, met = self._shapes, self._met

        def walk(value: Any, scope: Scope) -> Issues:
            if value.__class__ is not dict:
                return [wrong_form(value, "an object")]
            names = tuple(value)
            leaves, members, rules, in_full = shapes.get(names) or met(names)
            try:
                for name, proven, fault in leaves:
                    item = value[name]
                    if item not in proven and fault(item) is not None:
                        members, rules = in_full
                        break
            except TypeError:  # an array or an object where a primitive belongs
                members, rules = in_full
            issues: Issues = None
            for name, check in members:
                found = check(value[name], value, scope)
                if found is not None:
                    issues = added(issues, found)
            for rule in rules:
                found = rule(value, scope)
                if found is not None:
                    issues = added(issues, found)
            return issues

        return walk

    def member_check(self, name: str) -> PropertyCheck:
        """Return the check of a member, which its objects have by themselves too."""
        return self._known(name).check

    def rules(self, names: tuple[str, ...]) -> tuple[Check, ...]:
        """Return the rules on whole objects of these names, in this order."""
        shape = self._shapes.get(names)
        return self._every if shape is None else shape[2]

    def rules_but(self, left_out: Rule) -> list[Check]:
        """Return the rules on whole objects of any names, but for one."""
        return [check for rule, check in self._rules if rule is not left_out]

    def _met(self, names: tuple[str, ...]) -> Shape:
        """Return the shape of names that have none yet: worked out when they come a second time,
        and only if there are any, and all are known.
        """
        if not names or not self._members.keys() >= set(names) - {self._skipped}:
            return self._unproven(names)
        made = self._proven(names) if names in self._shapes else None
        self._memory.keep(self._shapes, names, made)
        return made or self._unproven(names)

    def _unproven(self, names: tuple[str, ...]) -> Shape:
        full = self._in_full(names)
        return (), *full, full

    def _in_full(self, names: tuple[str, ...]) -> Full:
        return (
            tuple((name, self._known(name).check) for name in names if name != self._skipped),
            self._every,
        )

    def _known(self, name: str) -> KnownMember:
        found = self._members.get(name)
        if found is None:
            found = self._member(name)
            if found is None:  # not kept: names from data must not fill memory
                unknown = unknown_element(name, self._schema)
                return KnownMember(unknown, unknown)
            self._members[name] = found
        return found

    def _proven(self, names: tuple[str, ...]) -> Shape:
        present = frozenset(names)
        leaves: list[tuple[str, Container[str], Callable[[object], object]]] = []
        members: list[tuple[str, PropertyCheck]] = []
        full: list[tuple[str, PropertyCheck]] = []
        for name in names:
            if name == self._skipped:
                continue
            check, alone, siblings, proof = self._members[name]
            if proof is not None and siblings.isdisjoint(present):
                leaves.append((name, *proof))
                full.append((name, _doubted(alone, *proof)))
            else:
                members.append((name, alone if siblings.isdisjoint(present) else check))
                full.append(members[-1])
        left = [
            rule.left(check, self._schema, self._compilation, present)
            for rule, check in self._rules
        ]
        return (
            tuple(leaves),
            tuple(members),
            tuple(check for check in left if check is not None),
            (tuple(full), self._every),
        )


def _doubted(
    check: PropertyCheck, proven: Container[str], fault: Callable[[object], object]
) -> PropertyCheck:
    """Return the check of a primitive in an object in which one is not in order: most often that is
    another one.
    """

    def doubted(value: Any, owner: Mapping[str, Any], scope: Scope) -> Issues:
        try:
            if value in proven or fault(value) is None:
                return None
        except TypeError:  # an array or an object
            pass
        return check(value, owner, scope)

    return doubted


def _not_empty(value: Any, scope: Scope) -> Issues:
    return None if value else [empty_element()]
