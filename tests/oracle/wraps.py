"""Lines put into one another: resources as entries of a Bundle, in Parameters, contained; Bundles
among them, full urls right and nearly so.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

__all__ = ["wrapped"]

_NAME = re.compile(rb'"resourceType":"(\w+)"')
_ID = re.compile(rb'"id":"([^"]*)"')
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


def wrapped(lines: Iterator[bytes], rng: random.Random) -> Iterator[bytes]:
    """Lines without end, each made of one to three of those given, some of up to twelve: objects in
    JSON without white space.
    """
    before = next(lines)
    while True:
        count = rng.randint(1, 3) if rng.random() < 0.75 else rng.randint(4, 12)
        inside = [next(lines) for _ in range(count)]
        if rng.random() < 0.1:
            inside.append(before)  # a Bundle in a Bundle, or in Parameters
        shape = rng.random()
        before = (
            _bundle(inside, rng)
            if shape < 0.6
            else _parameters(inside, rng)
            if shape < 0.8
            else _containing(inside[0], rng)
        )
        yield before


def _bundle(inside: list[bytes], rng: random.Random) -> bytes:
    kind = rng.choice(_KINDS[:-2]) if rng.random() < 0.9 else rng.choice(_KINDS)
    urns = rng.random() < 0.4
    entries = []
    for number, line in enumerate(inside):
        name, identity = _named(line, rng)
        url = b'"fullUrl":"%s",' % (
            _URN % number if urns else b"http://a.example/fhir/%s/%s" % (name, identity)
        )
        if rng.random() < 0.1:
            url = rng.choice(
                (
                    b"",
                    b'"fullUrl":"%s/%s",' % (name, identity),
                    b'"fullUrl":"%s",' % (_URN % 0),
                    url.replace(b"a", b"\\u0061", 1),
                )
            )
        beside = _BESIDE.get(kind, b"").replace(b"%s", b"%s/%s" % (name, identity))
        entries.append(b'{%s"resource":%s%s}' % (url, line, beside if rng.random() < 0.95 else b""))
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
    return b'{"resourceType":"Bundle","type":"%s"%s,"entry":[%s]}' % (
        kind,
        link,
        b",".join(entries),
    )


def _parameters(inside: list[bytes], rng: random.Random) -> bytes:
    names, ids = zip(*(_named(line, rng) for line in inside), strict=True)
    if rng.random() < 0.5:
        inside = [_referring(line, b"%s/%s" % (names[-1], ids[-1]), rng) for line in inside]
    given = [b'{"name":"x","resource":%s}' % line for line in inside]
    if rng.random() < 0.3:
        given[0] = b'{"name":"y","part":[%s]}' % given[0]
    return b'{"resourceType":"Parameters","parameter":[%s]}' % b",".join(given)


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
    places = list(re.finditer(rb'"reference":"([^"]*)"', text))
    if not places:
        return text
    start, end = rng.choice(places).span(1)
    return text[:start] + target + text[end:]


def _named(line: bytes, rng: random.Random) -> tuple[bytes, bytes]:
    name, identity = _NAME.search(line), _ID.search(line)
    return name[1] if name else b"Patient", identity[
        1
    ] if identity and rng.random() < 0.97 else b"1"
