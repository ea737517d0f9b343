"""The native acceptor and the explainer have one meaning: what the one accepts the other finds
nothing in, and no verdict tells them apart.
"""

from __future__ import annotations

import copy
import gzip
import json
import pathlib
import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkfhir.validators import Level, Validator
from bulkfhir.validators.verdicts.block import Block, BlockVerdicts

pytestmark = pytest.mark.native

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHARED = ROOT / "../shared"
US_CORE = SHARED / "packages/hl7.fhir.us.core-3.1.1.tgz"
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def lines_of(path: pathlib.Path) -> list[bytes]:
    data = path.read_bytes()
    return [
        line
        for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
        if line.strip()
    ]


def is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


SAMPLE = [
    line for path in sorted((ROOT / "fixtures/sample").glob("*.ndjson*")) for line in lines_of(path)
]
READABLE = [line for line in SAMPLE if is_json(line)]
MUTATED = lines_of(ROOT / "fixtures/mutations/r4.ndjson")


@pytest.fixture(scope="module")
def fast() -> Validator:
    return Validator("structure-only")


@pytest.fixture(scope="module")
def slow() -> Validator:
    return Validator("structure-only", native=False)


def told_apart(one: BlockVerdicts, other: BlockVerdicts) -> dict[str, Any]:
    """The columns that differ, with what differs in them."""
    columns = ("numbers", "starts", "ends", "types", "ids")
    pairs = {name: (list(getattr(one, name)), list(getattr(other, name))) for name in columns}
    found: dict[str, Any] = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    found |= {
        name: (getattr(one, name), getattr(other, name))
        for name in ("failed", "crashed", "undecided")
        if getattr(one, name) != getattr(other, name)
    }
    issues = {
        at: (one.verdicts.get(at), other.verdicts.get(at))
        for at in {*one.verdicts, *other.verdicts}
        if one.verdicts.get(at) != other.verdicts.get(at)
    }
    return found | ({"verdicts": issues} if issues else {})


def accepted(validator: Validator, lines: Iterable[bytes]) -> list[bytes]:
    """The lines that no explainer saw."""
    kept = [line for line in lines if b"\n" not in line]
    verdicts = [validator.validate_block(Block(line)) for line in kept]
    return [
        line
        for line, verdict in zip(kept, verdicts, strict=True)
        if len(verdict.numbers) == 1 and not verdict.fallbacks
    ]


@pytest.mark.parametrize(
    "lines", [pytest.param(SAMPLE, id="sample"), pytest.param(MUTATED, id="mutations")]
)
def test_verdicts_are_the_same_with_and_without_it(
    fast: Validator, slow: Validator, lines: list[bytes]
) -> None:
    block = Block(b"\n".join(lines))
    assert told_apart(fast.validate_block(block), slow.validate_block(block)) == {}


def test_verdicts_are_the_same_the_second_time(fast: Validator) -> None:
    block = Block(b"\n".join(SAMPLE))
    assert told_apart(fast.validate_block(block), fast.validate_block(block)) == {}


def test_hardly_a_clean_line_is_asked_about(fast: Validator) -> None:
    verdicts = fast.validate_block(Block(b"\n".join(SAMPLE)))
    asked = sum(verdicts.fallbacks.values()) - len(verdicts.failed)
    assert asked <= len(SAMPLE) // 100, verdicts.fallbacks


@pytest.mark.parametrize("level", ["minimal", "strict"])
def test_minimal_and_strict_agree_too(level: Level) -> None:
    block = Block(b"\n".join([*SAMPLE[::3], *MUTATED[::3]]))
    one, other = (
        Validator(level, unknown_profile="warning"),
        Validator(level, unknown_profile="warning", native=False),
    )
    assert told_apart(one.validate_block(block), other.validate_block(block)) == {}


def test_warnings_send_every_line_to_the_explainer() -> None:
    assert not Validator("structure-only", warnings=True).native


def test_blank_lines_carriage_returns_and_spaces_are_placed_alike(
    fast: Validator, slow: Validator
) -> None:
    data = (
        b'\n  \n{"resourceType":"Patient","id":"a"}\r\n\n '
        b'\t{"id":"b","resourceType":"Patient"} \n{"resourceType":"Patient"}\n\n[]'
    )
    one, other = fast.validate_block(Block(data)), slow.validate_block(Block(data))
    assert told_apart(one, other) == {}
    assert (list(one.types), list(one.ids)) == (
        ["Patient", "Patient", "Patient", None],
        ["a", "b", None, None],
    )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"nul",
        b"\xff",
        b'\xef\xbb\xbf{"resourceType":"Patient"}',
        b'{"resourceType":"Patient"}{}',
        b'{"resourceType":"Patient","active":true,}',
        b'{"resourceType":"Patient","active":true,"active":true}',
        b'{"resourceType":"Patient","\\u0061ctive":true,"active":true}',
        b'{"resourceType":"Patient","id":"\\ud800"}',
        b'{"resourceType":"Patient","name":[{"family":"a\x01b"}]}',
        b'{"resourceType":"Patient","multipleBirthInteger":01}',
        b'{"resourceType":"Patient","multipleBirthInteger":1e0}',
        b'{"resourceType":"Patient","active":truefalse}',
        b'{"resourceType":"Patient","active":tru}',
        b'{"resourceType":"Patient","meta":{"security":[{"code":"a"},{"code":"a"}]}}',
        b'{"resourceType":"Patient","name":[{"id":"a","text":"x"},{"id":"a","text":"y"}]}',
        b'{"resourceType":"Patient","contact":[{"id":"a"}]}',
        b'{"resourceType":"Patient","_birthDate":{"id":"a"}}',
        b'{"resourceType":"Patient","generalPractitioner":[{"reference":"#a"}],"contained":[{"resourceType":"Patient","id":"a"}]}',
        b'{"resourceType":"Patient","contained":[{"resourceType":"Practitioner","id":"a"}]}',
        (
            b'{"resourceType":"Patient","text":{"status":"generated","div":"<div '
            b'xmlns=\\"http://www.w3.org/1999/xhtml\\"><a href=\\"#x\\">x</a></div>"}}'
        ),
        b'{"resourceType":"Patient","photo":[{"data":"AAAA","size":4}]}',
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"units"}}',
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"effectivePeriod":{"start":"2020-01-02T00:30:00+01:00","end":"2020-01-01T23:00:00Z"}}',
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"referenceRange":[{"low":{"value":1,"comparator":"<"}}]}',
        b'{"resourceType":"Patient","extension":[{"url":"x","valueCode":"y"}]}',
        b'{"resourceType":"Basic","code":{"text":"x"},"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueString":"x"}]}',
        b"[" * 5000,
        b'{"a":' * 5000,
    ],
)
def test_what_must_not_pass_does_not(fast: Validator, slow: Validator, line: bytes) -> None:
    assert accepted(fast, [line]) == []
    assert told_apart(fast.validate_block(Block(line)), slow.validate_block(Block(line))) == {}


def test_a_resource_of_half_the_limit_of_depth_is_left_to_the_explainer(fast: Validator) -> None:
    inside: dict[str, Any] = {"url": "http://example.org/a", "valueCode": "x"}
    for _ in range(100):
        inside = {"url": "http://example.org/a", "extension": [inside]}
    line = json.dumps({"resourceType": "Patient", "extension": [inside]}).encode()
    verdicts = fast.validate_block(Block(line))
    assert dict(verdicts.fallbacks) == {"depth": 1}
    assert not verdicts.failed


@pytest.mark.parametrize(
    ("digest", "fails"),
    [
        ("j32I6QGlrToF2MwN6TMT/XYCj4w=", False),
        ("j32I6QGlrToF2MwN6TMT/XYCjAA=", True),
        ("AAAA", True),
    ],
)
def test_hashes_of_attachments_are_questions(
    fast: Validator, slow: Validator, digest: str, fails: bool
) -> None:
    line = json.dumps(
        {
            "resourceType": "Patient",
            "photo": [{"contentType": "text/plain", "data": "aGVsbG8h", "hash": digest}],
        }
    ).encode()
    verdicts = fast.validate_block(Block(line))
    assert (bool(verdicts.failed), bool(verdicts.fallbacks), slow.validate(line).failed) == (
        fails,
        fails,
        fails,
    )


def test_undecided_codes_are_counted_alike(fast: Validator, slow: Validator) -> None:
    coding = '{"resourceType":"Condition","subject":{"reference":"Patient/1"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"%d"}]}}'
    language = (
        '{"resourceType":"Patient","communication":[{"language":{"coding":['
        '{"system":"urn:ietf:bcp:47","code":"%s"}]}}]}'
    )
    block = Block(
        "\n".join(
            [coding % n for n in range(5)]
            + [language % name for name in ("en", "xx", "xx", "de-CH")]
        ).encode()
    )
    one, other = fast.validate_block(block), slow.validate_block(block)
    assert one.undecided == other.undecided


# Lines made and broken at random


PIECES = [
    b"",
    b"0",
    b'"',
    b"}",
    b",",
    b"\\",
    b"null",
    b"-1",
    b" ",
    b"\x00",
    b"\xc3\xa9",
    b"[]",
    b"{}",
]


@st.composite
def broken_lines(draw: st.DrawFn) -> bytes:
    """A line of the sample with a few bytes changed, or parts of its tree moved."""
    if draw(st.booleans()):
        text = bytearray(draw(st.sampled_from(SAMPLE)))
        for _ in range(draw(st.integers(1, 3))):
            at = draw(st.integers(0, len(text) - 1))
            text[at : at + draw(st.integers(0, 3))] = draw(st.sampled_from(PIECES))
        return bytes(text)
    resource = json.loads(draw(st.sampled_from(READABLE)))
    rng = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(rng.randint(1, 3)):
        disturb(resource, rng)
    return json.dumps(resource, ensure_ascii=rng.random() < 0.5).encode()


TEXTS = ["", " ", "x", "a b", "2020", "2020-02-30", "http://a", "#a", "Patient/1", "\u00a0"]
VALUES: list[Any] = [
    *TEXTS,
    None,
    True,
    0,
    -1,
    1.5,
    10**12,
    [],
    {},
    [None],
    {"id": "a"},
    {"coding": []},
]


def places(value: Any) -> list[tuple[Any, Any]]:
    keys: Iterable[Any] = (
        value.keys()
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


def disturb(resource: Any, rng: random.Random) -> None:
    found = places(resource)
    holder, key = rng.choice(found)
    match rng.randrange(5):
        case 0:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
        case 1:
            del holder[key]
        case 2:
            other, name = rng.choice(found)
            holder[key] = json.loads(json.dumps(other[name]))
        case 3 if isinstance(holder, dict):
            holder[
                ("_" if rng.random() < 0.5 else "")
                + rng.choice([k for _, k in found if isinstance(k, str)])
            ] = copy.deepcopy(rng.choice([holder[key], *VALUES]))
        case _ if isinstance(holder[key], list):
            holder[key].append(copy.deepcopy(rng.choice(VALUES)))
        case _:
            holder[key] = [holder[key]]


@QUICK
@given(st.lists(broken_lines(), min_size=1, max_size=8))
def test_nothing_is_accepted_that_the_explainer_finds_fault_with(
    fast: Validator, slow: Validator, lines: list[bytes]
) -> None:
    for line in accepted(fast, lines):
        assert not slow.validate(line).issues, line


@st.composite
def made_resources(draw: st.DrawFn, slow: Validator) -> bytes:
    """A resource of any type, with properties that its type has and values that are right or nearly
    so.
    """
    schema = slow._errors.schema
    rng = random.Random(draw(st.integers(0, 2**32)))
    kind = draw(
        st.sampled_from(
            (
                "Patient Observation Encounter Claim Questionnaire CarePlan Basic "
                "MedicationRequest "
                "ValueSet Consent Bundle"
            ).split()
        )
    )
    return json.dumps({"resourceType": kind, **made_object(schema, kind, rng, 0)}).encode()


PRIMITIVES: dict[str, list[Any]] = {
    "boolean": [True, False, "true"],
    "integer": [0, -1, 5, 2**31],
    "positiveInt": [1, 2, 0],
    "unsignedInt": [0, 3, -1],
    "decimal": [1.0, -2.5, 100, 1e3],
    "date": ["2020", "2020-02", "2020-02-29", "2019-02-29"],
    "dateTime": [
        "2020",
        "2020-02-29T10:00:00Z",
        "2020-02-29T10:00:00+02:00",
        "2020-02-29T10:00:00",
    ],
    "instant": ["2020-02-29T10:00:00.1Z", "2020-02-29"],
    "time": ["10:00:00", "10:00"],
    "id": ["a", "a_b"],
    "code": ["final", "active", "male", "completed", "en", "a b", "draft"],
    "uri": ["http://example.org/a", "urn:oid:1.2.3", "a b"],
    "url": ["http://example.org/a"],
    "canonical": ["http://example.org/a|1", "a"],
    "base64Binary": ["AAAA", "AAA"],
    "xhtml": ['<div xmlns="http://www.w3.org/1999/xhtml">x</div>', "<div>x</div>"],
}


def made_object(schema: Any, name: str, rng: random.Random, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    properties = list(schema.properties(name).values())
    wanted = [p for p in properties if p.element.min] + rng.sample(
        properties, min(len(properties), rng.randint(1, 3))
    )
    for found in wanted:
        if found.type == "Resource" or (depth > 3 and not found.is_primitive):
            continue
        value = (
            rng.choice(PRIMITIVES.get(found.type, ["x", "Patient/1"]))
            if found.is_primitive
            else made_object(schema, found.type, rng, depth + 1)
        )
        made[found.json_name] = [value] if found.is_list else value
    return made


@QUICK
@given(data=st.data())
def test_nothing_made_is_accepted_that_the_explainer_finds_fault_with(
    fast: Validator, slow: Validator, data: st.DataObject
) -> None:
    line = data.draw(made_resources(slow))
    for one in accepted(fast, [line]):
        assert not slow.validate(one).issues, one


@pytest.mark.skipif(
    not SHARED.is_dir(), reason="../shared is absent: no mutated lines of every type"
)
def test_mutated_lines_of_every_type_have_the_same_verdicts(
    fast: Validator, slow: Validator
) -> None:
    block = Block(b"\n".join(lines_of(SHARED / "ndjson/mutated-r4.ndjson.gz")[::80]))
    assert told_apart(fast.validate_block(block), slow.validate_block(block)) == {}


@pytest.mark.skipif(not US_CORE.is_file(), reason="../shared is absent: no package with profiles")
def test_profiles_have_the_same_verdicts() -> None:
    block = Block(b"\n".join(lines_of(SHARED / "ndjson/mutated-us-core-3.1.1.ndjson.gz")[::40]))
    one, other = (
        Validator("strict", packages=[str(US_CORE)]),
        Validator("strict", packages=[str(US_CORE)], native=False),
    )
    verdicts = one.validate_block(block)
    assert told_apart(verdicts, other.validate_block(block)) == {}
    assert sum(verdicts.fallbacks.values()) - len(verdicts.failed) < 40
