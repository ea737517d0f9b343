"""Mutations of Bundles, Parameters and QuestionnaireResponses."""

from __future__ import annotations

import copy
from typing import Any

from sites import Case, kind

__all__: list[str] = []

Json = dict[str, Any]

_UUID = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
_REQUESTED = ("Patient/1", "Patient", "http://x.org/Patient", "/Patient", "")
_BUNDLES = (
    "document",
    "message",
    "transaction",
    "batch",
    "history",
    "searchset",
    "collection",
    "bogus",
    "batch-response",
)
_SIGNATURE: Json = {
    "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
    "when": "2020-01-01T00:00:00Z",
    "who": {"reference": "Practitioner/1"},
    "data": "aGk=",
}
_EXISTS = {"question": "q0", "operator": "exists", "answerBoolean": True}


def _entry(case: Case) -> Json | None:
    entries = (
        [e for e in case.resource.get("entry", ()) if isinstance(e, dict)]
        if case.resource.get("resourceType") == "Bundle"
        else []
    )
    return case.rng.choice(entries) if entries else None


@kind("bundle-entry")
def bundle_entry(case: Case) -> str | None:
    entry = _entry(case)
    if entry is None:
        return None
    rng, request = case.rng, {"method": "GET", "url": "Patient/1"}
    rng.choice(
        (
            lambda: entry.pop("fullUrl", None),
            lambda: entry.pop("resource", None),
            lambda: entry.pop("request", None),
            lambda: entry.pop("response", None),
            lambda: entry.pop("search", None),
            lambda: entry.update(request=request),
            lambda: entry.update(response={"status": "200"}),
            lambda: entry.update(search={"mode": rng.choice(("match", "outcome", "include", "x"))}),
            lambda: entry.get("resource", {}).pop("id", None),
            lambda: entry.get("resource", {}).update(id="other"),
            lambda: entry.update(
                request={
                    "method": rng.choice(("PATCH", "HEAD", "DELETE", "POST", "put")),
                    "url": rng.choice(_REQUESTED),
                }
            ),
            lambda: entry.get("response", {}).update(etag="1", location="x y"),
            lambda: entry.get("resource", {}).update(resourceType="Foo"),
            lambda: entry.update(resource="x"),
            lambda: entry.update(
                link=[
                    {"relation": "self", "url": "http://x.org"},
                    {"relation": "self", "url": "http://x.org/2"},
                ]
            ),
        )
    )()
    return "Bundle.entry"


@kind("bundle-full-url")
def bundle_full_url(case: Case) -> str | None:
    entry = _entry(case)
    if entry is None:
        return None
    name = entry.get("resource", {}).get("resourceType", "Patient")
    entry["fullUrl"] = case.rng.choice(
        (
            f"{name}/1",
            f"http://x.org/{name}/other",
            "urn:uuid:C757873D-EC9A-4326-A141-556F43239520",
            "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
            "urn:oid:1.2.3",
            "http://x.org/y",
            f"http://x.org/{name}/{entry.get('resource', {}).get('id')}/_history/1",
            "urn:uuid:1",
            "#p1",
            "",
            "http://x.org/Foo/1",
            f"https://x.org/fhir/{name}/{entry.get('resource', {}).get('id')}",
        )
    )
    return "Bundle.entry.fullUrl"


@kind("bundle-duplicate")
def bundle_duplicate(case: Case) -> str | None:
    entry = _entry(case)
    if entry is None:
        return None
    again = copy.deepcopy(entry)
    case.rng.choice(
        (
            lambda: None,
            lambda: again.update(fullUrl="urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
            lambda: again.get("resource", {}).update(meta={"versionId": "2"}),
        )
    )()
    case.resource["entry"].append(again)
    return "Bundle.entry"


@kind("bundle-reference")
def bundle_reference(case: Case) -> str | None:
    if case.resource.get("resourceType") != "Bundle":
        return None
    found = [
        holder
        for holder, context, _ in case.objects()
        if context == "Reference" and "reference" in holder
    ]
    if not found:
        return None
    case.rng.choice(found)["reference"] = case.rng.choice(
        (
            "Patient/p1",
            "Patient/nowhere",
            "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
            "http://acme.example/fhir/Patient/p1",
            "http://other.example/fhir/Patient/p1",
            "Patient/p1/_history/1",
            "#p1",
            "Observation/o1",
            "http://acme.example/fhir/Observation/o1",
            "Patient?identifier=x",
        )
    )
    return "Bundle reference"


@kind("bundle-frame")
def bundle_frame(case: Case) -> str | None:
    if case.resource.get("resourceType") != "Bundle":
        return None
    made, rng = case.resource, case.rng
    rng.choice(
        (
            lambda: made.update(type=rng.choice(_BUNDLES)),
            lambda: made.pop("type", None),
            lambda: made.update(total=rng.choice((0, 99, -1, 1.5))),
            lambda: made.pop("identifier", None),
            lambda: made.pop("timestamp", None),
            lambda: made.update(entry=[]),
            lambda: made.pop("entry", None),
            made["entry"].reverse,
            lambda: made["entry"].pop(0),
            made["entry"].pop,
            lambda: made.update(
                link=[
                    {"relation": r, "url": "http://x.org"}
                    for r in rng.choice((("self", "self"), ("self", "next"), ("foo",), ("next",)))
                ]
            ),
            lambda: made.update(link=[{"relation": "self"}]),
            lambda: made["entry"].append({}),
            lambda: made["entry"].append(
                {"fullUrl": _UUID, "resource": {"resourceType": "Basic", "code": {"text": "x"}}}
            ),
            lambda: made.update(identifier={"system": "http://x.org", "value": "1"}),
            lambda: made.update(text={"status": "generated", "div": "x"}),
            lambda: made.update(signature=copy.deepcopy(_SIGNATURE)),
        )
    )()
    return "Bundle"


@kind("parameters")
def parameters(case: Case) -> str | None:
    found = (
        [p for p in case.resource.get("parameter", ()) if isinstance(p, dict)]
        if case.resource.get("resourceType") == "Parameters"
        else []
    )
    if not found:
        return None
    one, rng = case.rng.choice(found), case.rng
    rng.choice(
        (
            lambda: one.pop("name", None),
            lambda: one.update(valueString="x"),
            lambda: one.update(resource={"resourceType": "Patient"}),
            lambda: one.update(part=[{"name": "p"}]),
            lambda: one.update(part=[{"name": "p", "valueCode": "c"}]),
            lambda: [one.pop(k) for k in list(one) if k != "name"],
            lambda: one.update(resource={"resourceType": "Patient", "gender": "x"}),
            lambda: one.update(resource={"id": "1"}),
            lambda: one.update(name=""),
            lambda: one.update(valueFoo=1),
            lambda: one.update(part=[]),
            lambda: one.update(
                resource={
                    "resourceType": "Patient",
                    "text": {"status": "generated", "div": "<div>x</div>"},
                }
            ),
            lambda: one.update(_name={"extension": [{"url": "http://x.org", "valueString": "x"}]}),
        )
    )()
    return "Parameters.parameter"


def _items(items: Any) -> list[Json]:
    found: list[Json] = []
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            found += [item, *_items(item.get("item"))]
            for answer in item.get("answer", ()) if isinstance(item.get("answer"), list) else ():
                found += _items(answer.get("item")) if isinstance(answer, dict) else []
    return found


@kind("answer")
def answer(case: Case) -> str | None:
    """One answer of a QuestionnaireResponse: of another type, twice, missing, out of its options,
    in the wrong place.
    """
    found = (
        _items(case.resource.get("item"))
        if case.resource.get("resourceType") == "QuestionnaireResponse"
        else []
    )
    if not found:
        return None
    item, rng, made = case.rng.choice(found), case.rng, case.resource
    other = rng.choice(
        (
            {"valueString": "x"},
            {"valueBoolean": True},
            {"valueInteger": 5},
            {"valueCoding": {"system": "http://acme.example/codes", "code": "zz"}},
            {"valueCoding": {"code": "a"}},
            {"valueDecimal": 1.5},
            {"valueDate": "2020"},
            {"valueQuantity": {"value": 1}},
            {"valueReference": {"reference": "Patient/1"}},
            {"valueUri": "x y"},
            {},
            {"valueString": "a long text, longer than allowed by some"},
        )
    )
    rng.choice(
        (
            lambda: item.update(answer=[other]),
            lambda: item.update(answer=[other]),
            lambda: item.update(answer=[*item.get("answer", []), other]),
            lambda: item.pop("answer", None),
            lambda: item.update(linkId=rng.choice(("nope", "q0", ""))),
            lambda: item.pop("linkId", None),
            made["item"].reverse,
            lambda: made["item"].append(copy.deepcopy(item)),
            lambda: made.update(
                status=rng.choice(("completed", "in-progress", "stopped", "entered-in-error"))
            ),
            made["item"].pop,
            lambda: item.update(item=[{"linkId": "q0", "answer": [{"valueString": "x"}]}]),
            lambda: item.update(text="Another text"),
            lambda: made.update(questionnaire=rng.choice(("#other", "http://x.org/q", "#q", "q"))),
            lambda: made.pop("questionnaire", None),
            lambda: item.update(answer=[]),
            lambda: item.update(definition="http://x.org/d"),
        )
    )()
    return "QuestionnaireResponse.item"


@kind("question")
def question(case: Case) -> str | None:
    """The Questionnaire, contained or itself the resource, changed under its answers."""
    forms = (
        [
            r
            for r in case.resource.get("contained", ())
            if isinstance(r, dict) and r.get("resourceType") == "Questionnaire"
        ]
        if isinstance(case.resource.get("contained", []), list)
        else []
    )
    form = (
        case.resource
        if case.resource.get("resourceType") == "Questionnaire"
        else forms[0]
        if forms
        else None
    )
    found = _items(form.get("item")) if form else []
    if not found or form is None:
        return None
    item, rng = case.rng.choice(found), case.rng
    rng.choice(
        (
            lambda: item.update(
                type=rng.choice(
                    (
                        "string",
                        "integer",
                        "group",
                        "display",
                        "choice",
                        "boolean",
                        "bogus",
                        "question",
                    )
                )
            ),
            lambda: item.update(required=True),
            lambda: item.update(repeats=rng.choice((True, False))),
            lambda: item.update(maxLength=rng.choice((1, 3))),
            lambda: item.update(linkId="q0"),
            lambda: item.update(
                enableWhen=[
                    {
                        **_EXISTS,
                        "operator": rng.choice(("exists", "=", "!=", ">")),
                        "answerBoolean": rng.choice((True, False)),
                    }
                ]
            ),
            lambda: item.update(
                enableWhen=[{"question": "nope", "operator": "exists", "answerBoolean": True}]
            ),
            lambda: item.update(answerOption=[{"valueString": "a"}]),
            lambda: item.update(answerOption=[{"valueInteger": 3}]),
            lambda: item.update(
                answerValueSet="http://hl7.org/fhir/ValueSet/administrative-gender"
            ),
            lambda: item.update(initial=[{"valueString": "x"}]),
            lambda: item.update(readOnly=True),
            lambda: item.update(item=[{"linkId": "new", "type": "display", "text": "x"}]),
            lambda: item.update(item=[{"linkId": "new", "type": "string", "required": True}]),
            lambda: item.update(code=[{"system": "http://x.org", "code": "c"}]),
            lambda: item.pop("type", None),
            lambda: item.update(enableWhen=[{**_EXISTS}, {**_EXISTS, "question": "q1"}]),
            lambda: item.update(definition="http://x.org/d#a"),
            lambda: form.update(status="retired"),
            lambda: item.update(
                extension=[
                    {"url": "http://hl7.org/fhir/StructureDefinition/minLength", "valueInteger": 50}
                ]
            ),
            lambda: item.update(
                extension=[
                    {"url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueInteger": 50}
                ]
            ),
            lambda: item.update(
                extension=[
                    {"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueInteger": 1}
                ]
            ),
            lambda: item.update(
                extension=[
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/regex",
                        "valueString": "[0-9]+",
                    }
                ]
            ),
            lambda: item.update(
                extension=[
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs",
                        "valueInteger": 1,
                    }
                ]
            ),
        )
    )()
    return "Questionnaire.item"
