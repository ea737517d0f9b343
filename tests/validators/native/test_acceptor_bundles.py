"""Bundles and Parameters in the native acceptor, in one another too: entries and their references,
accepted where the explainer finds nothing and never else.
"""

from __future__ import annotations

import copy
import json
import pathlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block

pytestmark = pytest.mark.native

Json = dict[str, Any]
US_CORE = (
    pathlib.Path(__file__).resolve().parents[3] / "../shared/packages/hl7.fhir.us.core-3.1.1.tgz"
)
URN = "urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d"
PATIENT: Json = {"resourceType": "Patient", "id": "p"}


def observation(reference: str = "Patient/p", **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": reference},
        **more,
    }


def entry(url: str | None, resource: Json | None, **more: Any) -> Json:
    return {
        **({} if url is None else {"fullUrl": url}),
        **({} if resource is None else {"resource": resource}),
        **more,
    }


def bundle(kind: str, *entries: Json, **more: Any) -> Json:
    return {
        "resourceType": "Bundle",
        "type": kind,
        **more,
        **({"entry": list(entries)} if entries else {}),
    }


def collection(*resources: Json) -> Json:
    return bundle(
        "collection", *(entry(f"http://a/b/{r['resourceType']}/{r['id']}", r) for r in resources)
    )


def parameters(*given: Json) -> Json:
    return {"resourceType": "Parameters", "parameter": [{"name": "a", **one} for one in given]}


def document(*resources: Json, section: tuple[str, ...] = ("Patient/p",), **more: Any) -> Json:
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "x"},
        "date": "2020-01-01",
        "author": [{"display": "x"}],
        "title": "x",
        "section": [{"title": "x", "entry": [{"reference": one} for one in section]}],
        **more,
    }
    made = collection(composition, *resources)
    return {
        **made,
        "type": "document",
        "identifier": {"system": "http://a", "value": "1"},
        "timestamp": "2020-01-01T00:00:00Z",
    }


def message(*resources: Json, focus: str | None = "Patient/p", **more: Any) -> Json:
    header = {
        "resourceType": "MessageHeader",
        "id": "h",
        "eventUri": "http://a/e",
        "source": {"endpoint": "http://a/s"},
        **({} if focus is None else {"focus": [{"reference": focus}]}),
        **more,
    }
    made = collection(header, *resources)
    return {**made, "type": "message", "timestamp": "2020-01-01T00:00:00Z"}


def outcome(**more: Any) -> Json:
    """What a response says of what it did."""
    issue = {"severity": "information", "code": "informational"}
    said = {"resourceType": "OperationOutcome", "issue": [issue], **more}
    return {"response": {"status": "200", "outcome": said}}


BASIC: Json = {"resourceType": "Basic", "id": "b", "code": {"text": "x"}}
POST = {"method": "POST", "url": "Patient"}
CONTAINING = observation("#p", contained=[PATIENT])
MATCH = {"mode": "match"}
SEARCH: Json = {
    "link": [
        {"relation": "self", "url": "http://a/b/Patient?name=x"},
        {"relation": "next", "url": "http://a/b?page=2"},
    ],
    "total": 7,
}

INNER: Json = {**collection(PATIENT, observation()), "id": "i"}
"""Goes into other Bundles."""


def linking(target: str) -> Json:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="#{target}">x</a></div>'
    return {
        **BASIC,
        "text": {"status": "generated", "div": div},
        "extension": [{"id": "e", "url": "http://a/e", "valueString": "x"}],
    }


def by_urn(resource: Json, *others: Json) -> Json:
    """A Bundle of a resource by its urn, and of others by their type and id."""
    made = collection(*others)
    return {**made, "id": "i", "entry": [entry(URN, resource), *made.get("entry", ())]}


NESTED: dict[str, Json] = {
    "a Bundle in a Bundle": collection(INNER, PATIENT, observation()),
    "three Bundles in one another": collection(
        {**collection(observation(), INNER, PATIENT), "id": "k"}, PATIENT
    ),
    "Bundles beside one another": collection(INNER, {**INNER, "id": "k"}, observation(), PATIENT),
    "a full url of the inner Bundle before that of the outer one": by_urn(
        BASIC, by_urn(PATIENT, observation(URN))
    ),
    "a reference behind an inner Bundle": by_urn(PATIENT, by_urn(BASIC), observation(URN)),
    "a reference to what is around the Bundle": by_urn(
        BASIC, {**collection(observation(URN)), "id": "i"}
    ),
    "a reference to what is in an inner Bundle": collection(observation(URN), by_urn(BASIC)),
    "a reference to an inner Bundle": collection(
        {**BASIC, "subject": {"reference": "Bundle/i"}}, INNER
    ),
    "an inner transaction": collection(
        {**bundle("transaction", entry(None, PATIENT, request=POST)), "id": "i"}
    ),
    "a collection in a transaction": bundle("transaction", entry(URN, INNER, request=POST)),
    "an inner search": collection(
        {**bundle("searchset", entry(URN, PATIENT, search=MATCH), **SEARCH), "id": "i"}
    ),
    "a search for Bundles": bundle(
        "searchset",
        entry("http://a/b/Bundle/i", INNER, search=MATCH),
        link=[{"relation": "self", "url": "http://a/b/Bundle?x=y"}],
    ),
    "an inner response without full urls": collection(
        {
            **bundle(
                "batch-response", entry(None, observation("Basic"), response={"status": "200"})
            ),
            "id": "i",
        }
    ),
    "an inner document": collection({**document(PATIENT), "id": "i"}, BASIC),
    "an inner message": collection({**message(PATIENT), "id": "i"}, BASIC),
    "a message about a Bundle": message(INNER, focus="Bundle/i"),
    "a document that lists a Bundle": document(INNER, section=("Bundle/i",)),
    "a document with urls in a Bundle that would be broken in it": document(
        PATIENT,
        {**collection(observation("http://x/y/Patient/p")), "id": "i"},
        section=("Patient/p", "Bundle/i"),
    ),
    "ids that entries of two Bundles have": collection(
        {**collection(linking("e")), "id": "i"}, linking("e")
    ),
    "contained in an entry of an inner Bundle": collection(
        {**collection(CONTAINING, PATIENT), "id": "i"}, {**CONTAINING, "id": "k"}
    ),
    "Parameters in a Bundle": collection(
        {**parameters({"resource": observation()}, {"resource": PATIENT}), "id": "i"}
    ),
    "a reference from Parameters to an entry beside them": collection(
        {**parameters({"resource": observation()}), "id": "i"}, PATIENT
    ),
    "a Bundle in Parameters": parameters({"resource": INNER}, {"resource": PATIENT}),
    "Parameters in Parameters": parameters(
        {"resource": parameters({"resource": observation()})}, {"resource": PATIENT}
    ),
    "a Bundle in a part of Parameters in a Bundle": collection(
        {**parameters({"part": [{"name": "c", "resource": INNER}]}), "id": "k"}, BASIC
    ),
}

VALID: dict[str, Json] = {
    **NESTED,
    "nothing in it": bundle("collection"),
    "by relative reference": collection(PATIENT, observation()),
    "by full url": bundle(
        "collection", entry(URN, PATIENT), entry("http://a/b/Observation/o", observation(URN))
    ),
    "by urn and id": bundle(
        "collection",
        entry(URN, {**PATIENT, "id": "q"}),
        entry(URN[:-1] + "e", observation("Patient/" + URN[9:])),
    ),
    "out of the Bundle": collection(observation("Patient/elsewhere"), PATIENT),
    "a transaction that searches": bundle(
        "transaction", entry(URN, observation("Patient?identifier=http://a/b|1"), request=POST)
    ),
    "a batch without urls": bundle("batch", entry(None, PATIENT, request=POST)),
    "a response without resources": bundle(
        "transaction-response", entry(None, None, response={"status": "201"})
    ),
    "a search": bundle(
        "searchset",
        entry("http://a/b/Patient/p", PATIENT, search=MATCH),
        entry(URN, observation(), search={"mode": "include"}),
        **SEARCH,
    ),
    "what an operation found": bundle(
        "searchset",
        entry(URN, PATIENT, search=MATCH),
        link=[{"relation": "self", "url": "http://a/Patient/$everything?x=y"}],
    ),
    "a history of one resource": bundle(
        "history",
        *[entry("http://a/b/Patient/p", PATIENT, request=POST, response={"status": "200"})] * 2,
    ),
    "contained in an entry": collection(CONTAINING, PATIENT),
    "a document": document(PATIENT),
    "a document with an entry that refers to another one": document(PATIENT, observation()),
    "a document whose subject is in it": document(
        PATIENT, BASIC, section=("http://a/b/Basic/b",), subject={"reference": "Patient/p"}
    ),
    "a message": message(PATIENT),
    "a message whose header refers to what is elsewhere": message(
        PATIENT, sender={"reference": "Organization/x"}
    ),
    "a message with an entry that nothing leads to": message(PATIENT, BASIC),
    "a message about nothing": message(PATIENT, focus=None),
    "a response with an outcome": bundle(
        "batch-response", entry("http://a/b/Patient/p", PATIENT, **outcome())
    ),
    "a link in an outcome": bundle(
        "batch-response", entry(None, None, **outcome(text=linking("e")["text"], id="e"))
    ),
    "Parameters": parameters(
        {"resource": observation()}, {"part": [{"name": "c", "resource": PATIENT}]}
    ),
    "Parameters of values": parameters({"valueString": "x"}),
}

FAULTY_NESTED: dict[str, Json] = {
    "a fault in an inner Bundle": collection(
        {**collection({**PATIENT, "gender": "mail"}), "id": "i"}, BASIC
    ),
    "a fault three Bundles deep": collection(
        {**collection({**collection({**PATIENT, "active": 1}), "id": "i"}), "id": "k"}
    ),
    "a wrong type before a right one in the outer Bundle": by_urn(
        PATIENT, by_urn(BASIC, observation(URN))
    ),
    "a wrong type behind an inner Bundle that has a right one": by_urn(
        BASIC, by_urn(PATIENT), observation(URN)
    ),
    "a wrong type of an inner Bundle": collection(
        {**by_urn(BASIC, observation(URN)), "id": "i"}, PATIENT
    ),
    "an inner Bundle of a wrong type": collection(observation("Bundle/i"), INNER),
    "an inner Bundle with two of one url": collection(
        {**bundle("collection", entry(URN, PATIENT), entry(URN, PATIENT)), "id": "i"}
    ),
    "two inner Bundles of one url": bundle(
        "collection", entry(URN, INNER), entry(URN, {**INNER, "id": "k"})
    ),
    "an inner Bundle without full urls": collection(
        {**bundle("collection", entry(None, PATIENT)), "id": "i"}
    ),
    "an inner Bundle under the url of another one": bundle(
        "collection", entry("http://a/b/Bundle/k", INNER)
    ),
    "an inner transaction without requests": collection({**INNER, "type": "transaction"}),
    "an inner reference without full url": collection(
        {**bundle("transaction", entry(None, observation(), request=POST)), "id": "i"}, PATIENT
    ),
    "an inner search that found something else": collection(
        {**bundle("searchset", entry(URN, observation(), search=MATCH), **SEARCH), "id": "i"}
    ),
    "a page of an inner collection": collection(
        {**INNER, "link": [{"relation": "next", "url": "http://a/b"}]}
    ),
    "an inner document with an entry that nothing leads to": collection(
        {**document(PATIENT, BASIC), "id": "i"}
    ),
    "an inner document that refers to what is around it": collection(
        {**document(section=("Patient/p",)), "id": "i"}, PATIENT
    ),
    "an inner message about what is around it": collection({**message(), "id": "i"}, PATIENT),
    "an inner document that does not begin with its Composition": collection(
        {**document(PATIENT), "id": "i", "entry": document(PATIENT)["entry"][::-1]}
    ),
    "a document with an entry that only an inner Bundle leads to": document(
        BASIC, {**collection(BASIC), "id": "i"}, section=("Bundle/i",)
    ),
    "a document with a Bundle that nothing leads to": document(PATIENT, INNER),
    "a document that refers to what is in a Bundle": document(
        INNER, section=("Bundle/i", "Patient/p")
    ),
    "a link of an inner narrative to nothing": collection({**collection(linking("f")), "id": "i"}),
    "a fragment of an inner entry to what the outer one contains": collection(
        CONTAINING | {"id": "c"}, {**collection(observation("#p")), "id": "i"}
    ),
    "something contained and unused in an inner Bundle": collection(
        {**collection({**PATIENT, "contained": [{**PATIENT, "id": "x"}]}), "id": "i"}
    ),
    "an id twice in an inner entry": collection(
        {**collection({**BASIC, "extension": linking("e")["extension"] * 2}), "id": "i"}
    ),
    "a wrong type beside Parameters": collection(
        {**parameters({"resource": observation("Basic/b")}), "id": "i"}, BASIC
    ),
    "a reference of an odd form in Parameters": collection(
        {**parameters({"resource": observation("Patient")}), "id": "i"}
    ),
    "a fault in a Bundle in Parameters": parameters(
        {"resource": {**INNER, "type": "transaction"}}, {"resource": PATIENT}
    ),
    "a parameter of nothing in a Bundle": collection({**parameters({}), "id": "i"}),
}

INVALID: dict[str, Json] = {
    **FAULTY_NESTED,
    "a wrong type by url": bundle(
        "collection", entry(URN, BASIC), entry("http://a/b/Observation/o", observation(URN))
    ),
    "a wrong type by name": bundle(
        "collection",
        entry(URN, {**PATIENT, "id": "q"}),
        entry(URN[:-1] + "e", observation("Group/" + URN[9:])),
    ),
    "a relative reference without full url": bundle(
        "transaction", entry(None, observation(), request=POST)
    ),
    "a reference of an odd form": collection(observation("Patient")),
    "a query that is none": bundle(
        "transaction", entry(URN, observation("Patient?x"), request=POST)
    ),
    "two of one url": bundle("collection", entry(URN, PATIENT), entry(URN, PATIENT)),
    "versions that read alike": bundle(
        "collection",
        entry("http://a/b/Patient/1", {**PATIENT, "id": "1", "meta": {"versionId": "11"}}),
        entry("http://a/b/Patient/11", {**PATIENT, "id": "11", "meta": {"versionId": "1"}}),
    ),
    "no full url": bundle("collection", entry(None, PATIENT)),
    "a full url of another resource": bundle("collection", entry("http://a/b/Patient/q", PATIENT)),
    "a full url that is relative": bundle("collection", entry("Patient/p", PATIENT)),
    "an entry of nothing": bundle("collection", entry(URN, None)),
    "a nested fault": collection({**PATIENT, "gender": "mail"}),
    "a fragment from another entry": collection(observation("#p"), CONTAINING | {"id": "c"}),
    "something contained and unused": collection(
        {**PATIENT, "contained": [{**PATIENT, "id": "x"}]}
    ),
    "a search without resource": bundle(
        "searchset", entry(URN, None, search=MATCH, response={"status": "200"})
    ),
    "a search that found something else": bundle(
        "searchset", entry(URN, observation(), search=MATCH), **SEARCH
    ),
    "a link that occurs twice": bundle(
        "searchset", link=[{"relation": "next", "url": "http://a/b"}] * 2
    ),
    "a page of a collection": bundle(
        "collection", link=[{"relation": "next", "url": "http://a/b"}]
    ),
    "a total of a collection": bundle("collection", total=1),
    "a request in a collection": bundle("collection", entry(URN, PATIENT, request=POST)),
    "a document with an entry that nothing leads to": document(PATIENT, BASIC),
    "a document without something that it refers to": document(
        PATIENT, section=("Patient/p", "Patient/q")
    ),
    "a document that refers to an entry of another server": document(
        PATIENT, observation("http://x/y/Patient/p")
    ),
    "a document that does not begin with its Composition": {
        **document(PATIENT),
        "entry": document(PATIENT)["entry"][::-1],
    },
    "an entry that a uri names under another url": {
        **document(PATIENT),
        "entry": [
            *document(PATIENT)["entry"],
            entry(
                URN,
                {
                    "resourceType": "Basic",
                    "code": {"text": "x"},
                    "subject": {"reference": "http://a/b/Patient/p"},
                    "implicitRules": "Patient/p",
                },
            ),
        ],
    },
    "an entry whose link names another one under another url": {
        **document(PATIENT),
        "entry": [
            *document(PATIENT)["entry"],
            entry(
                URN,
                {**BASIC, "id": "c", "subject": {"reference": "http://a/b/Patient/p"}},
                link=[{"relation": "self", "url": "Patient/p"}],
            ),
        ],
    },
    "an entry that only what stands beside a primitive refers to": document(
        {
            **PATIENT,
            "birthDate": "2001-05-06",
            "_birthDate": {
                "extension": [{"url": "http://x/y", "valueReference": {"reference": "Basic/b"}}]
            },
        },
        BASIC,
    ),
    "an empty document": bundle(
        "document",
        identifier={"system": "http://a", "value": "1"},
        timestamp="2020-01-01T00:00:00Z",
    ),
    "a message without its focus": message(BASIC),
    "a message that does not begin with its header": {
        **message(PATIENT),
        "entry": message(PATIENT)["entry"][::-1],
    },
    "a message that names an entry as if it stood under another url": {
        **message(PATIENT),
        "entry": [*message(PATIENT)["entry"], entry(URN, observation())],
    },
    "an empty message": bundle("message", timestamp="2020-01-01T00:00:00Z"),
    "an outcome of nothing": bundle("batch-response", entry(None, None, **outcome(issue=[]))),
    "an outcome with a fault": bundle("batch-response", entry(None, None, **outcome(id="?"))),
    "a reference of an outcome to an entry of a wrong type": bundle(
        "batch-response",
        entry(
            URN,
            PATIENT,
            response={"status": "200", "outcome": observation(URN[:-1] + "e")},
        ),
        entry(URN[:-1] + "e", BASIC, response={"status": "200"}),
    ),
    "a link of an outcome to nothing": bundle(
        "batch-response", entry(None, None, **outcome(text=linking("e")["text"]))
    ),
    "a canonical url that is the full url": bundle(
        "collection",
        entry(URN, {"resourceType": "ValueSet", "id": "v", "status": "draft", "url": URN}),
    ),
    "a parameter of nothing": parameters({}),
    "a parameter of two things": parameters({"valueString": "x", "resource": PATIENT}),
    "a parameter of a wrong type": parameters(
        {"resource": observation("Basic/b")}, {"resource": BASIC}
    ),
}


def line(resource: Json) -> bytes:
    return json.dumps(resource).encode()


@pytest.fixture(scope="module")
def fast() -> Validator:
    return Validator("structure-only")


@pytest.fixture(scope="module")
def slow() -> Validator:
    return Validator("structure-only", native=False)


@pytest.mark.parametrize("name", VALID)
def test_a_sound_bundle_is_accepted(fast: Validator, slow: Validator, name: str) -> None:
    assert slow.validate(line(VALID[name])).issues == []
    assert dict(fast.validate_block(Block(line(VALID[name]))).fallbacks) == {}


@pytest.mark.parametrize("name", INVALID)
def test_a_faulty_bundle_is_not(fast: Validator, slow: Validator, name: str) -> None:
    assert slow.validate(line(INVALID[name])).failed
    assert fast.validate_block(Block(line(INVALID[name]))).failed == {0}


def nested(depth: int) -> Json:
    made = PATIENT
    for _ in range(depth):
        made = {**collection(made), "id": "i"}
    return made


def test_bundles_in_bundles_are_walked_through_to_a_depth(fast: Validator) -> None:
    shallow, deep = Block(line(nested(25))), Block(line(nested(40)))
    assert dict(fast.validate_block(shallow).fallbacks) == {}
    assert dict(fast.validate_block(deep).fallbacks) == {"depth": 1}


def test_a_contained_bundle_is_left_to_the_explainer(fast: Validator) -> None:
    held = {**BASIC, "contained": [INNER], "subject": {"reference": "#i"}}
    assert dict(fast.validate_block(Block(line(held))).fallbacks) == {"bundle": 1}


@pytest.mark.skipif(not US_CORE.is_file(), reason="../shared is absent: no package with profiles")
@pytest.mark.parametrize("named", [True, False])
def test_what_an_entry_refers_to_follows_the_target_profile(named: bool) -> None:
    profile = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
    plan: Json = {
        "resourceType": "CarePlan",
        "id": "c",
        "meta": {"profile": [profile + "careplan"]},
        "status": "active",
        "intent": "plan",
    }
    plan["text"] = {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>',
    }
    plan["category"] = [
        {
            "coding": [
                {
                    "system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
                    "code": "assess-plan",
                }
            ]
        }
    ]
    plan["subject"] = {"reference": "Patient/p"}
    patient = {
        **PATIENT,
        "identifier": [{"system": "http://a", "value": "1"}],
        "name": [{"family": "x"}],
        **({"gender": "male"} if named else {}),
    }
    data = line(collection(plan, patient))
    fast, slow = (
        Validator("strict", packages=[str(US_CORE)]),
        Validator("strict", packages=[str(US_CORE)], native=False),
    )
    verdicts = fast.validate_block(Block(data))
    assert slow.validate(data).failed is not named
    assert (dict(verdicts.fallbacks), bool(verdicts.failed)) == (
        ({}, False) if named else ({"profile": 1}, True)
    )


REFERENCES = [
    "Patient/p",
    "Group/p",
    "#p",
    "#",
    URN,
    "http://a/b/Patient/p",
    "http://a/b/Basic/b",
    "Patient",
    "Patient/p/_history/1",
    "Patient?a=b",
]
URLS = [
    None,
    URN,
    "http://a/b/Patient/p",
    "http://a/b/Observation/o",
    "urn:oid:1.2",
    "x",
    "http://a/b",
]


def holders(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for item in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from holders(item)


def disturbed(resource: Json, rng: random.Random) -> Json:
    made = copy.deepcopy(resource)
    changes: dict[str, Callable[[], Any]] = {
        "reference": lambda: rng.choice(REFERENCES),
        "fullUrl": lambda: rng.choice(URLS),
        "id": lambda: rng.choice(["p", "q", "o", "\\u0070"]),
        "type": lambda: rng.choice(
            [
                "collection",
                "searchset",
                "history",
                "transaction",
                "batch",
                "transaction-response",
                "document",
            ]
        ),
        "resource": lambda: rng.choice(
            [PATIENT, observation(), CONTAINING, {"resourceType": "Patient"}, bundle("collection")]
        ),
        "mode": lambda: rng.choice(["match", "include", "outcome"]),
        "versionId": lambda: rng.choice(["1", "2"]),
        "title": lambda: rng.choice(["x", "Patient/p", URN + "#p"]),
        "implicitRules": lambda: rng.choice(["Patient/p", "http://a/b/Patient/p", URN + "#p"]),
        "relation": lambda: rng.choice(["self", "next", "x"]),
    }
    places = [(holder, name) for holder in holders(made) for name in changes if name in holder]
    for holder, name in rng.choices(places, k=rng.randint(1, 3)) if places else ():
        value = changes[name]()
        holder[name] = value
        if value is None:
            del holder[name]
    if "entry" in made and rng.random() < 0.3:
        made["entry"].append(copy.deepcopy(rng.choice(made["entry"])))
    return made


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from([*VALID, *INVALID]), seed=st.integers(0, 2**32))
def test_no_disturbed_bundle_is_accepted_that_the_explainer_finds_fault_with(
    fast: Validator, slow: Validator, name: str, seed: int
) -> None:
    data = line(disturbed({**VALID, **INVALID}[name], random.Random(seed)))
    if not fast.validate_block(Block(data)).fallbacks:
        assert not slow.validate(data).issues, data
