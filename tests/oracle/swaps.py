"""Lines changed where they stand: a value, a name or a whole member replaced, lost or repeated in
the text, without a look at what it means.

Values come from other lines that have the same name, or out of the tables of right and wrong ones:
many results are still valid, most of the rest have one fault. It is a hundred times as fast as a
mutation of the tree.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from made import RIGHT, WRONG
from spelling import spelled

__all__ = ["swapped"]

_MEMBER = re.compile(rb'"(\w+)":("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false)(?=([,}]))')
_PIECES = (b"", b" ", b"0", b"9", b"-", b"#", b"/", b"|", b"\\u0020", b"\xc2\xa0", b"A", b".", b":")
_MOST_VALUES = 400
"""Values kept of one name."""


def swapped(lines: Sequence[bytes], rng: random.Random) -> Iterator[bytes]:
    """Lines without end, each one of the given ones (JSON without white space) with one or two of
    its primitive members changed.
    """
    values = _values(lines)
    names = sorted(values)
    odd = [
        spelled(value, rng, 0)
        for table in (RIGHT, WRONG)
        for each in table.values()
        for value in each
    ]
    while True:
        line = rng.choice(lines)
        for _ in range(1 if rng.random() < 0.8 else 2):
            line = _changed(line, values, names, odd, rng)
        yield line


def _values(lines: Sequence[bytes]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, set[bytes]] = {}
    for line in lines:
        for name, value, _ in _MEMBER.findall(line):
            if len(kept := found.setdefault(name, set())) < _MOST_VALUES and len(value) < 2000:
                kept.add(value)
    return {name: sorted(kept) for name, kept in found.items()}


def _changed(
    line: bytes,
    values: dict[bytes, list[bytes]],
    names: Sequence[bytes],
    odd: Sequence[bytes],
    rng: random.Random,
) -> bytes:
    members = list(_MEMBER.finditer(line))
    if not members:
        return line
    member = rng.choice(members)
    name, value, after = member.groups()
    start, end = member.span()
    match rng.randrange(16):
        case 0:  # lost, with a comma if there is one
            return (
                line[:start] + line[end + 1 :]
                if after == b","
                else line[:start].removesuffix(b",") + line[end:]
            )
        case 1:
            return (
                line[:end]
                + b","
                + rng.choice(
                    (
                        line[start:end],
                        b'"%s":%s' % (_escaped(name, rng), value),
                        b'"_%s":{"id":"b"}' % name,
                    )
                )
                + line[end:]
            )
        case 2:
            name = rng.choice((rng.choice(names), _escaped(name, rng), b"_" + name, name.title()))
        case 3:  # another member beside it
            other = rng.choice(names)
            return line[:end] + b',"%s":%s' % (other, rng.choice(values[other])) + line[end:]
        case 4:
            value = rng.choice(
                (
                    b"[%s]" % value,
                    b"null",
                    b"[null]",
                    b"{}",
                    b'{"value":%s}' % value,
                    b"[]",
                    b'"%s"' % value.strip(b'"'),
                )
            )
        case 5 if value[:1] == b'"' and len(value) > 2:
            value = b'"' + _escaped(value[1:2], rng) + value[2:] if value[1:2].isalnum() else value
        case 5 | 6:
            at = rng.randrange(len(value))
            value = value[:at] + rng.choice(_PIECES) + value[at + rng.randrange(2) :]
        case 7 | 8:
            value = rng.choice(odd)
        case _:
            value = rng.choice(values.get(name) or odd)
    return line[:start] + b'"%s":%s' % (name, value) + line[end:]


def _escaped(text: bytes, rng: random.Random) -> bytes:
    """The text with one of its characters, all of them ASCII, as an escape."""
    at = rng.randrange(len(text))
    return text[:at] + b"\\u%04x" % text[at] + text[at + 1 :]
