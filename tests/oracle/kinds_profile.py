"""Mutations aimed at what profiles say: required and prohibited elements, slices, fixed values,
targets, bindings, extensions, and the claim itself.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from catalogue import RESOURCE_PREFIX
from primitives import primitive
from sites import Case, kind

__all__: list[str] = []

Json = dict[str, Any]
Place = tuple[Any, Any]
"""A container and a key in it."""


def _profiles(case: Case) -> list[Json]:
    """The profiles that the resource claims and the definitions know."""
    meta = case.resource.get("meta")
    urls = meta.get("profile", ()) if isinstance(meta, dict) else ()
    found = [
        case.catalogue.definitions.fetch("StructureDefinition", url)
        for url in urls
        if isinstance(url, str)
    ]
    return [sd for sd in found if sd and sd.get("snapshot", {}).get("element")]


def _elements(case: Case, wanted: Callable[[Json], bool]) -> list[tuple[Json, list[Place]]]:
    """Elements of the claimed profiles that are wanted and that the resource has, with their places
    in it.
    """
    found = []
    for profile in _profiles(case):
        for element in profile["snapshot"]["element"]:
            if "." in element["path"] and wanted(element):
                places = list(_places(case.resource, element["path"].split(".")[1:]))
                if places:
                    found.append((element, places))
    return found


def _places(value: Any, segments: list[str]) -> Iterator[Place]:
    """Every place that a path without its type leads to: properties, list items; choices under any
    of their names.
    """
    if not isinstance(value, dict) or not segments:
        return
    first, rest = segments[0], segments[1:]
    names = (
        [n for n in value if n.startswith(first[:-3])]
        if first.endswith("[x]")
        else [first]
        if first in value
        else []
    )
    for name in names:
        child = value[name]
        below: list[Place] = (
            [(child, index) for index in range(len(child))]
            if isinstance(child, list)
            else [(value, name)]
        )
        for holder, key in below:
            if rest:
                yield from _places(holder[key], rest)
            else:
                yield holder, key


def _pick(case: Case, wanted: Callable[[Json], bool]) -> tuple[Json, Any, Any] | None:
    found = _elements(case, wanted)
    if not found:
        return None
    element, places = case.rng.choice(found)
    holder, key = case.rng.choice(places)
    return element, holder, key


def _said(element: Json) -> str:
    return str(element.get("id", element["path"]))


def _value_of(element: Json) -> Any:
    """The fixed value or pattern of an element, None where it has none."""
    return next(
        (value for key, value in element.items() if key.startswith(("fixed", "pattern"))), None
    )


@kind("profile-drop-required")
def drop_required(case: Case) -> str | None:
    found = _pick(case, lambda e: e.get("min", 0) > 0 and "." in e["path"])
    if found is None:
        return None
    element, holder, key = found
    del holder[key]
    return _said(element)


@kind("profile-drop-all")
def drop_all(case: Case) -> str | None:
    """Every occurrence of an element that the profile talks about."""
    found = _elements(case, lambda e: e.get("mustSupport", True) and e["path"].count(".") < 4)
    if not found:
        return None
    element, places = case.rng.choice(found)
    for holder, key in reversed(places):
        if isinstance(holder, dict):
            del holder[key]
        else:
            holder.pop(key)
    return _said(element)


@kind("profile-fixed")
def fixed(case: Case) -> str | None:
    """Another value where the profile fixes one or gives a pattern."""
    found = _pick(case, lambda e: _value_of(e) is not None)
    if found is None:
        return None
    element, holder, key = found
    value = holder[key]
    if isinstance(value, dict):
        part = case.rng.choice(list(value))
        value[part] = _other(case, value[part])
    else:
        holder[key] = _other(case, value)
    return _said(element)


def _other(case: Case, value: Any) -> Any:
    """Another value of the same JSON form."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return case.rng.choice((value + "x", "other", value.swapcase(), "http://example.org/other"))
    if isinstance(value, list):
        return [_other(case, value[0])] if value else value
    if isinstance(value, dict) and value:
        part = case.rng.choice(list(value))
        return {**value, part: _other(case, value[part])}
    return value


def _sliced(element: Json) -> bool:
    return "sliceName" in element and element.get("max") != "0"


@kind("profile-slice-code")
def slice_code(case: Case) -> str | None:
    """A code, url or system deep inside an item of a sliced element, changed."""
    found = _pick(case, _sliced)
    if found is None:
        return None
    element, holder, key = found
    spots = list(_leaves(holder[key]))
    if not spots:
        return None
    inner, name = case.rng.choice(spots)
    inner[name] = _other(case, inner[name])
    return _said(element)


def _leaves(value: Any) -> Iterator[Place]:
    children = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    for key, child in children:
        if isinstance(child, dict | list):
            yield from _leaves(child)
        elif key in ("code", "system", "url", "use", "type", "value", "reference") or isinstance(
            value, list
        ):
            yield value, key


@kind("profile-slice-drop")
def slice_drop(case: Case) -> str | None:
    found = _pick(case, lambda e: _sliced(e) and e.get("min", 0) > 0)
    if found is None:
        return None
    element, holder, key = found
    del holder[key]
    return _said(element)


@kind("profile-slice-twice")
def slice_twice(case: Case) -> str | None:
    found = _pick(
        case, lambda e: _sliced(e) or e.get("max") == "1" and e.get("base", {}).get("max") == "*"
    )
    if found is None:
        return None
    element, holder, key = found
    if isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif isinstance(holder[key], list):
        holder[key].append(copy.deepcopy(holder[key][0]))
    else:
        return None
    return _said(element)


@kind("profile-slice-extra")
def slice_extra(case: Case) -> str | None:
    """An item that is like one of a slice but for one value: matches no slice, or another."""
    found = _pick(case, _sliced)
    if found is None:
        return None
    element, holder, key = found
    if not isinstance(holder, list):
        return None
    holder.append(_other(case, copy.deepcopy(holder[key])))
    return _said(element)


@kind("profile-slice-order")
def slice_order(case: Case) -> str | None:
    found = _pick(case, _sliced)
    if found is None:
        return None
    element, holder, _ = found
    if not isinstance(holder, list) or len(holder) < 2:
        return None
    holder.reverse()
    return _said(element)


@kind("profile-target")
def target(case: Case) -> str | None:
    """A reference to a resource of another type than the profile allows, or to a contained resource
    that does not conform.
    """
    found = _pick(case, lambda e: any(t.get("targetProfile") for t in e.get("type", ())))
    if found is None:
        return None
    element, holder, key = found
    if not isinstance(holder[key], dict):
        return None
    name = case.rng.choice(
        (
            "Patient",
            "Organization",
            "Practitioner",
            "Device",
            "Group",
            "Location",
            "Binary",
            "RelatedPerson",
            "PractitionerRole",
        )
    )
    shape = case.rng.random()
    if shape < 0.6:
        holder[key] = {"reference": f"{name}/1"}
    elif shape < 0.8:
        case.resource["contained"] = [
            *case.resource.get("contained", ()),
            {"resourceType": name, "id": "inner"},
        ]
        holder[key] = {"reference": "#inner"}
    else:
        holder[key] = {"reference": f"{name}/1", "type": case.rng.choice((name, "Patient"))}
    return _said(element)


@kind("profile-type")
def choice_type(case: Case) -> str | None:
    """Another type of a choice element: one that the base allows and the profile may not."""
    found = _pick(case, lambda e: e["path"].endswith("[x]"))
    if found is None:
        return None
    element, holder, key = found
    properties = case.catalogue.properties(element["path"].rpartition(".")[0])
    names = [
        n
        for n, p in properties.items()
        if p.element["path"] == element["path"] and p.is_primitive and n != key
    ]
    if not names or not isinstance(holder, dict):
        return None
    name = case.rng.choice(names)
    del holder[key]
    holder[name] = primitive(properties[name].type, case.rng)
    return f"{_said(element)} as {name}"


@kind("profile-binding")
def binding(case: Case) -> str | None:
    """A code that is not in the value set, or none, where the profile binds."""
    found = _pick(
        case, lambda e: e.get("binding", {}).get("strength") in ("required", "extensible")
    )
    if found is None:
        return None
    element, holder, key = found
    value = holder[key]
    wrong = case.rng.choice(
        (
            {"system": "http://acme.example/codes", "code": "z"},
            {"system": "http://loinc.org", "code": "0-0"},
            {"code": "x"},
            {"display": "only"},
        )
    )
    if isinstance(value, str):
        holder[key] = case.rng.choice(("bogus", value.upper(), "unknown"))
    elif isinstance(value, dict) and "coding" in value:
        holder[key] = case.rng.choice(
            (
                {"coding": [wrong]},
                {"coding": [wrong, *value["coding"]]},
                {"text": "only text"},
                {"coding": [{**value["coding"][0], "code": "bogus"}]},
            )
        )
    elif isinstance(value, dict):
        holder[key] = {**value, **wrong}
    return _said(element)


@kind("profile-prohibited")
def prohibited(case: Case) -> str | None:
    """An element that the profile forbids (max 0)."""
    found = [
        e
        for profile in _profiles(case)
        for e in profile["snapshot"]["element"]
        if e.get("max") == "0" and e["path"].count(".") == 1
    ]
    if not found:
        return None
    element = case.rng.choice(found)
    context, _, name = element["path"].partition(".")
    prop = case.catalogue.properties(context).get(name)
    if prop is None or not prop.is_primitive:
        return None
    value = primitive(prop.type, case.rng)
    case.resource[name] = [value] if prop.is_list else value
    return _said(element)


def _extensions(case: Case) -> list[Place]:
    return [
        (holder["extension"], index)
        for holder, _, _ in case.objects()
        if isinstance(holder.get("extension"), list)
        for index in range(len(holder["extension"]))
    ]


@kind("profile-extension-value")
def extension_value(case: Case) -> str | None:
    found = [(h, k) for h, k in _extensions(case) if any(n.startswith("value") for n in h[k])]
    if not found:
        return None
    holder, key = case.rng.choice(found)
    for name in [n for n in holder[key] if n.startswith("value")]:
        del holder[key][name]
    name, value = case.rng.choice(
        (
            ("valueString", "x"),
            ("valueBoolean", True),
            ("valueCode", "bogus"),
            ("valueCoding", {"system": "http://x.org", "code": "c"}),
            ("valueCodeableConcept", {"text": "x"}),
            ("valueReference", {"reference": "Patient/1"}),
            ("valueInteger", 3),
        )
    )
    holder[key][name] = value
    return str(holder[key].get("url"))


@kind("profile-extension-drop")
def extension_drop(case: Case) -> str | None:
    found = _extensions(case)
    if not found:
        return None
    holder, key = case.rng.choice(found)
    url = holder[key].get("url")
    del holder[key]
    return str(url)


@kind("profile-extension-twice")
def extension_twice(case: Case) -> str | None:
    found = _extensions(case)
    if not found:
        return None
    holder, key = case.rng.choice(found)
    holder.append(copy.deepcopy(holder[key]))
    return str(holder[key].get("url"))


@kind("profile-extension-moved")
def extension_moved(case: Case) -> str | None:
    """A known extension at an element where its definition does not allow it."""
    found = _extensions(case)
    if not found:
        return None
    holder, key = case.rng.choice(found)
    moved = copy.deepcopy(holder[key])
    target, _, path = case.rng.choice(case.objects())
    if isinstance(target.get("extension", []), list):
        target["extension"] = [*target.get("extension", []), moved]
    return path


@kind("profile-extension-part")
def extension_part(case: Case) -> str | None:
    """A part of a complex extension lost, unknown, or twice."""
    found = [
        (h, k)
        for h, k in _extensions(case)
        if isinstance(h[k].get("extension"), list) and h[k]["extension"]
    ]
    if not found:
        return None
    holder, key = case.rng.choice(found)
    parts = holder[key]["extension"]
    case.rng.choice(
        (
            lambda: parts.pop(case.rng.randrange(len(parts))),
            lambda: parts.append({"url": "unknownPart", "valueString": "x"}),
            lambda: parts.append(copy.deepcopy(parts[0])),
            lambda: holder[key].update(valueString="x"),
        )
    )()
    return str(holder[key].get("url"))


@kind("profile-claim")
def claim(case: Case) -> str | None:
    """Another claim: unknown profile, another version, a profile of another type, none, several."""
    meta = case.resource.get("meta")
    if not isinstance(meta, dict) or not meta.get("profile"):
        return None
    first = str(meta["profile"][0]).split("|")[0]
    others = case.catalogue.profiles
    same = [url for url in others if _type(case, url) == case.resource.get("resourceType")]
    meta["profile"] = case.rng.choice(
        (
            ["http://example.org/unknown"],
            [first, "http://example.org/unknown"],
            [first + "|9.9.9"],
            [first + "|"],
            [case.rng.choice(others)],
            [case.rng.choice(same or others)],
            [case.rng.choice(same or others), first],
            [RESOURCE_PREFIX + str(case.resource.get("resourceType"))],
            [first, first],
            [first.upper()],
            [],
        )
    )
    return "meta.profile"


def _type(case: Case, url: str) -> str:
    return str((case.catalogue.definitions.fetch("StructureDefinition", url) or {}).get("type"))


@kind("profile-invariant")
def invariant(case: Case) -> str | None:
    """A property lost that one of the profile's own invariants speaks of."""
    words: set[str] = set()
    for profile in _profiles(case):
        for element in profile["snapshot"]["element"]:
            for constraint in element.get("constraint", ()):
                if not str(constraint.get("source", profile["url"])).startswith(RESOURCE_PREFIX):
                    words |= {
                        w
                        for w in str(constraint.get("expression", ""))
                        .replace("(", ".")
                        .replace(")", ".")
                        .replace(" ", ".")
                        .split(".")
                        if w.isidentifier()
                    }
    site = case.pick(lambda s: not s.is_item and str(s.key) in words)
    if site:
        case.rng.choice((site.drop, lambda: setattr(site, "value", _other(case, site.value))))()
    return site.path if site else None


@kind("profile-status")
def status(case: Case) -> str | None:
    """Another status, which conditional invariants look at."""
    site = case.pick(
        lambda s: (
            str(s.key) in ("status", "intent", "use", "lifecycleStatus", "outcome")
            and s.type == "code"
            and s.path.count(".") == 1
        )
    )
    if site is None or site.prop is None or not site.prop.value_set:
        return None
    site.value = case.rng.choice(case.catalogue.codes(site.prop.value_set))["code"]
    return site.path


@kind("profile-text-for-code")
def text_for_code(case: Case) -> str | None:
    """A concept that the profile talks about, by text alone or by coding without code."""
    found = _pick(
        case, lambda e: any(t.get("code") == "CodeableConcept" for t in e.get("type", ()))
    )
    if found is None:
        return None
    element, holder, key = found
    holder[key] = case.rng.choice(
        (
            {"text": "only text"},
            {"coding": [{"system": "http://loinc.org"}]},
            {"coding": [{"display": "x"}]},
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                        "valueCode": "unknown",
                    }
                ]
            },
        )
    )
    return _said(element)


@kind("profile-quantity")
def quantity(case: Case) -> str | None:
    site = case.pick(lambda s: s.type == "Quantity" and isinstance(s.value, dict))
    if site is None:
        return None
    case.rng.choice(
        (
            lambda: site.value.pop("system", None),
            lambda: site.value.pop("code", None),
            lambda: site.value.pop("value", None),
            lambda: site.value.update(code="mg"),
            lambda: site.value.update(code="{x}"),
            lambda: site.value.update(system="http://x.org"),
        )
    )()
    return site.path
