"""Resource meta: what is read of it without the rest of the resource is what the whole says."""

from __future__ import annotations

import random

import orjson
import pytest

from bulkfhir.engine.sinks import resource_meta
from bulkfhir.engine.sinks.resource_meta import NO_META, may_have_meta, meta_of

META = b'{"versionId":"3","lastUpdated":"1970-01-01T00:00:00.000002Z","profile":["http://a"]}'
TAKEN = (b"3", 2, (b"http://a",))
START = b'{"resourceType":"Patient","id":"a"'


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        pytest.param(START + b',"meta":' + META + b',"x":[{}]}', False, id="first"),
        pytest.param(b' {"meta" : \t' + META + b"}", False, id="spaces"),
        pytest.param(START + b',"x":[{}],"meta":' + META + b"}", True, id="behind-others"),
        pytest.param(START + b',"x":"{","meta":' + META + b"}", True, id="behind-a-brace"),
        pytest.param(START + b',"x":"\\"","meta":' + META + b"}", True, id="behind-an-escape"),
        pytest.param(
            START + b',"x":[1e400],"meta":' + META + b"}", True, id="behind-a-number-out-of-range"
        ),
        pytest.param(START + b',"m\\u0065ta":' + META + b"}", True, id="escaped-name"),
        pytest.param(
            START + b',"meta":{},"m\\u0065ta":' + META + b"}", True, id="twice-once-escaped"
        ),
        pytest.param(START + b',"meta":{},"meta":' + META + b"}", True, id="twice"),
        pytest.param(b'{"id":"meta","meta":' + META + b"}", True, id="a-value"),
        pytest.param(b'{"x":{"meta":{}},"meta":' + META + b"}", True, id="below"),
        pytest.param(b'{"x":["meta"],"meta":' + META + b"}", True, id="in-a-list"),
        pytest.param(
            b'{"meta":{"a":"}",' + META[1:] + b"}", True, id="a-brace-that-closes-in-a-string"
        ),
        pytest.param(
            b'{"meta":{"a":"{",' + META[1:] + b',"x":{}}', True, id="a-brace-that-opens-in-a-string"
        ),
        pytest.param(
            b'{"meta":{"tag":[' + b",".join([b"{}"] * 50) + b"]," + META[1:] + b"}",
            True,
            id="many-braces",
        ),
    ],
)
def test_meta_is_found_wherever_it_is(
    line: bytes, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = list[bytes]()

    class Loads:
        JSONDecodeError = orjson.JSONDecodeError

        @staticmethod
        def loads(text: bytes) -> object:
            read.append(text)
            return orjson.loads(text)

    resource_meta._read.cache_clear()
    monkeypatch.setattr(resource_meta, "orjson", Loads)
    assert may_have_meta(line)
    assert meta_of(line) == TAKEN
    assert (line in read) is whole


@pytest.mark.parametrize(
    "line",
    [
        b'{"x":{"meta":' + META + b"}}",
        b'{"x":[{"meta":' + META + b"}]}",
        b'{"x":"\\"meta\\":{}"}',
        b'{"id":"meta"}',
        b'{"meta":null}',
        b'{"meta":[{"versionId":"3"}]}',
    ],
)
def test_what_is_no_meta_of_the_resource_is_none(line: bytes) -> None:
    assert meta_of(line) == NO_META


def test_a_line_without_the_name_has_none() -> None:
    assert not may_have_meta(START + b',"text":"a\\nb meta"}')


def test_any_resource_says_what_it_says_when_it_is_read_whole() -> None:
    chance = random.Random(15)
    pieces = [
        *(b'"meta":', b'"m\\u0065ta":', b'"x":', META, b"{", b"}", b"[", b"]", b'"{"', b'"}"'),
        *(b'"\\""', b'"meta"', b",", b"1", b"{}", b" ", START, b'"versionId":"4"'),
    ]
    valid = 0
    while valid < 300:
        line = b"{" + b"".join(chance.choices(pieces, k=chance.randrange(1, 9))) + b"}"
        try:
            resource = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        valid += 1
        expected = resource_meta._taken(resource.get("meta"))
        assert (meta_of(line) if may_have_meta(line) else NO_META) == expected, line
