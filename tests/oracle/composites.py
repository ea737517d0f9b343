"""Resources made of resources: Bundles of every type, Parameters, and QuestionnaireResponses beside
their Questionnaire.
"""

from __future__ import annotations

import random
from typing import Any

from generator import Generator
from primitives import DIV, primitive

__all__ = ["bundle", "composite", "parameters", "questionnaire_response"]

Json = dict[str, Any]

_TYPES = (
    "document",
    "message",
    "transaction",
    "transaction-response",
    "batch",
    "batch-response",
    "history",
    "searchset",
    "collection",
)
_INSIDE = (
    "Patient",
    "Observation",
    "Organization",
    "Practitioner",
    "Encounter",
    "Condition",
    "Basic",
    "Medication",
    "Device",
    "List",
    "Procedure",
)


def composite(generator: Generator, rng: random.Random) -> Json:
    """A Bundle, a Parameters or a QuestionnaireResponse."""
    return rng.choice((bundle, bundle, parameters, questionnaire_response))(generator, rng)


def bundle(generator: Generator, rng: random.Random) -> Json:
    """A Bundle of any type whose entries refer to one another by full URL, relative URL or UUID."""
    kind = rng.choice(_TYPES)
    made: Json = {
        "resourceType": "Bundle",
        "id": f"b{rng.randint(1, 999)}",
        "type": kind,
        "entry": [],
    }
    inside = [generator.resource(rng.choice(_INSIDE), 0.12) for _ in range(rng.randint(1, 3))]
    patient: Json = {"resourceType": "Patient", "id": "p1", "active": True}
    inside.append(patient)
    urns = rng.random() < 0.4
    full = [
        primitive("uuid", rng)
        if urns
        else f"http://acme.example/fhir/{r['resourceType']}/{r['id']}"
        for r in inside
    ]
    link = full[-1] if urns else rng.choice((full[-1], "Patient/p1"))
    inside.insert(
        0,
        {
            "resourceType": "Observation",
            "id": "o1",
            "status": "final",
            "code": {"text": "x"},
            "subject": {"reference": link},
        },
    )
    full.insert(0, primitive("uuid", rng) if urns else "http://acme.example/fhir/Observation/o1")
    if kind == "document":
        made |= {
            "identifier": {"system": "urn:ietf:rfc:3986", "value": primitive("uuid", rng)},
            "timestamp": "2020-03-01T10:00:00Z",
        }
        inside = [inside[0], patient]
        full = [full[0], full[-1]]
        composition = {
            "resourceType": "Composition", "id": "comp1", "status": "final",
            "type": {"text": "note"}, "date": "2020-03-01", "author": [{"reference": link}],
            "title": "Note", "subject": {"reference": link},
            "section": [{"title": "s", "entry": [{"reference": full[0]}],
            "text": {"status": "generated", "div": DIV.format("<p>x</p>")}}],
        }  # fmt: skip
        inside.insert(0, composition)
        full.insert(
            0, primitive("uuid", rng) if urns else "http://acme.example/fhir/Composition/comp1"
        )
    if kind == "message":
        made["timestamp"] = "2020-03-01T10:00:00Z"
        header = {
            "resourceType": "MessageHeader",
            "id": "h1",
            "eventUri": "http://acme.example/event",
            "source": {"endpoint": "http://acme.example/a"},
            "focus": [{"reference": full[0]}],
        }
        inside = [inside[0], patient]
        full = [full[0], full[-1]]
        inside.insert(0, header)
        full.insert(
            0, primitive("uuid", rng) if urns else "http://acme.example/fhir/MessageHeader/h1"
        )
    for url, resource in zip(full, inside, strict=True):
        made["entry"].append({"fullUrl": url, "resource": resource, **_entry(kind, resource, rng)})
    if kind in ("searchset", "history") and rng.random() < 0.6:
        made["total"] = len(inside)
    if kind == "searchset":
        made["link"] = [
            {"relation": "self", "url": "http://acme.example/fhir/Observation?status=final"}
        ]
    return made


def _entry(kind: str, resource: Json, rng: random.Random) -> Json:
    if kind in ("transaction", "batch"):
        method = rng.choice(("POST", "PUT"))
        return {
            "request": {
                "method": method,
                "url": resource["resourceType"]
                if method == "POST"
                else f"{resource['resourceType']}/{resource['id']}",
            }
        }
    if kind in ("transaction-response", "batch-response"):
        return {
            "response": {
                "status": "201 Created",
                "location": f"{resource['resourceType']}/{resource['id']}/_history/1",
            }
        }
    if kind == "history":
        return {
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
            "response": {"status": "200", "lastModified": "2020-03-01T10:00:00Z"},
        }
    if kind == "searchset":
        return {"search": {"mode": rng.choice(("match", "include")), "score": 0.5}}
    return {}


def parameters(generator: Generator, rng: random.Random) -> Json:
    """Parameters with values of any type, resources and parts."""
    properties = [
        (n, p)
        for n, p in generator.catalogue.properties("Parameters.parameter").items()
        if n.startswith("value") and p.type not in ("Element", "Meta")
    ]

    def one(depth: int) -> Json:
        shape = rng.random()
        made: Json = {"name": rng.choice(("url", "result", "x-1"))}
        if shape < 0.6:
            name, prop = rng.choice(properties)
            return made | {name: generator.value(prop, 0.2, 2)}
        if shape < 0.8 or depth > 1:
            return made | {"resource": generator.resource(rng.choice(_INSIDE), 0.1)}
        return made | {"part": [one(depth + 1) for _ in range(rng.randint(1, 2))]}

    return {
        "resourceType": "Parameters",
        "id": f"x{rng.randint(1, 999)}",
        "parameter": [one(0) for _ in range(rng.randint(1, 4))],
    }


_ANSWERS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "boolean": ("valueBoolean", (True, False)),
    "decimal": ("valueDecimal", (1.5, 0)),
    "integer": ("valueInteger", (3, -1)),
    "date": ("valueDate", ("2020-01-01", "2020")),
    "dateTime": ("valueDateTime", ("2020-01-01T10:00:00Z",)),
    "time": ("valueTime", ("10:00:00",)),
    "string": ("valueString", ("words", "more words")),
    "text": ("valueString", ("line\nline",)),
    "url": ("valueUri", ("http://example.org/x",)),
    "choice": ("valueCoding", ({"system": "http://acme.example/codes", "code": "a"},)),
    "open-choice": ("valueString", ("free",)),
    "attachment": ("valueAttachment", ({"contentType": "text/plain", "data": "aGk="},)),
    "reference": ("valueReference", ({"reference": "Patient/1"},)),
    "quantity": (
        "valueQuantity",
        ({"value": 3, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"},),
    ),
}


def questionnaire_response(generator: Generator, rng: random.Random) -> Json:
    """A QuestionnaireResponse that contains the Questionnaire it answers: groups, choices, required
    and conditional items.
    """
    items: list[Json] = []
    answers: list[Json] = []
    for number in range(rng.randint(2, 5)):
        kind = rng.choice(list(_ANSWERS))
        name, values = _ANSWERS[kind]
        item: Json = {"linkId": f"q{number}", "text": f"Question {number}", "type": kind}
        answer: Json = {"linkId": f"q{number}", "answer": [{name: rng.choice(values)}]}
        if kind in ("choice", "open-choice"):
            item["answerOption"] = [
                {"valueCoding": {"system": "http://acme.example/codes", "code": code}}
                for code in "abc"
            ]
        if rng.random() < 0.4:
            item["required"] = True
        if rng.random() < 0.2:
            item["repeats"] = True
            answer["answer"].append({name: rng.choice(values)})
        if kind in ("string", "text") and rng.random() < 0.4:
            item["maxLength"] = rng.choice((5, 20))
        if items and rng.random() < 0.3:
            item["enableWhen"] = [
                {
                    "question": items[0]["linkId"],
                    "operator": "exists",
                    "answerBoolean": rng.random() < 0.8,
                }
            ]
        if rng.random() < 0.2:
            item = {"linkId": f"g{number}", "type": "group", "text": "Group", "item": [item]}
            answer = {"linkId": f"g{number}", "item": [answer]}
        items.append(item)
        if item.get("required") or rng.random() < 0.85:
            answers.append(answer)
    form = {
        "resourceType": "Questionnaire",
        "id": "q",
        "url": "http://acme.example/Questionnaire/q",
        "status": rng.choice(("active", "active", "draft")),
        "item": items,
    }
    made: Json = {
        "resourceType": "QuestionnaireResponse",
        "id": f"qr{rng.randint(1, 999)}",
        "contained": [form],
        "questionnaire": "#q",
        "status": rng.choice(("completed", "in-progress", "amended")),
        "item": answers,
    }
    if rng.random() < 0.5:
        made["authored"] = "2020-01-01T10:00:00Z"
    if not answers:
        del made["item"]
    return made
