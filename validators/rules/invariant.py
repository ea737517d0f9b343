"""Invariants (FHIR R4, section 5.3.5): FHIRPath conditions on elements and types, with the errata
of ``schema.errata``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from ..checks.bounds import undecided
from ..checks.check import Check, Issues, union
from ..checks.rule import EVERYTHING, Everything, Lowered, Reads, Rule, Unknown
from ..checks.surroundings import Scope
from ..definitions import type_url
from ..fhirpath import EvaluationScope, Invariant, UndecidedError
from ..fhirpath.lowered.mentions import descends, mentions
from ..fhirpath.lowered.presence import decided, looked_at
from ..schema import Constraint, Property, TypeSchema
from ..verdicts.declaration import Declaration, Violation
from ..verdicts.issue import Issue, Severity

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = [
    "BROKEN", "ELEMENTS", "EMPTY", "NATIVE", "RULE", "broken", "each_of_element", "is_checked",
]  # fmt: skip

INVARIANT = Declaration(
    "invariant",
    "error",
    "invariant",
    "Constraint failed: {key}: '{human}'",
    "an invariant of the definitions holds; its key is the name of the rule",
    section="5.3.5",
    family="key",
)
INVARIANT_OF = INVARIANT.also("Constraint failed: {key}: '{human}' (defined in {source})")
BROKEN = INVARIANT.also(
    "The invariant {key} of {source} cannot be read as FHIRPath, which is the fault of the profile "
    "and not of the data: {error}"
)

ELSEWHERE = frozenset({"ele-1", "dom-2", "dom-3", "dom-4", "dom-5", "txt-1", "txt-2"})
"""Invariants that other rules check: the walk itself, contained resources, the format of XHTML."""


def _plain_reference(value: dict[str, Any]) -> bool:
    reference = value.get("reference")
    return type(reference) is str and not reference.startswith("#")


def _plain_period(value: dict[str, Any]) -> bool:
    start, end = value.get("start"), value.get("end")
    return (
        type(start) is str
        and type(end) is str
        and len(start) == len(end)
        and (len(start) == 10 or (len(start) > 20 and start[-6:] == end[-6:]))
        and start <= end
    )


def _distinct_entries(value: dict[str, Any]) -> bool:
    """Tell whether the full urls of a Bundle's entries differ, each with its resource's version
    behind it.
    """
    told = []
    for entry in value.get("entry", ()):
        url = entry.get("fullUrl") if type(entry) is dict else None
        resource = entry.get("resource") if type(url) is str else None
        meta = resource.get("meta", _NOTHING) if type(resource) is dict else None
        version = meta.get("versionId", "") if type(meta) is dict else None
        if type(version) is not str:
            return False
        told.append(f"{url}{version}")
    return len(set(told)) == len(told)


_NOTHING: dict[str, Any] = {}


_CORE_SOURCES = frozenset(map(type_url, ("Bundle", "Reference", "Period")))

NATIVE: Mapping[str, Callable[[dict[str, Any]], bool]] = {
    "ref-1": _plain_reference,
    "per-1": _plain_period,
    "bdl-7": _distinct_entries,
}
"""Key -> whether the invariant certainly holds: hot ones, for the values that nearly all data have.

Whatever else goes to the expression.
"""


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of a type's invariants on its objects (FHIR R4, section 5.3.5); None for
    primitive types, and where there is nothing to evaluate.
    """
    if schema.kind == "primitive-type":
        return None
    return _checks(schema.root.constraints, schema.name, compilation)


def reads(schema: TypeSchema, compilation: Compilation) -> Reads | Everything:
    """Return the members that the invariants of a type mention.

    All of them where one may look at anything.
    """
    seen: set[str] = set()
    for constraint in schema.root.constraints:
        made = _checked(constraint, schema.name, compilation)
        if made is None:
            continue
        if made.op is not None:
            seen |= looked_at(made.op)
            continue
        mentioned = mentions(made.tree, schema.name, compilation.model)
        if mentioned is None or descends(made.tree):
            return EVERYTHING
        # The evaluation of an expression asks whether its value is a resource.
        seen.update(mentioned, ("resourceType",))
    return Reads(tuple(sorted(seen)))


def when_present(
    check: Check, schema: TypeSchema, compilation: Compilation, names: AbstractSet[str]
) -> Check | None:
    """Return the check without the invariants that the names in an object decide; None where these
    are all.
    """
    return _checks(
        (
            c
            for c in schema.root.constraints
            if not _holds_given(c, schema.name, compilation, names)
        ),
        schema.name,
        compilation,
    )


def _holds_given(
    constraint: Constraint, name: str, compilation: Compilation, names: AbstractSet[str]
) -> bool:
    made = compilation.invariant(constraint, name)
    return made is not None and made.op is not None and decided(made.op, names) is True


def build_element(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of the invariants that a definition puts on one element, on each of its
    values (FHIR R4, section 5.3.5); the invariants of its type are on the type. None where there
    are none.
    """
    return union(each_of_element(prop, compilation))


def each_of_element(prop: Property, compilation: Compilation) -> list[Check]:
    """Return the same, invariant by invariant."""
    known = compilation.schema.kind(prop.type)
    root = compilation.schema.type(prop.type).root if known is not None else None
    typed = {c.key for c in root.constraints} if root is not None else set()
    inline = "." in prop.element.path and compilation.schema.is_resource(prop.type)
    own = (c for c in prop.element.constraints if c.key not in typed)
    made = (_check(c, prop.type, compilation, inline=inline) for c in own)
    return [check for check in made if check is not None]


def build_empty(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of the invariants on a primitive element where it has no value; None where
    there are none.
    """
    return union(
        [
            check
            for c in prop.element.constraints
            if (check := _check(c, prop.type, compilation, empty=True)) is not None
        ]
    )


def _checks(constraints: Iterable[Constraint], name: str, compilation: Compilation) -> Check | None:
    made = (_check(c, name, compilation) for c in constraints)
    return union([check for check in made if check is not None])


def _check(
    constraint: Constraint,
    name: str,
    compilation: Compilation,
    *,
    empty: bool = False,
    inline: bool = False,
) -> Check | None:
    made = _checked(constraint, name, compilation)
    if made is None:
        return None
    fault = _fault(constraint, made)
    severity: Severity = "error" if _fails(constraint) else "warning"
    holds = _holds(made, compilation, constraint.source, empty=empty, inline=inline)
    native = NATIVE.get(constraint.key) if constraint.source in _CORE_SOURCES else None

    def check(value: Any, scope: Scope) -> Issues:
        try:
            if (native is not None and native(value)) or holds(value, scope):
                return None
        except UndecidedError:
            # What takes too many steps proves no fault: it is counted, and told where warnings are.
            said = undecided(f"invariant {constraint.key}", scope)
            return said if compilation.warnings else None
        except (AttributeError, KeyError, TypeError):
            return None  # data of another form than the type's: the walk reports it
        return [Issue.of(fault, "", constraint.source, severity=severity)]

    return check


def broken(constraint: Constraint, name: str, compilation: Compilation) -> Issue | None:
    """Return what is said of a value of a type that does not meet a constraint; None where the
    constraint is not this rule's, or cannot be read.
    """
    made = _checked(constraint, name, compilation)
    if made is None or made.broken:
        return None
    severity: Severity = "error" if _fails(constraint) else "warning"
    return Issue.of(_fault(constraint, made), "", constraint.source, severity=severity)


def _fault(constraint: Constraint, made: Invariant) -> Violation:
    key, source = constraint.key, constraint.source
    if made.broken:
        return BROKEN(key=key, source=source or "the definition", error=made.broken)
    sentence = INVARIANT_OF if source else INVARIANT
    return sentence(key=key, human=constraint.human, source=source)


def _fails(constraint: Constraint) -> bool:
    return constraint.severity == "error" and not constraint.best_practice


def _checked(constraint: Constraint, name: str, compilation: Compilation) -> Invariant | None:
    """Return the condition of a constraint that this rule checks; None of any other."""
    return compilation.invariant(constraint, name) if is_checked(constraint, compilation) else None


def is_checked(constraint: Constraint, compilation: Compilation) -> bool:
    """Tell whether a constraint is this rule's, and breaking it is worth an issue."""
    return (
        constraint.key not in ELSEWHERE
        and bool(constraint.expression)
        and (compilation.best_practice or not constraint.best_practice)
        and (compilation.warnings or _fails(constraint))
    )


def _holds(
    made: Invariant, compilation: Compilation, source: str | None, *, empty: bool, inline: bool
) -> Callable[[Any, Any], bool]:
    """Return what evaluates an invariant.

    source   the definition that states it: ``%profile``
    empty    on what stands beside a primitive that has no value
    inline   on a resource as an element of the one around it, which is then ``%resource``: a
             lowered form would take that to be of the element's own type
    """

    def scope_of(scope: Scope) -> EvaluationScope:
        found = compilation.fhirpath_scope(scope)
        found.profile = source
        return found

    if empty:
        return lambda companion, scope: made.holds_for(None, scope_of(scope), companion)
    if inline:
        return lambda value, scope: made.expression.holds(value, scope_of(scope))
    if made.op is not None:
        return made.holds  # lowered, it asks for no more of a scope than resource and root
    return lambda value, scope: made.holds(value, scope_of(scope))


RULE = Rule("invariants of types", ("object",), build, Lowered("conditions"), reads, when_present)
ELEMENTS = Rule(
    "invariants of elements", ("value", "narrowed"), build_element, Lowered("conditions")
)
EMPTY = Rule("invariants of elements without a value", ("empty",), build_empty, Unknown())
