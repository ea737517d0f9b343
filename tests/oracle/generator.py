"""Resources made from the definitions alone: for any type, of any density, nearly all of them
valid.

The oracle, not this file, says whether one is: what it refuses is left out of base material, or
kept as a line with its verdict.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable
from typing import Any

from catalogue import Catalogue, Property
from primitives import primitive

__all__ = ["Generator"]

Json = dict[str, Any]

_NEVER = frozenset({"contained", "modifierExtension", "implicitRules"})
_HEAVY = frozenset(
    {"ElementDefinition", "Narrative", "SampledData", "Extension", "DataRequirement", "Signature"}
)
_UNITS = (
    ("mg", "mg"),
    ("mL", "mL"),
    ("kg", "kg"),
    ("mmHg", "mm[Hg]"),
    ("beats/min", "/min"),
    ("%", "%"),
    ("mmol/L", "mmol/L"),
)
_TIMES = (("years", "a"), ("months", "mo"), ("days", "d"), ("hours", "h"), ("minutes", "min"))
_SAFE_EXTENSION = "http://example.org/fhir/StructureDefinition/"


class Generator:
    """Seeded: the same seed and the same calls give the same resources."""

    def __init__(self, catalogue: Catalogue, rng: random.Random) -> None:
        self.catalogue, self.rng = catalogue, rng
        self._shaped: dict[str, Callable[[Property, float, int], Any]] = {
            "Narrative": self._narrative, "Reference": self._reference,
            "Extension": self._extension, "Coding": self._coding,
            "CodeableConcept": self._concept, "Quantity": self._quantity,
            "SimpleQuantity": self._quantity, "Age": self._duration,
            "Duration": self._duration, "Count": self._count, "Distance": self._distance,
            "Money": self._money, "Period": self._period,
            "Range": self._range, "Ratio": self._ratio, "Attachment": self._attachment,
            "Identifier": self._identifier, "Meta": self._meta,
            "ContactPoint": self._contact_point, "Timing": self._timing,
            "Expression": self._expression, "TriggerDefinition": self._trigger,
            "SampledData": self._sampled, "Signature": self._signature,
        }  # fmt: skip

    def resource(self, type_name: str, density: float) -> Json:
        """A resource of the type: what is required, and each optional element with a chance of
        ``density`` (less inside).
        """
        made = {"resourceType": type_name, **self._fields(type_name, density, 0)}
        made["id"] = self._id()
        if self.rng.random() < 0.6 and "text" in self.catalogue.properties(type_name):
            made["text"] = self._narrative(None, density, 1)
        if self.rng.random() < 0.12 and "contained" in self.catalogue.properties(type_name):
            self._contain(type_name, made)
        return made

    def _id(self) -> str:
        return f"{self.rng.choice(('r', 'case-', 'X.'))}{self.rng.randint(1, 10**6)}"

    def _fields(self, context: str, density: float, depth: int) -> Json:
        """The properties of a type or backbone element, never none."""
        properties = self.catalogue.properties(context)
        chosen: Json = {}
        decided: set[str] = set()
        order = list(properties.values())
        for name, prop in properties.items():
            base = prop.element["path"]
            if base in decided or prop.name in _NEVER:
                continue
            decided.add(base)
            if not prop.required and not self._wanted(prop, density, depth):
                continue
            if prop.is_choice:
                prop = self.rng.choice([p for p in order if p.element["path"] == base])
                name = next(n for n, p in properties.items() if p is prop)
            self._put(chosen, name, prop, density, depth)
        if not chosen:
            names = [
                n
                for n, p in properties.items()
                if p.type not in ("Extension", "Resource")
                and p.name not in (*_NEVER, "id", "meta", "text", "language")
            ]
            ready = [n for n in names if "contentReference" not in properties[n].element]
            pick = self.rng.choice(
                [n for n in ready if properties[n].is_primitive] or ready or ["extension"]
            )
            self._put(chosen, pick, properties[pick], 0.0, depth + 1)
        return chosen

    def _wanted(self, prop: Property, density: float, depth: int) -> bool:
        if prop.name in ("id", "extension") or prop.type == "Resource":
            return self.rng.random() < 0.02 and prop.type != "Resource"
        if prop.type in _HEAVY or "contentReference" in prop.element:
            density = density / 4
        return self.rng.random() < density / (1 + depth)

    def _put(self, chosen: Json, name: str, prop: Property, density: float, depth: int) -> None:
        if not prop.is_list:
            chosen[name] = self.value(prop, density, depth + 1)
        else:
            count = max(int(prop.element["min"]), 2 if self.rng.random() < 0.2 else 1)
            chosen[name] = [self.value(prop, density, depth + 1) for _ in range(count)]
        if (
            prop.is_primitive
            and prop.name != "id"
            and not prop.is_list
            and self.rng.random() < 0.02
        ):
            chosen["_" + name] = {"extension": [self._extension(prop, 0, depth)]}

    def value(self, prop: Property, density: float, depth: int) -> Any:
        """One value for a property, bound codes from their value sets."""
        if prop.is_primitive or prop.type == "xhtml":
            return self._primitive(prop)
        if prop.type in self._shaped:
            return self._shaped[prop.type](prop, density, depth)
        if prop.type in ("Resource", "DomainResource"):
            return self.resource(
                self.rng.choice(("Patient", "Observation", "Organization", "Basic")), 0.1
            )
        return self._fields(prop.context, density, depth)

    def _primitive(self, prop: Property) -> Any:
        if prop.value_set and prop.type in ("code", "string", "uri"):
            if prop.value_set.split("|")[0].endswith(("/languages", "/all-languages")):
                return primitive("language", self.rng)
            if prop.value_set.split("|")[0].endswith("/mimetypes"):
                return self.rng.choice(
                    ("text/plain", "application/pdf", "image/png", "application/fhir+json")
                )
            codes = self.catalogue.codes(prop.value_set)
            if codes and prop.type == "code":
                return self.rng.choice(codes)["code"]
            if prop.value_set.split("|")[0].endswith("/currencies"):
                return self.rng.choice(("EUR", "USD", "JPY"))
            if prop.value_set.split("|")[0].endswith("/ucum-units"):
                return self.rng.choice(_UNITS)[1]
        return primitive(prop.type, self.rng)

    # Data types whose parts depend on one another.

    def _narrative(self, prop: Property | None, density: float, depth: int) -> Json:
        return {
            "status": self.rng.choice(("generated", "additional", "extensions")),
            "div": primitive("xhtml", self.rng),
        }

    def _reference(self, prop: Property, density: float, depth: int) -> Json:
        target = self.rng.choice(prop.targets or ["Patient", "Group", "Observation", "Device"])
        if target not in self.catalogue.resource_types:
            target = "Patient"
        form = self.rng.random()
        if form < 0.72:
            made: Json = {"reference": f"{target}/{self._id()}"}
        elif form < 0.80:
            made = {"reference": f"https://acme.example/fhir/{target}/{self._id()}"}
        elif form < 0.85:
            made = {"reference": primitive("uuid", self.rng)}
        elif form < 0.90:
            made = {"identifier": self._identifier(None, 0, depth)}
        elif form < 0.94:
            made = {"reference": f"{target}/{self._id()}/_history/{self.rng.randint(1, 9)}"}
        else:
            made = {"display": primitive("string", self.rng)}
        if self.rng.random() < 0.2:
            made["display"] = primitive("string", self.rng)
        if self.rng.random() < 0.06:
            made["type"] = target
        return made

    def _extension(self, prop: Property | None, density: float, depth: int) -> Json:
        made: Json = {"url": _SAFE_EXTENSION + self.rng.choice(("a", "note", "flag"))}
        if self.rng.random() < 0.15 and depth < 4:
            return made | {"extension": [self._extension(prop, density, depth + 2)]}
        kind = self.rng.choice(
            (
                "string",
                "boolean",
                "integer",
                "dateTime",
                "code",
                "uri",
                "decimal",
                "Quantity",
                "Period",
                "Coding",
                "CodeableConcept",
                "Reference",
                "Identifier",
            )
        )
        name = "value" + kind[0].upper() + kind[1:]
        return made | {
            name: self.value(self.catalogue.properties("Extension")[name], 0.1, depth + 1)
        }

    def _coding(self, prop: Property, density: float, depth: int) -> Json:
        codes = self.catalogue.codes(prop.value_set) if prop.value_set else []
        if codes and (prop.binding == "required" or self.rng.random() < 0.85):
            return dict(self.rng.choice(codes))
        made: Json = {"system": "http://acme.example/codes", "code": primitive("code", self.rng)}
        if self.rng.random() < 0.4:
            made["display"] = primitive("string", self.rng)
        if self.rng.random() < 0.1:
            made["version"] = "2.1"
        return made

    def _concept(self, prop: Property, density: float, depth: int) -> Json:
        codings = [self._coding(prop, density, depth)]
        if prop.binding != "required" and self.rng.random() < 0.15:
            codings.append(
                {"system": "http://acme.example/other", "code": "z9", "userSelected": True}
            )
        made: Json = {"coding": codings}
        if self.rng.random() < 0.3:
            made["text"] = primitive("string", self.rng)
        if prop.binding != "required" and self.rng.random() < 0.1:
            return {"text": primitive("string", self.rng)}
        return made

    def _quantity(self, prop: Property | None, density: float, depth: int) -> Json:
        unit, code = self.rng.choice(_UNITS)
        made: Json = {"value": abs(primitive("decimal", self.rng))}
        if self.rng.random() < 0.7:
            made |= {"unit": unit, "system": "http://unitsofmeasure.org", "code": code}
        elif self.rng.random() < 0.5:
            made["unit"] = unit
        return made

    def _duration(self, prop: Property, density: float, depth: int) -> Json:
        unit, code = self.rng.choice(_TIMES)
        return {
            "value": self.rng.randint(1, 90),
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": code,
        }

    def _count(self, prop: Property, density: float, depth: int) -> Json:
        return {
            "value": self.rng.randint(1, 90),
            "system": "http://unitsofmeasure.org",
            "code": "1",
        }

    def _distance(self, prop: Property, density: float, depth: int) -> Json:
        return {
            "value": self.rng.randint(1, 90),
            "unit": "km",
            "system": "http://unitsofmeasure.org",
            "code": "km",
        }

    def _money(self, prop: Property, density: float, depth: int) -> Json:
        return {
            "value": round(self.rng.uniform(1, 999), 2),
            "currency": self.rng.choice(("EUR", "USD", "GBP")),
        }

    def _period(self, prop: Property, density: float, depth: int) -> Json:
        start, end = sorted(primitive("instant", self.rng)[:10] for _ in range(2))
        shape = self.rng.random()
        if shape < 0.25:
            return {"start": start}
        if shape < 0.35:
            return {"end": end}
        if shape < 0.6:
            return {"start": start + "T08:00:00Z", "end": end + "T09:30:00Z"}
        return {"start": start, "end": end}

    def _range(self, prop: Property, density: float, depth: int) -> Json:
        low = self.rng.randint(1, 50)
        unit = {"unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
        made = {
            "low": {"value": low, **unit},
            "high": {"value": low + self.rng.randint(0, 50), **unit},
        }
        if self.rng.random() < 0.3:
            del made[self.rng.choice(("low", "high"))]
        return made

    def _ratio(self, prop: Property, density: float, depth: int) -> Json:
        return {
            "numerator": self._quantity(None, 0, depth),
            "denominator": self._quantity(None, 0, depth),
        }

    def _attachment(self, prop: Property, density: float, depth: int) -> Json:
        made: Json = {"contentType": self.rng.choice(("text/plain", "application/pdf"))}
        if self.rng.random() < 0.5:
            return made | {
                "url": primitive("url", self.rng),
                "title": "doc",
                "creation": primitive("dateTime", self.rng),
            }
        data = self.rng.randbytes(self.rng.randint(1, 20))
        made["data"] = base64.b64encode(data).decode()
        if self.rng.random() < 0.5:
            made |= {
                "size": len(data),
                "hash": base64.b64encode(hashlib.sha1(data).digest()).decode(),
            }
        return made

    def _identifier(self, prop: Property | None, density: float, depth: int) -> Json:
        shape = self.rng.random()
        if shape < 0.15:
            made: Json = {"system": "urn:ietf:rfc:3986", "value": primitive("uuid", self.rng)}
        elif shape < 0.3:
            made = {"system": primitive("oid", self.rng), "value": str(self.rng.randint(1, 10**6))}
        elif shape < 0.85:
            made = {
                "system": primitive("url", self.rng),
                "value": f"ID{self.rng.randint(1, 10**6)}",
            }
        else:
            made = {"value": f"only-{self.rng.randint(1, 10**4)}"}
        if self.rng.random() < 0.3:
            made["use"] = self.rng.choice(("usual", "official", "temp", "secondary", "old"))
        if self.rng.random() < 0.15:
            made["type"] = {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                        "code": self.rng.choice(("MR", "PRN", "DL", "PPN")),
                    }
                ]
            }
        if self.rng.random() < 0.1:
            made["period"] = {"start": "2011", "end": "2012-05"}
        return made

    def _meta(self, prop: Property, density: float, depth: int) -> Json:
        made: Json = {"lastUpdated": primitive("instant", self.rng)}
        if self.rng.random() < 0.5:
            made["versionId"] = str(self.rng.randint(1, 20))
        if self.rng.random() < 0.2:
            made["tag"] = [{"system": "http://acme.example/tags", "code": "t1"}]
        if self.rng.random() < 0.2:
            made["security"] = [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                    "code": self.rng.choice("NRV"),
                }
            ]
        if self.rng.random() < 0.2:
            made["source"] = "http://acme.example/feed"
        return made

    def _contact_point(self, prop: Property, density: float, depth: int) -> Json:
        system, value = self.rng.choice(
            (
                ("phone", "+1 555 0100"),
                ("email", "a@example.org"),
                ("fax", "555"),
                ("url", "http://example.org/x"),
                ("other", "box 7"),
            )
        )
        made: Json = {"system": system, "value": value}
        if self.rng.random() < 0.4:
            made["use"] = self.rng.choice(("home", "work", "temp", "old", "mobile"))
        if self.rng.random() < 0.2:
            made["rank"] = self.rng.randint(1, 5)
        return made

    def _timing(self, prop: Property, density: float, depth: int) -> Json:
        shape = self.rng.random()
        if shape < 0.3:
            return {"event": [primitive("dateTime", self.rng)]}
        if shape < 0.5:
            return {
                "code": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation",
                            "code": self.rng.choice(("BID", "TID", "QID", "AM")),
                        }
                    ]
                }
            }
        repeat: Json = {
            "frequency": self.rng.randint(1, 4),
            "period": self.rng.randint(1, 8),
            "periodUnit": self.rng.choice("hd"),
        }
        if self.rng.random() < 0.3:
            repeat["boundsPeriod"] = self._period(prop, 0, depth)
        elif self.rng.random() < 0.2:
            repeat["boundsDuration"] = self._duration(prop, 0, depth)
        if self.rng.random() < 0.2:
            repeat |= {"duration": 2, "durationUnit": "h"}
        if self.rng.random() < 0.2:
            repeat |= {"dayOfWeek": ["mon", "fri"]}
        if self.rng.random() < 0.2:
            repeat |= (
                {"when": ["AC"], "offset": 10}
                if self.rng.random() < 0.5
                else {"timeOfDay": ["08:00:00"]}
            )
        return {"repeat": repeat}

    def _expression(self, prop: Property, density: float, depth: int) -> Json:
        return {
            "language": self.rng.choice(("text/fhirpath", "text/cql", "application/x-fhir-query")),
            "expression": "Patient.name",
        }

    def _trigger(self, prop: Property, density: float, depth: int) -> Json:
        return self.rng.choice(
            (
                {"type": "named-event", "name": "admit"},
                {"type": "periodic", "timingDate": "2020-01-01"},
                {"type": "data-added", "data": [{"type": "Patient"}]},
            )
        )

    def _sampled(self, prop: Property, density: float, depth: int) -> Json:
        return {
            "origin": {
                "value": 1,
                "unit": "mV",
                "system": "http://unitsofmeasure.org",
                "code": "mV",
            },
            "period": 10,
            "dimensions": 1,
            "data": "1 2 E U 3.5",
        }

    def _signature(self, prop: Property, density: float, depth: int) -> Json:
        return {
            "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
            "when": primitive("instant", self.rng), "who": {"reference": "Practitioner/p1"},
            "data": "aGk=", "sigFormat": "image/png",
        }  # fmt: skip

    def _contain(self, type_name: str, made: Json) -> None:
        """A contained resource, and a reference to it where the type has one that takes it."""
        properties = self.catalogue.properties(type_name)
        names = [n for n, p in properties.items() if p.type == "Reference" and not p.is_choice]
        if not names:
            return
        name = self.rng.choice(names)
        target = self.rng.choice(properties[name].targets or ["Patient"])
        if target not in self.catalogue.resource_types:
            return
        inner = {
            "resourceType": target,
            **self._fields(target, 0.15, 1),
            "id": f"c{self.rng.randint(1, 99)}",
        }
        inner.pop("meta", None)
        made["contained"] = [inner]
        link: Any = {"reference": "#" + inner["id"]}
        made[name] = [link] if properties[name].is_list else link
