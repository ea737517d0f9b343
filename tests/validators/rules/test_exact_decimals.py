"""fixed[x] and pattern[x] of decimals: the digits are part of the value (FHIR R4, section 5.3.5).

The kinds were compared with HL7's validator, not each line.
"""

from __future__ import annotations

import json

import pytest

from .guides import OWN, guide, line, profile

KG = '"system":"http://unitsofmeasure.org","code":"kg"'
WRITTEN = ("1", "1.0", "1.00", "100", "1e2", "0.1", "0.10")


def exact(name: str, key: str, value: str, path: str = "Observation.value[x]") -> str:
    """A profile as JSON text, since how the number is written is what the test is about."""
    made = profile(name, "Observation", {"path": "Observation"}, {"path": path, key: "@"})
    return json.dumps(made).replace('"@"', value)


def quantity(value: str) -> str:
    return f'{{"value":{value},{KG}}}'


PROFILES = [
    made
    for number, value in enumerate(WRITTEN)
    for made in (
        exact(f"fixed-{number}", "fixedQuantity", quantity(value)),
        exact(f"pattern-{number}", "patternQuantity", quantity(value)),
        exact(f"range-{number}", "patternRange", f'{{"low":{quantity(value)}}}'),
    )
]


def observation(name: str, key: str, value: str) -> bytes:
    made = line("Observation", name, id="o", status="final", code={"text": "x"}, **{key: "@"})
    return json.dumps(made).replace('"@"', value).encode()


@pytest.fixture(scope="module")
def judge(judging, tmp_path_factory):
    return judging("strict", packages=(guide(tmp_path_factory.mktemp("guide"), PROFILES),))


def rules(judge, data: bytes) -> list[str]:
    return [issue.rule for issue in judge.validate(data).issues if issue.fails]


@pytest.mark.parametrize("given", WRITTEN)
@pytest.mark.parametrize("number", range(len(WRITTEN)), ids=WRITTEN)
def test_a_decimal_is_the_one_that_is_written_alike(judge, number, given):
    wanted = [] if WRITTEN[number] == given else ["fixed-value"]
    assert rules(judge, observation(f"fixed-{number}", "valueQuantity", quantity(given))) == wanted
    wanted = [] if WRITTEN[number] == given else ["pattern"]
    assert (
        rules(judge, observation(f"pattern-{number}", "valueQuantity", quantity(given))) == wanted
    )
    inside = f'{{"low":{quantity(given)},"high":{quantity("500")}}}'
    assert rules(judge, observation(f"range-{number}", "valueRange", inside)) == wanted


def test_a_profile_as_fixed_shows_its_digits(judge):
    (issue,) = judge.validate(observation("fixed-2", "valueQuantity", quantity("1"))).issues
    assert '"value":1.00' in issue.diagnostics
    assert issue.profile == OWN + "fixed-2"


def test_what_stays_undecided_is_counted_once_though_a_line_is_read_twice(judge):
    unknown = '{"coding":[{"system":"http://loinc.org","code":"1-8"}]}'
    data = observation("pattern-1", "valueQuantity", quantity("1.0"))
    data = data.replace(b'{"text": "x"}', b'{"text": "x"}, "category": [' + unknown.encode() + b"]")
    before = judge.undecided.copy()
    assert rules(judge, data) == []
    once = judge.undecided - before
    before = judge.undecided.copy()
    assert rules(judge, data.replace(b"1.0,", b"1.0 ,")) == []
    assert judge.undecided - before == once
