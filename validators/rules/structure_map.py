"""StructureMaps (FHIR R4, section 5.9): names that are names, variables that are known where they
are used, paths that exist.

Variables are followed through the rules with the types that they may have, as far as the
definitions tell; of a variable of unknown type no path is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeGuard

from ..checks.check import Check
from ..checks.rule import Rule, Unknown
from ..definitions import type_url
from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from ..schema import Schema, TypeSchema
from ..values.members import Json, objects, text_of
from ..verdicts.issue import Issue
from . import structure_map_faults as faults

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE"]


_NAME = lazy_pattern(r"[a-zA-Z][a-zA-Z0-9]*")
_PARAMETERS: dict[str, tuple[int, int | None]] = {
    "create": (0, 1),
    "copy": (0, 1),
    "reference": (1, 1),
    "evaluate": (1, 1),
    "cc": (2, 3),
    "append": (1, None),
    "uuid": (0, 0),
    "translate": (3, 3),
}
"""Transform -> how many parameters it takes, at least and at most."""


@dataclass(frozen=True, slots=True)
class _Variable:
    """The things that a name stands for; ``types`` are names in the schema, None where nothing is
    known of them.
    """

    mode: str
    types: tuple[str, ...] | None = None


Variables = dict[tuple[str, bool], _Variable]
"""By name, and whether they are a source: one name may stand for both a source and a target."""


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of StructureMaps (FHIR R4, section 5.9): names that are declared, and
    elements and types that are there. None for any other type.
    """
    if schema.name != "StructureMap":
        return None
    types = compilation.schema
    return lambda value, scope: list(_Map(value, types).issues()) or None


class _Map:
    """One StructureMap."""

    def __init__(self, value: Json, schema: Schema) -> None:
        self.schema = schema
        self.value = value
        self.groups = objects(value.get("group"))
        self.aliases = {
            alias: text_of(s.get("url"))
            for s in objects(value.get("structure"))
            if (alias := text_of(s.get("alias")))
        }

    def issues(self) -> Iterator[Issue]:
        """Yield what is wrong with the groups of the map and the rules in them."""
        for index, group in enumerate(self.groups):
            where = f"group[{index}]"
            yield from _named(group.get("name"), where)
            extended = text_of(group.get("extends"))
            if extended is not None and self._group(extended) is None:
                yield Issue.of(faults.GROUP(name=extended[:64]), f"{where}.extends")
            variables: Variables = {}
            for number, item in enumerate(objects(group.get("input"))):
                yield from self._input(item, f"{where}.input[{number}]", variables)
            yield from self._rules(group, where, variables)

    def _group(self, name: str) -> Json | None:
        return next((group for group in self.groups if group.get("name") == name), None)

    def _input(self, item: Json, where: str, variables: Variables) -> Iterator[Issue]:
        name, mode, kind = item.get("name"), item.get("mode"), text_of(item.get("type"))
        yield from _named(name, where)
        if not _is_name(name) or type(mode) is not str:
            return
        if any(name == known for known, _ in variables):
            yield Issue.of(faults.NAME_USED(name=name), where)
            return
        types = None
        if kind is not None and kind in self.aliases:
            types = self._types(self.aliases[kind] or "")
        elif kind is not None:
            types = self._types(kind)
            if types is None:
                yield Issue.of(faults.TYPE_UNKNOWN(type=kind[:64]), where)
        variables[name, mode == "source"] = _Variable(mode, types)

    def _types(self, name: str) -> tuple[str, ...] | None:
        """Return the type of a name or canonical url, where it is one of FHIR's; None otherwise."""
        bare = name.removeprefix(type_url(""))
        return (bare,) if self.schema.kind(bare) is not None and "." not in bare else None

    def _rules(self, holder: Json, where: str, variables: Variables) -> Iterator[Issue]:
        for index, rule in enumerate(objects(holder.get("rule"))):
            inside = f"{where}.rule[{index}]"
            yield from _named(rule.get("name"), inside)
            own = dict(variables)
            for number, source in enumerate(objects(rule.get("source"))):
                yield from self._source(source, f"{inside}.source[{number}]", own)
            for number, target in enumerate(objects(rule.get("target"))):
                yield from self._target(target, f"{inside}.target[{number}]", own)
            yield from self._rules(rule, inside, own)
            for number, dependent in enumerate(objects(rule.get("dependent"))):
                yield from self._dependent(dependent, f"{inside}.dependent[{number}]", own)

    def _source(self, source: Json, where: str, variables: Variables) -> Iterator[Issue]:
        context, element = source.get("context"), text_of(source.get("element"))
        yield from _named(context, where)
        if not _is_name(context):
            return
        found = variables.get((context, True))
        if found is None:
            yield Issue.of(faults.SOURCE_CONTEXT(context=context), where)
            return
        if found.types is None:
            yield from _assigned(source, found.mode, None, where, variables)
            return
        types = found.types if element is None else self._children(found.types, element)
        wanted = text_of(source.get("type")) if element is not None else None
        yield from _assigned(
            source, found.mode, types if wanted is None else (wanted,), where, variables
        )
        if types == ():
            fault = faults.SOURCE_PATH(context=context, element=element, type=found.types[0])
            yield Issue.of(fault, where)
        elif wanted is not None and not self._is_one_of(wanted, types):
            fault = faults.TYPE_WRONG(
                type=wanted[:64], path=f"{found.types[0]}.{element}", expected=", ".join(types)
            )
            yield Issue.of(fault, where)

    def _target(self, target: Json, where: str, variables: Variables) -> Iterator[Issue]:
        context, element, transform = (
            target.get("context"),
            text_of(target.get("element")),
            text_of(target.get("transform")),
        )
        parameters = objects(target.get("parameter"))
        if context is None:
            yield from self._created(target, transform, parameters, where, variables)
            return
        yield from _named(context, where)
        if not _is_name(context):
            return
        found = variables.get((context, False))
        if found is None:
            yield Issue.of(faults.TARGET_CONTEXT(context=context), where)
            return
        if found.types is None:
            # the reference validator forgets the variable here, and finds it unknown where it is
            # used
            return
        types = self._children(found.types, element) if element is not None else None
        yield from _assigned(
            target, found.mode, self._made(transform, parameters) or types, where, variables
        )
        if types == ():
            fault = faults.TARGET_PATH(context=context, element=element, type=found.types[0])
            yield Issue.of(fault, where)
        elif types is not None and transform is None and parameters:
            yield Issue.of(faults.NO_TRANSFORM(), where)
        elif types is not None and transform is not None:
            yield from _parameters(transform, parameters, where)

    def _created(
        self,
        target: Json,
        transform: str | None,
        parameters: list[Json],
        where: str,
        variables: Variables,
    ) -> Iterator[Issue]:
        """Yield what is wrong with a target without a context, which makes something that stands on
        its own.
        """
        made = self._made(transform, parameters)
        yield from _assigned(target, "target", made, where, variables)
        if transform in ("create", "uuid"):
            yield from _parameters(transform, parameters, where)
        if made is None and transform == "create" and len(parameters) == 1 and "variable" in target:
            name = str(parameters[0].get("valueString"))[:64]
            yield Issue.of(faults.TYPE_UNMADE(type=name), where)

    def _made(self, transform: str | None, parameters: list[Json]) -> tuple[str, ...] | None:
        """Return the type that ``create`` is told to make, and string for ``uuid``; None where the
        type is not known.
        """
        if transform != "create" or len(parameters) != 1:
            return ("string",) if transform == "uuid" else None
        name = next(
            (v for k, v in parameters[0].items() if k.startswith("value") and type(v) is str), ""
        )
        return self._types(self.aliases.get(name) or name)

    def _children(self, types: tuple[str, ...], element: str) -> tuple[str, ...]:
        """Return the types that an element of one of these types may have."""
        return tuple(
            {
                p.type: None
                for name in types
                if self.schema.kind(name) is not None
                for p in self.schema.properties(name).values()
                if p.name == element
            }
        )

    def _is_one_of(self, name: str, types: tuple[str, ...]) -> bool:
        """Tell whether a type is one of several, or derived from one of them."""
        while self.schema.kind(name) is not None:
            if name in types:
                return True
            definition = self.schema.definitions.fetch("StructureDefinition", type_url(name)) or {}
            name = str(definition.get("baseDefinition", "")).removeprefix(type_url(""))
        return False

    def _dependent(self, dependent: Json, where: str, variables: Variables) -> Iterator[Issue]:
        name = text_of(dependent.get("name"))
        group = self._group(name) if name is not None else None
        if group is None:
            yield Issue.of(faults.GROUP(name=str(name)[:64]), where)
            return
        given, wanted = dependent.get("variable"), objects(group.get("input"))
        given = given if type(given) is list else []
        if len(given) != len(wanted):
            fault = faults.GROUP_PARAMETERS(name=name, wanted=len(wanted), count=len(given))
            yield Issue.of(fault, where)
            return
        for index, (one, item) in enumerate(zip(given, wanted, strict=True)):
            known = (
                [variables.get((one, source)) for source in (True, False)]
                if type(one) is str
                else [None, None]
            )
            if known[1] is None and not (item.get("mode") == "source" and known[0] is not None):
                fault = faults.VARIABLE(name=str(one)[:64], parameter=str(item.get("name")))
                yield Issue.of(fault, f"{where}.variable[{index}]")


def _is_name(name: Any) -> TypeGuard[str]:
    return type(name) is str and _NAME.fullmatch(name) is not None


def _named(name: Any, where: str) -> Iterator[Issue]:
    if not _is_name(name):
        yield Issue.of(faults.NAME(name=str(name)[:64]), where)


def _assigned(
    holder: Json, mode: str, types: tuple[str, ...] | None, where: str, variables: Variables
) -> Iterator[Issue]:
    """Keep the variable of a source or target by its name; yield what is wrong with the name."""
    name = holder.get("variable")
    if name is None:
        return
    if _is_name(name):
        variables[name, mode == "source"] = _Variable(mode, types or None)
    else:
        yield from _named(name, where)


def _parameters(transform: str, parameters: list[Json], where: str) -> Iterator[Issue]:
    least, most = _PARAMETERS.get(transform, (0, None))
    if len(parameters) < least or (most is not None and len(parameters) > most):
        fault = faults.TRANSFORM_PARAMETERS(transform=transform, count=len(parameters))
        yield Issue.of(fault, where)


RULE = Rule("maps of structures", ("object",), build, Unknown())
