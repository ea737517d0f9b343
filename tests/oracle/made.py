"""Resources made from the compiled schema: types, cardinalities, choices, codes of bindings,
primitives by their formats, right and wrong.

Every choice is drawn from one ``random.Random``: a seeded one for a million of lines, hypothesis's
own for a few that shrink.
"""

from __future__ import annotations

import copy
import random
from typing import Any

from catalogue import Catalogue
from spelling import Lexeme

from bulkfhir.validators.schema import Property, Schema

__all__ = ["RIGHT", "WRONG", "Maker"]

Json = dict[str, Any]

_DIV = '<div xmlns="http://www.w3.org/1999/xhtml">%s</div>'
_WHOLE = [Lexeme(n) for n in ("1", "2", "7", "2147483647")]
_URIS = [
    "http://example.org/a",
    "urn:oid:2.16.840.1",
    "urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d",
    "urn:ietf:rfc:3986",
    "mailto:a@b.example",
    "http://\u00e9.example",
]
_BAD_URIS = [
    "a b",
    "urn:oid:1.02",
    "urn:uuid:3FDC72F4-a11d-4a9d-9260-a9f745779e1d",
    "oid:1.2",
    " http://a",
    "http://a\n",
    "",
    "urn:oid:3.1",
]
_DAYS = ["2020", "2020-02", "2020-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "1999-12"]
_BAD_DAYS = [
    "0000",
    "2019-02-29",
    "1900-02-29",
    "2020-13",
    "2020-00",
    "2020-04-31",
    "2020-1-1",
    "20200101",
    "2020-01-01 ",
    "\u0662\u0660\u0662\u0660",
    "2020-",
]
_MOMENTS = [
    "2020-02-29T10:00:00Z", "2020-02-29T10:00:00.123456789Z", "2016-12-31T23:59:60Z",
    "2020-01-01T00:00:00+14:00", "2020-01-01T00:00:00-13:59",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-13:00", "2020-02-29T12:00:00.000+02:00",
    "2020-02-29T10:00:00-00:00",
]  # fmt: skip
_BAD_MOMENTS = [
    "2020-02-29T24:00:00Z", "2020-02-29T10:00:00", "2020-02-29T10:00Z", "2020-02-30T10:00:00Z",
    "2020-02-29T10:00:00+14:01", "2020-02-29T10:00:00.Z",
    "2020-02-29t10:00:00z", "2020-02-29T10:60:00Z", "2020-02-29T10:00:61Z", "0000-01-01T00:00:00Z",
    "2020-02-29T10:00:00+1:00", "2020-02-29T10:00:00\u2212",
]  # fmt: skip
_STRINGS = [
    "x",
    "two words",
    "\u00e9\U0001f600",
    "a\u00a0b",
    "line\nnext",
    'q"q',
    "back\\slash",
    "tab\there",
    "\u00a0",
    " ",
    "\ufeffx",
    "x" * 300,
    "\ufffe",
]
_IDS = ["a", "A-1.z", "0", "x" * 64, ".", "-"]

RIGHT: dict[str, list[Any]] = {
    "boolean": [True, False],
    "integer": [*_WHOLE, Lexeme("0"), Lexeme("-1"), Lexeme("-2147483648")],
    "positiveInt": _WHOLE,
    "unsignedInt": [*_WHOLE, Lexeme("0")],
    "decimal": [
        Lexeme(n)
        for n in (
            "0",
            "1",
            "-1.5",
            "0.10",
            "100",
            "1e3",
            "1E-7",
            "-0.0",
            "123456789012345678901234567890",
            "0.000000000000000000001",
            "70.50",
        )
    ],
    "string": _STRINGS,
    "markdown": [*_STRINGS, "# Title\r\n\r\n* item"],
    "code": ["alpha", "beta-2", "a b", "1", "http://x"],
    "id": _IDS,
    "uri": [*_URIS, *_URIS, "a", "#a", "Patient/1"],
    "url": _URIS,
    "canonical": [
        "http://example.org/a",
        "http://example.org/a|1.0",
        "https://example.org/a#b",
        "urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d",
    ],
    "oid": ["urn:oid:2.16.840.1", "urn:oid:1.3.6.1.4.1.0"],
    "uuid": ["urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d"],
    "date": _DAYS,
    "dateTime": [*_DAYS, *_MOMENTS],
    "instant": _MOMENTS,
    "time": ["10:00:00", "23:59:60", "00:00:00"],
    "base64Binary": ["AAAA", "QQ==", "SGVsbG8=", "+/+/"],
    "xhtml": [
        _DIV % "x",
        _DIV % "<p>a &amp; b<br/></p>",
        _DIV % "<b>\u00e9</b>",
        '<div xmlns="http://www.w3.org/1999/xhtml" lang="en">x</div>',
    ],
}
"""Values in the form of each primitive type, those at its limits among them."""

WRONG: dict[str, list[Any]] = {
    "boolean": ["true", Lexeme("1"), Lexeme("0"), "", {}],
    "integer": [
        Lexeme(n)
        for n in (
            "2147483648",
            "-2147483649",
            "1.0",
            "1e0",
            "-0",
            "01",
            "+1",
            "0x1",
            "99999999999999999999",
        )
    ]
    + ["1", True],
    "positiveInt": [Lexeme(n) for n in ("0", "-1", "2147483648", "1.5", "1E1")] + ["1"],
    "unsignedInt": [Lexeme(n) for n in ("-1", "-0", "2147483648", "0.0", "1e400")] + ["1"],
    "decimal": [
        Lexeme(n) for n in ("01", "1.", ".5", "-", "1e", "NaN", "0e5", "1e400", "-1e-400", "+1")
    ]
    + ["1.5", True, ""],
    "string": ["", True, Lexeme("1"), "a\u0000b", "\u0001", "\u001f"],
    "markdown": ["", False, "a\u0000b", "\u0008"],
    "code": ["", " a", "a ", "a  b", "a\tb", "a\u00a0", "\u00a0", " "],
    "id": ["", "a_b", "a/b", "x" * 65, "\u00e9", "a b", "a\n", Lexeme("1")],
    "uri": _BAD_URIS,
    "url": _BAD_URIS,
    "canonical": [*_BAD_URIS, "a", "#a", "Patient/1"],
    "oid": ["1.2.3", "urn:oid:1.2.3", "urn:oid:1.02", "urn:oid:", "urn:oid:3.1"],
    "uuid": [
        "urn:uuid:1",
        "urn:uuid:3FDC72F4-a11d-4a9d-9260-a9f745779e1d",
        "3fdc72f4-a11d-4a9d-9260-a9f745779e1d",
    ],
    "date": [*_BAD_DAYS, "2020-02-29T10:00:00Z", Lexeme("2020")],
    "dateTime": [*_BAD_DAYS, *_BAD_MOMENTS, Lexeme("2020")],
    "instant": [*_BAD_MOMENTS, "2020", "2020-02-29"],
    "time": ["24:00:00", "10:00", "10:00:00.5", "10:00:00Z", "1:00:00", "10:60:00", "10:00:61"],
    "base64Binary": ["A", "AAA", "====", "A=AA", "AA==AA==", "@@@@", "AA AA", "QR==", ""],
    "xhtml": [
        "<div>x</div>",
        _DIV % "<script>x</script>",
        _DIV % " ",
        _DIV % "<p>",
        "x",
        "",
        _DIV % '<a href="#no">x</a>',
        _DIV % "<img/>",
    ],
}
"""Values out of the form of each type, some by a little."""

_REFERENCES = (
    "%s/1",
    "http://example.org/fhir/%s/a.b",
    "%s/1/_history/2",
    "urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d",
    "%s?identifier=a|b",
    "http://example.org/%s/1",
)
_ODD_REFERENCES = (
    "#a", "#", "%s", "%s/", "/%s/1", "%s/1/", "%s/a_b", "%s/a b", "foo", "http://%s/1",
    "urn:uuid:1", "urn:oid:1.2", "%s/1/_history", "%s/1/_history/", "%s//1",
    "http://example.org/%s/1?x=y", "%s/1#a", "Foo/1", "%s/\u00e9", "ftp://a/%s/1", "%s/_history/1",
    " %s/1", "%s/1 ", "", "http://example.org/fhir/%s/1|2",
)  # fmt: skip
_EXTENSIONS = (
    "http://example.org/unknown", "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
    "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
    "http://hl7.org/fhir/StructureDefinition/translation",
    "http://hl7.org/fhir/StructureDefinition/rendering-style",
)  # fmt: skip
_ODD_URLS = (
    "",
    "#a",
    "a b",
    "http://hl7.org/fhir/StructureDefinition/nonsense",
    "x",
    "http://hl7.org/fhir/StructureDefinition/data-absent-reason|4.0.1",
)
_V3 = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CODINGS = (
    ("http://example.org/codes", "x y"),
    ("http://unitsofmeasure.org", "mg"),
    ("http://loinc.org", "8480-6"),
    (_V3, "IMP"),
    ("urn:ietf:bcp:47", "en"),
)


class Maker:
    """Makes resources of a schema's types.

    profiles   type -> profiles that a resource may claim, half of them do; a claimed one's required
               elements, fixed values and patterns are followed
    wrong      the chance that any one value is wrong; 0 gives resources that are right but for what
               rules between values say
    """

    def __init__(
        self,
        schema: Schema,
        catalogue: Catalogue,
        rng: random.Random,
        *,
        profiles: dict[str, list[Json]] | None = None,
        wrong: float = 0.0,
    ) -> None:
        self._schema, self._catalogue, self.rng, self._wrong = schema, catalogue, rng, wrong
        self._profiles = profiles or {}
        self._claimed: dict[str, list[Json]] = {}

    def resource(self, name: str) -> Json:
        """A resource of the type: what is required, and a few more elements."""
        claimed = (
            self.rng.choice(self._profiles[name])
            if name in self._profiles and self._chance(0.5)
            else None
        )
        self._claimed = _by_path(claimed) if claimed else {}
        made: Json = {"resourceType": name, **self._object(name, name, 0)}
        if claimed:
            made["meta"] = {**self._meta(None, 0), "profile": [claimed["url"]]}
        if self._chance(0.1) and "contained" in self._schema.properties(name):
            self._contain(made, name)
        if self._odd():
            made["id"] = self.rng.choice(["\u00e9", "a/b", "", "x" * 65, True])
        return made

    def _chance(self, part: float) -> bool:
        return self.rng.random() < part

    def _odd(self) -> bool:
        return self._wrong > 0 and self._chance(self._wrong)

    def _object(self, name: str, path: str, depth: int) -> Json:
        """An object of a type, at a path as profiles spell it."""
        properties = self._schema.properties(name)
        by_element: dict[str, list[Property]] = {}
        for found in properties.values():
            by_element.setdefault(found.element.name, []).append(found)
        made: Json = {}
        asked = {
            element
            for element in by_element
            if self._least(by_element[element][0], f"{path}.{element}")
        }
        optional = [element for element in by_element if element not in asked]
        wanted = asked | set(
            self.rng.sample(
                optional, min(len(optional), self.rng.randint(0 if asked else 1, max(1, 3 - depth)))
            )
        )
        for element in by_element:
            if element in wanted and not self._odd():
                self._put(made, self.rng.choice(by_element[element]), f"{path}.{element}", depth)
        if self._odd():
            self._put(made, self.rng.choice(list(properties.values())), path, depth)
        if self._odd():
            made[
                self.rng.choice(
                    ["unknown", "_unknown", "value", "_extension", "resourceType", "id_"]
                )
            ] = self.rng.choice(["x", None, {}, [], {"id": "a"}])
        return made

    def _least(self, found: Property, path: str) -> int:
        return max(
            [
                found.element.min,
                *(
                    int(e.get("min", 0))
                    for e in self._claimed.get(path, ())
                    if "sliceName" not in e
                ),
            ]
        )

    def _put(self, made: Json, found: Property, path: str, depth: int) -> None:
        if found.type in ("Resource", "Extension", "Meta", "Narrative") and (
            depth > 2 or (found.json_name == "contained" and not self._odd())
        ):
            return
        said = self._claimed.get(path, [])
        slices = [e for e in said if "sliceName" in e]
        count = self.rng.choice((1, 1, 1, 2, 3)) if found.is_list else 1
        chosen = (
            [
                *(e for e in slices if e.get("min", 0)),
                *(self.rng.choice([*slices, *said]) for _ in range(count) if said),
            ]
            if found.is_list
            else said[:1]
        )
        values = [
            self._followed(self._value(found, path, depth), element, found)
            for element in chosen or [None] * count
        ]
        value: Any = values if found.is_list else values[0]
        if self._odd():
            value = self.rng.choice(
                [
                    value[:1] if isinstance(value, list) else [value],
                    None,
                    [],
                    {},
                    [None],
                    "",
                    [value],
                ]
            )
        made[found.json_name] = value
        if found.is_primitive and self._chance(0.06):
            self._companion(made, found, depth)

    def _followed(self, value: Any, element: Json | None, found: Property) -> Any:
        """The value with what a profile's element fixes."""
        for key, fixed in (element or {}).items():
            if (
                key.startswith(("fixed", "pattern"))
                and not self._odd()
                and isinstance(fixed, dict) == isinstance(value, dict)
            ):
                value = {**value, **copy.deepcopy(fixed)} if isinstance(value, dict) else fixed
        if element and found.type == "Extension":
            urls = [url for kind in element.get("type", ()) for url in kind.get("profile", ())]
            if urls and isinstance(value, dict):
                value["url"] = urls[0]
        return value

    def _companion(self, made: Json, found: Property, depth: int) -> None:
        """What stands beside a primitive: an id or an extension, in place of the value or with it;
        in a list with null as filler.
        """
        one: Any = {"extension": [self._extension(None, depth + 1)]}
        if self._chance(0.2):
            one["id"] = self.rng.choice(["b", "c"])
            if self._odd():
                del one["extension"]
        name = "_" + found.json_name
        if not found.is_list:
            made[name] = self.rng.choice([one, one, one, {}, None, [one]]) if self._wrong else one
            if self._chance(0.3):
                del made[found.json_name]
            return
        values = made[found.json_name]
        if not isinstance(values, list):
            return
        made[name] = [one if self._chance(0.5) else None for _ in values]
        if self._chance(0.5):
            made[found.json_name] = [
                None if beside is not None and self._chance(0.5) else v
                for v, beside in zip(values, made[name], strict=True)
            ]
        if self._odd():
            made[name].append(None)

    def _value(self, found: Property, path: str, depth: int) -> Any:
        if found.is_primitive:
            return self._primitive(found)
        made = getattr(self, "_" + found.type.lower(), None) if found.type in _SHAPED else None
        if made is not None:
            return made(found, depth)
        if found.type in ("Resource", "DomainResource"):
            name = self.rng.choice(
                ("Basic", "Patient", "Observation", "Organization", "Bundle", "Parameters")
            )
            return {
                "resourceType": name,
                "id": self.rng.choice(_IDS),
                **self._object(name, name, depth + 2),
            }
        if depth > 4:
            return {"id": "deep"} if self._odd() else {"extension": [self._extension(None, depth)]}
        return self._object(
            found.type,
            path if found.type.startswith(path.partition(".")[0] + ".") else f"?{path}",
            depth + 1,
        )

    def _primitive(self, found: Property) -> Any:
        if found.json_name == "id":
            return self.rng.choice(WRONG["id"] if self._odd() else _IDS)
        if self._odd():
            return self.rng.choice(WRONG[found.type])
        binding = found.element.binding
        if binding is not None and found.type in ("code", "uri", "string") and not self._odd():
            codes = self._catalogue.codes(binding.value_set)
            if codes and (found.type == "code" or binding.strength == "required"):
                return self.rng.choice(codes)["code"]
            if binding.strength == "required":
                return self.rng.choice(("en", "text/plain", "EUR", "mg", "de-CH"))
        return self.rng.choice(RIGHT[found.type])

    # Types whose parts belong together

    def _coding(self, found: Property, depth: int) -> Json:
        binding = found.element.binding
        codes = self._catalogue.codes(binding.value_set) if binding else []
        if codes and not self._odd() and self._chance(0.8):
            return dict(self.rng.choice(codes))
        system, code = self.rng.choice(_CODINGS)
        made = {
            "system": system,
            "code": self.rng.choice(("a", "units", "IMP", "en", " ", "imp"))
            if self._odd()
            else code,
        }
        if self._chance(0.1):
            del made[self.rng.choice(("system", "code"))]
        return made

    def _codeableconcept(self, found: Property, depth: int) -> Json:
        made: Json = {
            "coding": [self._coding(found, depth) for _ in range(self.rng.choice((1, 1, 2)))]
        }
        if self._chance(0.3):
            made["text"] = self.rng.choice(_STRINGS)
        if self._odd():
            made["coding"] = self.rng.choice([[], [{}], [None], {}])
        return made

    def _reference(self, found: Property, depth: int) -> Json:
        names = [url.rpartition("/")[2] for url in found.type_ref.targets] or ["Patient", "Group"]
        target = self.rng.choice(
            [name for name in names if self._schema.is_resource(name)] or ["Patient"]
        )
        if self._odd():
            target = self.rng.choice(("Patient", "Observation", "Location", "Foo"))
        form = self.rng.choice(_ODD_REFERENCES if self._odd() else _REFERENCES)
        made: Json = {"reference": form.replace("%s", target)}
        if self._chance(0.1):
            made["type"] = self.rng.choice(
                (target, target, "Patient", "http://hl7.org/fhir/StructureDefinition/" + target)
            )
        if self._chance(0.1):
            made["identifier"] = {"system": "urn:ietf:rfc:3986", "value": self.rng.choice(_URIS)}
        return made

    def _quantity(self, found: Property, depth: int) -> Json:
        made: Json = {"value": self.rng.choice(RIGHT["decimal"])}
        if self._chance(0.6):
            made |= {
                "system": "http://unitsofmeasure.org",
                "code": self.rng.choice(
                    ("mg", "mm[Hg]", "{score}", "units" if self._odd() else "kg/m2")
                ),
            }
        if self._chance(0.15):
            made["comparator"] = self.rng.choice(("<", ">=", "=" if self._odd() else ">"))
        return made

    def _period(self, found: Property, depth: int) -> Json:
        made = {name: self.rng.choice(RIGHT["dateTime"]) for name in ("start", "end")}
        if not self._odd() and self._chance(0.7):
            made["start"], made["end"] = sorted(made.values())
        return made

    def _narrative(self, found: Property, depth: int) -> Json:
        return {
            "status": "generated",
            "div": self.rng.choice(WRONG["xhtml"] if self._odd() else RIGHT["xhtml"]),
        }

    def _meta(self, found: Property | None, depth: int) -> Json:
        return {
            "lastUpdated": self.rng.choice(_MOMENTS),
            **({"versionId": self.rng.choice(_IDS)} if self._chance(0.5) else {}),
        }

    def _extension(self, found: Property | None, depth: int) -> Json:
        url = (
            self.rng.choice(_ODD_URLS)
            if self._odd()
            else self.rng.choice(_EXTENSIONS)
            if self._chance(0.1)
            else "http://example.org/unknown"
        )
        made: Json = {"url": url, "valueCode": "unknown"}
        if not url.endswith("data-absent-reason"):
            del made["valueCode"]
            names = [
                p
                for p in self._schema.properties("Extension").values()
                if p.name == "value" and p.is_primitive
            ]
            one = self.rng.choice(names)
            made[one.json_name] = self.rng.choice(RIGHT[one.type])
        if self._odd():
            made["extension"] = [{"url": "x", "valueString": "y"}]
        return made

    def _contain(self, made: Json, owner: str) -> None:
        """A contained resource that is referred to, or nearly so."""
        places = [
            p
            for p in self._schema.properties(owner).values()
            if p.type == "Reference" and not p.element.is_choice
        ]
        if not places:
            return
        found = self.rng.choice(places)
        targets = [
            url.rpartition("/")[2]
            for url in found.type_ref.targets
            if self._schema.is_resource(url.rpartition("/")[2])
        ]
        name = self.rng.choice(targets or ["Patient"])
        inside: Json = {"resourceType": name, **self._object(name, name, 2), "id": "a"}
        inside.pop("meta", None)
        made["contained"] = [inside, inside] if self._odd() else [inside]
        reference = {"reference": self.rng.choice(("#b", "#", "#a/", "a")) if self._odd() else "#a"}
        made[found.json_name] = [reference] if found.is_list else reference


_SHAPED = frozenset(
    {
        "Coding",
        "CodeableConcept",
        "Reference",
        "Quantity",
        "Period",
        "Narrative",
        "Meta",
        "Extension",
    }
)


def _by_path(profile: Json) -> dict[str, list[Json]]:
    """A profile's elements by path, slices after what they slice."""
    found: dict[str, list[Json]] = {}
    for element in profile["snapshot"]["element"]:
        if element.get("max") != "0":
            found.setdefault(element["path"], []).append(element)
    return found
