"""Lines put into one another: resources as entries of a Bundle, in Parameters, contained; Bundles
and Parameters among them, with references from one to another; documents and messages; full urls
right and nearly so.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

__all__ = ["wrapped"]

_NAME = re.compile(rb'"resourceType":"(\w+)"')
_ID = re.compile(rb'"id":"([^"]*)"')
_REFERENCE = re.compile(rb'"reference":"([^"]*)"')
_FULL_URL = re.compile(rb'"fullUrl":"([^"]*)"')
_URN = b"urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e%02x"
_KINDS = (
    b"collection",
    b"batch",
    b"transaction",
    b"searchset",
    b"history",
    b"batch-response",
    b"transaction-response",
    b"document",
    b"message",
)
_BESIDE = {
    b"batch": b',"request":{"method":"PUT","url":"%s"}',
    b"transaction": b',"request":{"method":"PUT","url":"%s"}',
    b"searchset": b',"search":{"mode":"match"}',
    b"history": b',"request":{"method":"PUT","url":"%s"},"response":{"status":"200"}',
    b"batch-response": b',"response":{"status":"200","location":"%s"}',
    b"transaction-response": b',"response":{"status":"200","location":"%s"}',
}
_LEADING = {
    b"document": b'{"resourceType":"Composition","id":"c","status":"final","type":{"text":"x"},'
    b'"date":"2020","author":[{"display":"x"}],"title":"x","section":[{"title":"x","entry":[%s]}]}',
    b"message": b'{"resourceType":"MessageHeader","id":"h","eventUri":"http://a.example/e",'
    b'"source":{"endpoint":"http://a.example/s"},"focus":[%s]}',
}
"""What a kind of Bundle begins with, and where it refers to what follows."""
_DATED = (
    b',"identifier":{"system":"http://a.example/n","value":"1"},"timestamp":"2020-01-01T00:00:00Z"'
)


def wrapped(lines: Iterator[bytes], rng: random.Random) -> Iterator[bytes]:
    """Lines without end, each made of one to three of those given, some of up to twelve: objects in
    JSON without white space.
    """
    before = next(lines)
    while True:
        count = rng.randint(1, 3) if rng.random() < 0.75 else rng.randint(4, 12)
        inside = [next(lines) for _ in range(count)]
        is_nested = rng.random() < 0.25
        if is_nested:  # a Bundle in a Bundle, or in Parameters
            inside.insert(rng.randrange(len(inside) + 1), before)
        shape = rng.random()
        before = (
            _bundle(inside, rng)
            if shape < 0.6
            else _parameters(inside, rng)
            if shape < 0.8
            else _containing(inside[0], rng)
        )
        if is_nested and rng.random() < 0.6:
            before = _crossed(before, rng)
        yield before


def _crossed(line: bytes, rng: random.Random) -> bytes:
    """Some references lead to entries, be they in another Bundle than these, by full url or by type
    and id; mostly to one of the type that the reference named.
    """
    urls = _FULL_URL.findall(line)
    for _ in range(rng.randint(1, 3) if urls else 0):
        places = list(_REFERENCE.finditer(line))
        if not places:
            return line
        place = rng.choice(places)
        name = place[1].rpartition(b"/")[0].rpartition(b"/")[2]
        fitting = [url for url in urls if b"/%s/" % name in url]
        url = rng.choice(fitting if fitting and rng.random() < 0.8 else urls)
        short = b"/".join(url.rsplit(b"/", 2)[-2:])
        line = line[: place.start(1)] + rng.choice((url, short)) + line[place.end(1) :]
    return line


def _bundle(inside: list[bytes], rng: random.Random) -> bytes:
    kind = rng.choice(_KINDS[:-2]) if rng.random() < 0.8 else rng.choice(_KINDS[-2:])
    urns, slips = rng.random() < 0.4, rng.choice((0, 0.1))
    if kind in _LEADING and rng.random() < 0.9:
        inside = [_leading(kind, inside, urns, rng), *inside]
    entries = []
    for number, line in enumerate(inside):
        name, identity = _named(line, rng)
        url = b'"fullUrl":"%s",' % (
            _URN % number if urns else b"http://a.example/fhir/%s/%s" % (name, identity)
        )
        if rng.random() < slips:
            url = rng.choice(
                (
                    b"",
                    b'"fullUrl":"%s/%s",' % (name, identity),
                    b'"fullUrl":"%s",' % (_URN % 0),
                    url.replace(b"a", b"\\u0061", 1),
                )
            )
        beside = _BESIDE.get(kind, b"").replace(b"%s", b"%s/%s" % (name, identity))
        if rng.random() < slips / 2:
            beside = b""
        if b"response" in kind and rng.random() < 0.2:
            beside = beside.replace(b'"status"', b'"outcome":%s,"status"' % rng.choice(inside))
        entries.append(b'{%s"resource":%s%s}' % (url, line, beside))
    if urns and rng.random() < 0.5:
        entries = [_referring(entry, _URN % 0, rng) for entry in entries]
    link = (
        b',"link":[{"relation":"self","url":"http://a.example/fhir/%s?x=y"}]'
        % _named(inside[0], rng)[0]
        if rng.random() < 0.2
        else b""
    )
    if link and rng.random() < 0.2:
        link = link[:-1] + b"," + link[9:]
    return b'{"resourceType":"Bundle",%s"type":"%s"%s%s,"entry":[%s]}' % (
        _own_id(rng),
        kind,
        _DATED if kind in _LEADING else b"",
        link,
        b",".join(entries),
    )


def _leading(kind: bytes, inside: list[bytes], urns: bool, rng: random.Random) -> bytes:
    """The Composition or MessageHeader of a Bundle of those lines, which refers to them."""
    named = [
        _URN % number if urns else b"%s/%s" % _named(line, rng)
        for number, line in enumerate(inside, 1)
    ]
    if kind == b"message" or rng.random() < 0.1:
        named = rng.sample(named, rng.randint(1, len(named)))
    return _LEADING[kind] % b",".join(b'{"reference":"%s"}' % one for one in named)


def _parameters(inside: list[bytes], rng: random.Random) -> bytes:
    names, ids = zip(*(_named(line, rng) for line in inside), strict=True)
    if rng.random() < 0.5:
        inside = [_referring(line, b"%s/%s" % (names[-1], ids[-1]), rng) for line in inside]
    given = [b'{"name":"x","resource":%s}' % line for line in inside]
    if rng.random() < 0.3:
        given[0] = b'{"name":"y","part":[%s]}' % given[0]
    return b'{"resourceType":"Parameters",%s"parameter":[%s]}' % (_own_id(rng), b",".join(given))


def _own_id(rng: random.Random) -> bytes:
    return b'"id":"%d",' % rng.randrange(1000) if rng.random() < 0.8 else b""


def _containing(line: bytes, rng: random.Random) -> bytes:
    if found := _ID.search(line):
        line = (
            line[: found.start(1)]
            + rng.choice((b"c", b"c", b"c", b"d", b"\\u0063"))
            + line[found.end(1) :]
        )
    return (
        b'{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"#c"},"contained":[%s]}'
        % line
    )


def _referring(text: bytes, target: bytes, rng: random.Random) -> bytes:
    """One of the references in the text leads to the target."""
    places = list(_REFERENCE.finditer(text))
    if not places:
        return text
    start, end = rng.choice(places).span(1)
    return text[:start] + target + text[end:]


def _named(line: bytes, rng: random.Random) -> tuple[bytes, bytes]:
    name, identity = _NAME.search(line), _ID.search(line)
    return name[1] if name else b"Patient", identity[
        1
    ] if identity and rng.random() < 0.97 else b"1"
