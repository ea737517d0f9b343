"""One meaning, a short form of tests/oracle/one_meaning.py: broken lines and made resources have
the same verdicts natively and explained.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import random
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parents[2] / "oracle")
)  # scripts that lie beside the tests, outside any package
from generator import Generator
from made import Maker
from one_meaning import Pair, made_lines, mutated_lines
from spelling import Lexeme, spelled
from wraps import wrapped

QUICK = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.native
def test_broken_resources_of_every_type_have_the_same_verdicts(base: Pair) -> None:
    rng = random.Random(1)
    generator = Generator(base.catalogue, rng)
    material = {
        name: [generator.resource(name, density) for density in (0.05, 0.3)]
        for name in base.catalogue.resource_types
    }
    said, verdicts = base.told_apart(
        list(itertools.islice(mutated_lines(material, base.catalogue, rng, "base"), 300))
    )
    assert said == []
    assert 0 < sum(verdicts.fallbacks.values()) < len(verdicts.numbers)


@pytest.mark.native
@pytest.mark.parametrize("fixture", ["base", "strict"])
def test_made_resources_of_every_type_have_the_same_verdicts(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    pair = request.getfixturevalue(fixture)
    said, verdicts = pair.told_apart(
        list(itertools.islice(made_lines(pair, random.Random(3)), 200))
    )
    assert said == []
    assert 0 < len(verdicts.failed) < len(verdicts.numbers)
    assert 0 < sum(verdicts.fallbacks.values()) < len(verdicts.numbers)


@pytest.mark.native
@QUICK
@given(rng=st.randoms(use_true_random=False), data=st.data())
def test_whatever_hypothesis_makes_has_one_verdict(
    base: Pair, rng: random.Random, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(base.catalogue.resource_types))
    maker = Maker(
        base.slow._errors.schema,
        base.catalogue,
        rng,
        wrong=data.draw(st.sampled_from([0.0, 0.02, 0.1])),
    )
    line = spelled(maker.resource(name), rng, data.draw(st.sampled_from([0.0, 0.3])))
    assert base.told_apart([line.replace(b"\n", b" ")])[0] == []


@pytest.mark.native
@pytest.mark.parametrize(
    "line",
    [
        rb'{"resourceType":"Patient","id":"\u0061"}',
        rb'{"resourceType":"Patient","\u0069d":"a"}',
        rb'{"\u0072esourceType":"Patient","id":"a"}',
        rb'{"resourceType":"P\u0061tient","id":"a"}',
        rb'{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"\u0061"}],"link":[{"other":{"reference":"#a"},"type":"refer"}]}',
        rb'{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"a"}],"link":[{"other":{"reference":"#\u0061"},"type":"refer"}]}',
        rb'{"resourceType":"Patient","meta":{"profile":["http:\/\/example.org\/fhir\/StructureDefinition\/nobody-knows"]}}',
    ],
)
def test_escapes_in_what_is_looked_up_change_nothing(base: Pair, strict: Pair, line: bytes) -> None:
    assert base.told_apart([line])[0] == []
    assert strict.told_apart([line])[0] == []


_BUNDLES = [
    b'"type":"message"',
    b'"type":"collection","link":[{"relation":"self","url":"http://a"},{"relation":"self","url":"http://a"}]',
    b'"type":"batch","entry":[{"fullUrl":"Patient/1","request":{"method":"GET","url":"x"}}]',
    b'"type":"batch-response","entry":[{"fullUrl":"http://a","response":{"status":"200"}},{"fullUrl":"http://a","response":{"status":"200"}}]',
]
_AROUND = [
    b'{"resourceType":"Parameters","parameter":[{"name":"x","resource":%s}]}',
    b'{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d","resource":%s}]}',
    b'{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"#b"},"contained":[%s]}',
]


@pytest.mark.native
@pytest.mark.parametrize("around", _AROUND, ids=["parameters", "entry", "contained"])
@pytest.mark.parametrize("inside", _BUNDLES, ids=["message", "links", "batch", "response"])
def test_a_bundle_inside_is_judged_as_one(base: Pair, inside: bytes, around: bytes) -> None:
    line = around % (b'{"resourceType":"Bundle","id":"b",%s}' % inside)
    said, verdicts = base.told_apart([line])
    assert said == []
    assert verdicts.failed


@pytest.mark.native
def test_ids_in_parameters_are_the_same_with_escapes(base: Pair) -> None:
    line = (
        rb'{"resourceType":"Parameters","parameter":[{"name":"x",'
        rb'"resource":{"resourceType":"Patient","id":"\u0061"}}]}'
    )
    said, verdicts = base.told_apart([line])
    assert said == []
    assert not verdicts.fallbacks


@pytest.mark.native
@pytest.mark.parametrize("host", ["a.example", "a~b", "a@b/x", "a?x"])
def test_a_canonical_url_is_a_full_url_only_on_a_server(base: Pair, host: str) -> None:
    url = f"http://{host}/ValueSet/v".encode()
    held = b'{"resourceType":"ValueSet","id":"v","status":"draft","url":"%s"}' % url
    said, verdicts = base.told_apart(
        [
            b'{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"%s","resource":%s}]}'
            % (url, held)
        ]
    )
    assert said == []
    assert bool(verdicts.failed) == (host != "a.example")


@pytest.mark.native
@pytest.mark.parametrize("seed", [1, 2])
def test_resources_inside_others_have_the_same_verdicts(base: Pair, seed: int) -> None:
    rng = random.Random(seed)
    generator = Generator(base.catalogue, rng)
    lines = [
        json.dumps(generator.resource(name, 0.1), separators=(",", ":")).encode()
        for name in ("Patient", "Observation", "Basic", "Device") * 6
    ]
    said, verdicts = base.told_apart(
        list(itertools.islice(wrapped(iter(lambda: rng.choice(lines), b""), rng), 150))
    )
    assert said == []
    assert 0 < sum(verdicts.fallbacks.values()) < len(verdicts.numbers)


def test_odd_spellings_are_still_the_same_json() -> None:
    value = {"a/b": ["\u00e9\U0001f600", None, True, {"": Lexeme("1.50")}], "c": 'q"\\\n'}
    lines = {spelled(value, random.Random(seed), 0.6) for seed in range(50)}
    assert len(lines) > 40
    assert all(
        json.loads(line) == {"a/b": ["\u00e9\U0001f600", None, True, {"": 1.5}], "c": 'q"\\\n'}
        for line in lines
    )
