"""Mutations of the tree: properties lost, added, moved, repeated, or of another JSON form."""

from __future__ import annotations

import copy
import json
from typing import Any

from primitives import primitive
from sites import Case, Site, kind

__all__: list[str] = []


def _property(site: Site) -> bool:
    return not site.is_item and site.key != "resourceType"


@kind("drop-property")
def drop_property(case: Case) -> str | None:
    site = case.pick(lambda s: not s.is_item)
    if site:
        site.drop()
    return site.path if site else None


@kind("drop-required")
def drop_required(case: Case) -> str | None:
    site = case.pick(lambda s: _property(s) and s.prop is not None and s.prop.required)
    if site:
        site.drop()
    return site.path if site else None


@kind("required-only-extension")
def required_only_extension(case: Case) -> str | None:
    site = case.pick(
        lambda s: (
            _property(s)
            and s.prop is not None
            and s.prop.required
            and s.prop.is_primitive
            and not s.prop.is_list
        )
    )
    if site:
        holder, key = site.holder, site.key
        site.drop()
        holder["_" + key] = {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                    "valueCode": case.rng.choice(("unknown", "masked", "bogus")),
                }
            ]
        }
    return site.path if site else None


@kind("drop-item")
def drop_item(case: Case) -> str | None:
    site = case.pick(lambda s: s.is_item)
    if site:
        site.drop()
    return site.path if site else None


@kind("misspell")
def misspell(case: Case) -> str | None:
    site = case.pick(_property)
    if site is None:
        return None
    name, rng = str(site.key), case.rng
    wrong = rng.choice(
        (
            name[:-1],
            name + "s",
            name.upper(),
            name[:1].upper() + name[1:],
            name.replace("e", "3", 1),
            name + "x",
            "_" + name,
            name + " ",
        )
    )
    value = site.value
    site.drop()
    site.holder[wrong] = value
    return site.path


@kind("unknown-property")
def unknown_property(case: Case) -> str | None:
    holder, _, path = case.rng.choice(case.objects())
    name, value = case.rng.choice(
        (
            ("favourite", "x"),
            ("@type", "y"),
            ("", 1),
            ("value", "v"),
            ("_id2", {}),
            ("valueString", "s"),
            ("class_", None),
            ("xmlns", "http://hl7.org/fhir"),
            ("resourceType", "Patient"),
        )
    )
    if name in holder:
        return None
    holder[name] = value
    return f"{path}.{name}"


@kind("add-legal-property")
def add_legal_property(case: Case) -> str | None:
    """A property that the type allows, holding a plain value of its primitive type: legal, unless
    an invariant says otherwise.
    """
    holder, context, path = case.rng.choice(case.objects())
    names = [
        (n, p)
        for n, p in case.catalogue.properties(context).items()
        if n not in holder and p.is_primitive
    ]
    if not names:
        return None
    name, prop = case.rng.choice(names)
    codes = case.catalogue.codes(prop.value_set) if prop.value_set and prop.type == "code" else []
    value = case.rng.choice(codes)["code"] if codes else primitive(prop.type, case.rng)
    holder[name] = [value] if prop.is_list else value
    return f"{path}.{name}"


@kind("empty-value")
def empty_value(case: Case) -> str | None:
    site = case.pick(lambda s: s.key != "resourceType")
    if site:
        site.value = case.rng.choice(({}, {}, "", [], [{}], [None], None))
    return site.path if site else None


@kind("null-item")
def null_item(case: Case) -> str | None:
    site = case.pick(lambda s: isinstance(s.value, list))
    if site:
        site.value.insert(case.rng.randint(0, len(site.value)), None)
    return site.path if site else None


@kind("scalar-to-array")
def scalar_to_array(case: Case) -> str | None:
    site = case.pick(lambda s: _property(s) and not isinstance(s.value, list))
    if site:
        site.value = [site.value]
    return site.path if site else None


@kind("array-to-scalar")
def array_to_scalar(case: Case) -> str | None:
    site = case.pick(lambda s: _property(s) and isinstance(s.value, list) and bool(s.value))
    if site:
        site.value = site.value[0]
    return site.path if site else None


@kind("nested-array")
def nested_array(case: Case) -> str | None:
    site = case.pick(lambda s: s.is_item)
    if site:
        site.value = [site.value]
    return site.path if site else None


@kind("object-to-primitive")
def object_to_primitive(case: Case) -> str | None:
    site = case.pick(lambda s: isinstance(s.value, dict))
    if site:
        site.value = case.rng.choice(("x", "x", 1, True))
    return site.path if site else None


@kind("primitive-to-object")
def primitive_to_object(case: Case) -> str | None:
    site = case.pick(lambda s: s.key != "resourceType" and isinstance(s.value, str | int | float))
    if site:
        site.value = case.rng.choice(
            (
                {"value": site.value},
                {},
                {"extension": [{"url": "http://example.org/e", "valueString": "x"}]},
            )
        )
    return site.path if site else None


@kind("primitive-json-type")
def primitive_json_type(case: Case) -> str | None:
    site = case.pick(lambda s: s.key != "resourceType" and isinstance(s.value, str | int | float))
    if site is None:
        return None
    value: Any = site.value
    if isinstance(value, bool):
        site.value = case.rng.choice((str(value).lower(), int(value), "yes"))
    elif isinstance(value, str):
        site.value = case.rng.choice((True, 7, 1.5, False))
    else:
        site.value = case.rng.choice((str(value), bool(value)))
    return site.path


@kind("duplicate-item")
def duplicate_item(case: Case) -> str | None:
    site = case.pick(lambda s: isinstance(s.value, list) and bool(s.value))
    if site:
        site.value.append(copy.deepcopy(case.rng.choice(site.value)))
    return site.path if site else None


@kind("move-subtree")
def move_subtree(case: Case) -> str | None:
    site = case.pick(lambda s: not s.is_item and isinstance(s.value, dict | list))
    if site is None:
        return None
    holder, _, path = case.rng.choice(case.objects())
    if holder is site.holder or holder is site.value:
        return None
    value = copy.deepcopy(site.value)
    site.drop()
    holder[site.key] = value
    return f"{site.path} to {path}"


@kind("swap-types")
def swap_types(case: Case) -> str | None:
    """The value of one element put in another of the same JSON form."""
    one = case.pick(lambda s: isinstance(s.value, dict))
    if one is None:
        return None
    two = case.pick(lambda s: isinstance(s.value, dict) and s.type != one.type)
    if two is None:
        return None
    two.value = copy.deepcopy(one.value)
    return two.path


@kind("resource-type")
def resource_type(case: Case) -> str | None:
    names = case.catalogue.resource_types
    case.resource["resourceType"] = case.rng.choice(
        (
            case.rng.choice(names),
            "Foo",
            "patient",
            "",
            "DomainResource",
            "Quantity",
            case.resource["resourceType"] + " ",
            None,
            5,
        )
    )
    return "resourceType"


@kind("second-choice")
def second_choice(case: Case) -> str | None:
    site = case.pick(lambda s: not s.is_item and s.prop is not None and s.prop.is_choice)
    if site is None or site.prop is None:
        return None
    properties = case.catalogue.properties(site.owner)
    others = [
        n
        for n, p in properties.items()
        if p.element is site.prop.element and p.is_primitive and n not in site.holder
    ]
    if not others:
        return None
    name = case.rng.choice(others)
    site.holder[name] = primitive(properties[name].type, case.rng)
    return f"{site.path} and {name}"


@kind("choice-wrong-type")
def choice_wrong_type(case: Case) -> str | None:
    site = case.pick(lambda s: not s.is_item and s.prop is not None and s.prop.is_choice)
    if site is None or site.prop is None:
        return None
    suffix, value = case.rng.choice(
        (
            ("Money2", 1),
            ("Time", "12:00:00"),
            ("", "x"),
            ("Uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
            ("Base64Binary", "aGk="),
            ("string", "x"),
            ("Markdown", "x"),
            ("Meta", {"source": "http://x.org"}),
        )
    )
    site.drop()
    site.holder[site.prop.name[:-3] + suffix] = value
    return site.path


@kind("choice-other-type")
def choice_other_type(case: Case) -> str | None:
    """Another of the allowed types, with a plain value."""
    site = case.pick(lambda s: not s.is_item and s.prop is not None and s.prop.is_choice)
    if site is None or site.prop is None:
        return None
    properties = case.catalogue.properties(site.owner)
    others = [
        n
        for n, p in properties.items()
        if p.element is site.prop.element and p.is_primitive and n != site.key
    ]
    if not others:
        return None
    name = case.rng.choice(others)
    site.drop()
    site.holder[name] = primitive(properties[name].type, case.rng)
    return f"{site.path} as {name}"


@kind("many-for-one")
def many_for_one(case: Case) -> str | None:
    """A list with several items where one value belongs."""
    site = case.pick(lambda s: _property(s) and s.prop is not None and not s.prop.is_list)
    if site:
        site.value = [site.value, copy.deepcopy(site.value)]
    return site.path if site else None


@kind("reorder")
def reorder(case: Case) -> bytes | None:
    """Properties in another order: nothing changes."""
    items = list(case.resource.items())
    case.rng.shuffle(items)
    return json.dumps(dict(items), ensure_ascii=False).encode()


@kind("underscore")
def underscore(case: Case) -> str | None:
    """What may stand, and what may not, beside a primitive."""
    site = case.pick(
        lambda s: (
            not s.is_item
            and s.prop is not None
            and s.prop.is_primitive
            and "_" + str(s.key) not in s.holder
        )
    )
    if site is None:
        return None
    extension = {"url": "http://example.org/e", "valueString": "v"}
    single: list[Any] = [
        {"extension": [extension]}, {"id": "p1"}, {"id": "a b"}, {}, None, "x", {"extension": []},
        {"extension": [{"url": "http://example.org/e"}]},
        {"value": "x"}, {"extension": extension}, [{"extension": [extension]}],
        {"fhir_comments": ["c"]}, {"modifierExtension": [extension]},
    ]  # fmt: skip
    if isinstance(site.value, list):
        single = [
            [None] * len(site.value),
            [{"extension": [extension]}],
            [None, {"extension": [extension]}],
            [{"id": "x"}] * (len(site.value) + 1),
            {"extension": [extension]},
            [{}],
        ]
    site.holder["_" + site.key] = case.rng.choice(single)
    if case.rng.random() < 0.3:
        site.drop()
    elif isinstance(site.value, list) and case.rng.random() < 0.3:
        site.value.append(None)
    return site.path


@kind("element-id")
def element_id(case: Case) -> str | None:
    """Ids of elements: legal, illegal, and twice the same."""
    objects = [o for o in case.objects() if "resourceType" not in o[0]]
    if not objects:
        return None
    for holder, _, _ in case.rng.sample(objects, min(2, len(objects))):
        holder["id"] = case.rng.choice(
            ("dup", "dup", "a b", "", 5, "x" * 65, "ok-1", "ä", "with/slash")
        )
    return objects[0][2]


@kind("drop-two")
def drop_two(case: Case) -> str | None:
    """Two properties of one object, as invariants about pairs need."""
    holder, _, path = case.rng.choice(case.objects())
    names = [n for n in holder if n != "resourceType"]
    if len(names) < 3:
        return None
    for name in case.rng.sample(names, 2):
        del holder[name]
    return path
