"""Resource meta: what is read of it without the rest of the resource is what the whole says."""

from __future__ import annotations

import random
import sys

import orjson
import pytest

from bulkfhir.engine.columns import plain_metas
from bulkfhir.engine.columns.words import words
from bulkfhir.engine.sinks import resource_meta
from bulkfhir.engine.sinks.resource_meta import NO_META, Meta, metas_of

META = b'{"versionId":"3","lastUpdated":"1970-01-01T00:00:00.000002Z","profile":["http://a"]}'
TAKEN = (b"3", 2, (b"http://a",))
START = b'{"resourceType":"Patient","id":"a"'


@pytest.fixture(autouse=True, params=[pytest.param("native", marks=pytest.mark.native), "python"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of metas are found natively, and in Python."""
    if request.param == "python":
        monkeypatch.setattr(resource_meta, "metas", plain_metas.metas)
    else:
        from bulkfhir import _native

        assert resource_meta.metas is _native.metas


def meta_of(line: bytes) -> Meta:
    numbers, found = metas_of(b"#" + line + b"#", words([1]), words([1 + len(line)]))
    return found[int.from_bytes(numbers, sys.byteorder)]


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


def test_a_line_without_the_name_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_meta, "orjson", None)
    assert meta_of(START + b',"text":"a\\nb meta"}') == NO_META


def test_lines_of_a_block_have_each_its_own() -> None:
    lines = [
        START + b',"meta":' + META + b"}",
        START + b"}",
        START + b',"m\\u0065ta":' + META + b"}",
    ]
    ends = [sum(map(len, lines[: place + 1])) for place in range(3)]
    numbers, found = metas_of(b"".join(lines), words([0, *ends[:2]]), words(ends))
    assert [found[number] for number in memoryview(numbers).cast("I")] == [TAKEN, NO_META, TAKEN]


def test_metas_are_found_natively_as_in_python() -> None:
    chance = random.Random(3)
    pieces = [b'"meta":', META, b"{", b"}", b"[", b'"', b"\\u00", b"\\", b" ", b":", b"\f", b"x"]
    for _ in range(2_000):
        line = b"{" + b"".join(chance.choices(pieces, k=chance.randrange(1, 9)))
        spans = words([0]), words([len(line)])
        assert resource_meta.metas(line, *spans) == plain_metas.metas(line, *spans), line


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
        assert meta_of(line) == expected, line
