"""OperationDefinitions (FHIR R4, section 5.7): their profiles on Parameters are known, and say the
same as the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import Rule, Unknown
from ..checks.surroundings import Scope
from ..definitions import CORE
from ..schema import TypeSchema
from ..values.members import Json, extensions, objects
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE"]


_ALLOWED_TYPE = CORE + "operationdefinition-allowed-type"
_PARAMETER = "Parameters.parameter:"


UNRESOLVED = Declaration(
    "operation-profile",
    "error",
    "unknown",
    "The profile '{url}' can not be resolved",
    "the profiles of an operation are known, and say of its parameters what the operation says",
    section="5.7",
    reference=("OPDEF_PROFILE_*",),
    quotes=("url",),
)
PROFILE_OF_OTHERS = UNRESOLVED.also(
    "The profile '{url}' is not a profile on Parameters", quotes=("url",), code="invalid"
)
SLICE_UNNAMED = UNRESOLVED.also(
    "The slice {slice} of the profile does not say the name of its parameter", code="invalid"
)
PARAMETER_DIFFERS = UNRESOLVED.also(
    "The parameter '{name}' and the '{use}' profile differ: {difference}",
    quotes=("difference",),
    code="invalid",
)


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of an OperationDefinition's parameters against its inputProfile and
    outputProfile (FHIR R4, section 5.7). None for any other type.
    """
    if schema.name != "OperationDefinition":
        return None

    def check(value: Any, scope: Scope) -> Issues:
        return [
            issue for use in ("in", "out") for issue in _profile(value, use, compilation)
        ] or None

    return check


def _profile(value: Json, use: str, compilation: Compilation) -> Iterator[Issue]:
    """Yield what is wrong by one of the two profiles: ``inputProfile`` is about the parameters
    whose use is ``in``.
    """
    name = f"{use}putProfile"
    url = value.get(name)
    if type(url) is not str:
        return
    profile = compilation.definitions.fetch("StructureDefinition", url)
    if profile is None:
        yield Issue.of(UNRESOLVED(url=url[:256]), name)
    elif profile.get("type") != "Parameters":
        yield Issue.of(PROFILE_OF_OTHERS(url=url[:256]), name)
    else:
        elements = {
            element.get("id", ""): element
            for element in profile.get("snapshot", {}).get("element", ())
        }
        for key, element in elements.items():
            if key.startswith(_PARAMETER) and "." not in key.removeprefix(_PARAMETER):
                yield from _parameter(value, use, key, element, elements)


def _parameter(
    value: Json,
    use: str,
    key: str,
    element: Mapping[str, Any],
    elements: Mapping[str, Mapping[str, Any]],
) -> Iterator[Issue]:
    """Yield how the parameter differs from the slice of the profile that fixes its name."""
    named = elements.get(f"{key}.name", {})
    name = named.get("fixedString", named.get("patternString"))
    if name is None:
        yield Issue.of(SLICE_UNNAMED(slice=key), f"{use}putProfile")
        return
    found = [
        (i, p)
        for i, p in enumerate(objects(value.get("parameter")))
        if p.get("name") == name and p.get("use") == use
    ]
    for index, parameter in found[:1]:
        for difference in _differences(parameter, key, element, elements):
            fault = PARAMETER_DIFFERS(name=name, use=use, difference=difference)
            yield Issue.of(fault, f"parameter[{index}]")


def _differences(
    parameter: Json, key: str, element: Mapping[str, Any], elements: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for bound in ("min", "max"):
        if bound in parameter and bound in element and str(parameter[bound]) != str(element[bound]):
            yield f"{bound} is {parameter[bound]}, and {element[bound]} in the profile"
    stated = extensions(parameter, _ALLOWED_TYPE)
    types = (
        {str(code) for _, code in stated}
        if stated
        else {str(parameter["type"])}
        if "type" in parameter
        else set()
    )
    urls = parameter.get("targetProfile")
    targets = {url for url in urls if type(url) is str} if type(urls) is list else set()
    profiled, profiled_targets = _stated(key, elements)
    for what, ours, theirs in (
        ("types", types, profiled),
        ("target profiles", targets, profiled_targets),
    ):
        if ours != theirs:
            yield f"{what} are {_listed(ours)}, and {_listed(theirs)} in the profile"


def _stated(key: str, elements: Mapping[str, Mapping[str, Any]]) -> tuple[set[str], set[str]]:
    """Return the types of a parameter in the profile, and the profiles of what it is or
    refers to.
    """
    parts = {name: elements.get(f"{key}.{name}", {}) for name in ("value[x]", "resource", "part")}
    types: set[str] = set()
    targets: set[str] = set()
    for name, urls in (("value[x]", "targetProfile"), ("resource", "profile")):
        others = (part for other, part in parts.items() if other != name)
        if parts[name].get("max") == "0" or any(other.get("min", 0) > 0 for other in others):
            continue
        for one in parts[name].get("type", ()):
            types.add(one.get("code", ""))
            targets.update(one.get(urls, ()))
    return types, targets


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


RULE = Rule("profiles of operations", ("object",), build, Unknown())
