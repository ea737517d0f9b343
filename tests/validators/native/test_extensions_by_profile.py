"""Extensions whose values seldom come again: their profile tells them natively, and what is said of
each that is not in order is what the explainer says.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from bulkfhir.validators import Block
from bulkfhir.validators.rules import extension as rule

from .test_sites_of_profiles import Pair, apart

pytestmark = pytest.mark.native

Json = dict[str, Any]
CORE = "http://hl7.org/fhir/StructureDefinition/"


def part(url: str, **value: Any) -> Json:
    return {"url": url, **value}


def position(*parts: Json, **more: Any) -> Json:
    return {"url": CORE + "geolocation", "extension": list(parts), **more}


def at(latitude: float, longitude: float = 13.5) -> Json:
    north, east = part("latitude", valueDecimal=latitude), part("longitude", valueDecimal=longitude)
    return position(north, east)


def home(extension: Json) -> Json:
    address = {"city": "Berlin", "extension": [extension]}
    return {"resourceType": "Patient", "id": "p", "address": [address]}


def born(**value: Any) -> Json:
    extension = {"url": CORE + "patient-birthPlace", **value}
    return {"resourceType": "Patient", "id": "p", "extension": [extension]}


NORTH, EAST = part("latitude", valueDecimal=52.5), part("longitude", valueDecimal=13.5)
FAULTY = {
    "a part that is not named": home(position(NORTH, EAST, part("altitude", valueDecimal=3.5))),
    "a part whose url is absolute": home(position(NORTH, EAST, part("http://a/b", valueDecimal=1))),
    "a part twice": home(position(NORTH, EAST, EAST)),
    "a part that is missing": home(position(NORTH)),
    "a part of another type": home(position(NORTH, part("longitude", valueString="13.5"))),
    "a part without a value": home(position(NORTH, part("longitude"))),
    "a part without a url": home(position(NORTH, EAST, {"valueDecimal": 3.5})),
    "a part of parts": home(position(NORTH, part("longitude", extension=[EAST]))),
    "a value beside parts": home(position(NORTH, EAST, valueString="x")),
    "no parts": home(position()),
    "nothing but the url": home({"url": CORE + "geolocation"}),
    "a version in the url": home({**at(52.5), "url": CORE + "geolocation|4.0.1"}),
    "a decimal that is none": home(at("x")),  # type: ignore[arg-type]
    "an unknown name": home({**at(52.5), "colour": "red"}),
    "an unknown name in a part": home(position(NORTH, {**EAST, "colour": "red"})),
    "another place": {"resourceType": "Patient", "id": "p", "extension": [at(52.5)]},
    "a modifier": {"resourceType": "Patient", "id": "p", "modifierExtension": [at(52.5)]},
    "another type": born(valueHumanName={"family": "x"}),
    "no value": born(),
    "a value whose code is none": born(valueAddress={"city": "x", "use": "yonder"}),
    "a date that is none": born(valueAddress={"city": "x", "period": {"start": "yesterday"}}),
    "a period that ends before it begins": born(
        valueAddress={"city": "x", "period": {"start": "2024-05-05", "end": "2023-05-05"}}
    ),
    "an id alone beside it": born(valueAddress={"city": "x"}, id="here"),
}


@pytest.fixture(scope="module", params=["structure-only", "strict"])
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(request.param, ())


def lines(*resources: Json) -> list[bytes]:
    return [json.dumps(one).encode() for one in resources]


def block(*resources: Json) -> Block:
    return Block(b"\n".join(lines(*resources)), codes=True)


def in_bundle(resource: Json) -> Json:
    entry = {"fullUrl": "http://a/Patient/p", "resource": resource}
    return {"resourceType": "Bundle", "type": "collection", "entry": [entry]}


@pytest.mark.parametrize("name", FAULTY)
def test_what_is_said_of_one_that_is_not_in_order(pair: Pair, name: str) -> None:
    faulty, clean = FAULTY[name], home(at(48.25))
    for resources in (
        [faulty],
        [clean, faulty, clean],
        [in_bundle(faulty)],
        [in_bundle(faulty), in_bundle(clean)],
    ):
        assert apart((pair.native, pair.slow), *lines(*resources)) == []


def test_one_that_was_never_met_is_not_asked_about(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [born(valueAddress={"city": "x", "period": {"start": "2024-01-01"}}), home(at(1.5))]
    pair.native.validate_block(block(*places))
    asked: list[str] = []
    stated = rule.Extensions._stated

    def noted(self: Any, value: Json, url: str, *rest: Any) -> Any:
        asked.append(url)
        return stated(self, value, url, *rest)

    monkeypatch.setattr(rule.Extensions, "_stated", noted)
    others = [
        *(home(at(number + 0.25, -number - 0.5)) for number in range(2, 60)),
        *(born(valueAddress={"city": f"town {number}"}) for number in range(60)),
    ]
    found = pair.native.validate_block(block(*others))
    assert (list(found.failed), found.fallbacks, asked) == ([], {}, [])
    pair.native.validate_block(block(home(position(part("latitude", valueDecimal=77.5)))))
    assert asked, "what is in doubt is"
