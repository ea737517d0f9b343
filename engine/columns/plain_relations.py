"""Relations in Python: what accepted lines say of other resources, as columns. The native module
says the same of most lines, and leaves the odd ones to this.

A row is a resource, a reference that leads out of its line, or a business identifier; what is only
counted (a reference of another kind, an element that is there) is no row.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

__all__ = [
    "CONDITIONAL",
    "ELSEWHERE",
    "IDENTIFIER",
    "IN_BUNDLE",
    "NAMELESS",
    "NOWHERE",
    "PRESENT",
    "REFERENCE",
    "RESOURCE",
    "Relations",
    "relation_keys",
    "relations_of",
]

RESOURCE, NAMELESS, REFERENCE, NOWHERE, IDENTIFIER = range(5)
"""Kinds of rows: a resource; one without an id; a reference by type and id; one that leads nowhere
by its form (a urn that no entry of its Bundle has); a business identifier.
"""
PRESENT, IN_BUNDLE, CONDITIONAL, ELSEWHERE = range(4)
"""Kinds of counts: resources that claim a profile and have the element; references to an entry of
the same Bundle, by a search (``Patient?identifier=…``), and to another server.
"""

Relations = tuple[list[bytes], list[str], list[tuple[int, str, int, int]], list[int]]
"""([lines, kinds, paths, keys, ends of texts, texts], paths by number, counts, lines that are left
to Python). Lines, paths and ends are 32-bit words, a kind is a byte, a key 16. A count is (kind,
profile or nothing, path, how many).
"""

_PRIME: Final = (1 << 127) - 1
"""A key is a polynomial modulo this, as in native/src/relations: the two must give equal keys."""
_KEPT: Final = (1 << 126) - 1
"""A decimal of 38 digits, the widest number that Arrow has, holds it."""
_PIECE: Final = 15
"""Bytes of a coefficient: with the mark behind them they are a number below the prime."""
_SHOWN: Final = 200
_MOST_PATHS: Final = 4096
_MOST_PROFILES: Final = 16
"""Bounds of the crate's own reader: a line that is read here must say what it says there."""
_RELATIVE = lazy_pattern(r"[A-Z][A-Za-z]*/[^/]+")
_INNER = frozenset({"contained", "resource", "outcome"})
_EXTENSIONS = frozenset({"extension", "modifierExtension"})


def relation_keys(head: bytes, texts: bytes, secret: bytes) -> bytes:
    """Return the key of each text of a column behind a head: 16 bytes each, little-endian.

    A key is a polynomial of the text's pieces of 15 bytes, a one behind each, at the secret, modulo
    2^127 - 1, of which 126 bits are kept: nobody who does not know the secret makes two texts meet,
    and by chance two of 60 million meet once in some 10^21 jobs.
    """
    point = _point(secret)
    return b"".join(
        _key(head + text, point).to_bytes(16, "little") for text in texts.split(b"\n")[:-1]
    )


def relations_of(data: bytes, starts: bytes, ends: bytes, secret: bytes) -> Relations:
    """Return what the lines say that start and end there (32-bit words), each of them a resource;
    of what is no JSON object nothing.
    """
    rows = _Rows(_point(secret))
    for number, (start, end) in enumerate(zip(array("I", starts), array("I", ends), strict=True)):
        try:
            resource = orjson.loads(data[start:end])
        except orjson.JSONDecodeError:
            continue
        if type(resource) is dict and type(resource.get("resourceType")) is str:
            rows.add(number, _Line(resource))
    return rows.columns()


def _point(secret: bytes) -> int:
    if len(secret) != 16:
        raise ValueError("a secret has 16 bytes")
    return int.from_bytes(secret, "little") >> 2


def _key(text: bytes, point: int) -> int:
    state = 0
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE] + b"\1"  # else zeros at an end would not count
        state = (state + int.from_bytes(piece, "little")) * point % _PRIME
    return state & _KEPT


class _Rows:
    """The columns in the making."""

    def __init__(self, point: int) -> None:
        self._point = point
        self._lines, self._paths, self._ends = array("I"), array("I"), array("I")
        self._kinds, self._keys, self._texts = bytearray(), bytearray(), bytearray()
        self._names: dict[str, int] = {}
        self._counts = Counter[tuple[int, str, int]]()

    def key(self, *texts: str) -> int:
        return _key("".join(texts).encode(), self._point)

    def add(self, number: int, line: _Line) -> None:
        """Take what a line says."""
        name, identity = line.type_name, line.identity
        if identity is None:
            self._row(number, NAMELESS, name, 0, "")
        else:
            self._row(number, RESOURCE, name, self.key(name, "/", identity), identity)
        for path, text in line.references:
            self._reference(number, path, text, line)
        for path, text in line.identifiers:
            self._row(number, IDENTIFIER, path, self.key(name, "\n", text), text)
        for url in line.profiles:
            for path in line.present:
                self._count(PRESENT, url, path)

    def _reference(self, number: int, path: str, text: str, line: _Line) -> None:
        if text.startswith("#"):
            return
        target = text.partition("/_history/")[0]
        if target in line.entries:
            self._count(IN_BUNDLE, "", path)
        elif "://" in text:
            self._count(ELSEWHERE, "", path)
        elif "?" in text:
            self._count(CONDITIONAL, "", path)
        elif _RELATIVE.fullmatch(target):
            self._row(number, REFERENCE, path, self.key(target), text)
        else:
            self._row(number, NOWHERE, path, 0, text)

    def _row(self, line: int, kind: int, path: str, key: int, text: str) -> None:
        self._lines.append(line)
        self._kinds.append(kind)
        self._paths.append(self._names.setdefault(path, len(self._names)))
        self._keys += key.to_bytes(16, "little")
        self._texts += text.encode()[:_SHOWN].decode(errors="ignore").encode()
        self._ends.append(len(self._texts))

    def _count(self, kind: int, url: str, path: str) -> None:
        self._counts[kind, url, self._names.setdefault(path, len(self._names))] += 1

    def columns(self) -> Relations:
        columns = [
            self._lines.tobytes(),
            bytes(self._kinds),
            self._paths.tobytes(),
            bytes(self._keys),
            self._ends.tobytes(),
            bytes(self._texts),
        ]
        counts = [(*key, count) for key, count in self._counts.items()]
        return columns, list(self._names), counts, []


class _Line:
    """The relations of one resource.

    references   (path, text) of each
    identifiers  (path, system|value) of the resource's own
    profiles     that it claims, the first of them
    present      paths of elements that are there, the first of them, each once
    entries      what the entries of a Bundle are called
    """

    def __init__(self, resource: dict[str, Any]) -> None:
        self.type_name: str = resource["resourceType"]
        identity = resource.get("id")
        self.identity: str | None = identity if type(identity) is str else None
        self.references: list[tuple[str, str]] = []
        self.identifiers = list(self._identifiers(resource))
        self.profiles = list(_profiles(resource))
        self.present = dict[str, None]()
        self.entries = set[str]()
        self._is_bundle = self.type_name == "Bundle"
        self._walk(resource)

    def _identifiers(self, resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
        for one in _listed(resource.get("identifier")):
            if type(one) is dict:
                system, value = one.get("system"), one.get("value")
                if type(system) is str and type(value) is str:
                    yield f"{self.type_name}.identifier", f"{system}|{value}"

    def _walk(self, resource: dict[str, Any]) -> None:
        """Go through all objects; a stack, since a resource may be deep."""
        self._meet(self.type_name, nested=False)
        waiting: list[tuple[dict[str, Any], str, str, bool]] = [
            (resource, self.type_name, "", False)
        ]
        while waiting:
            value, path, holder, nested = waiting.pop()
            if holder in _INNER and type(name := value.get("resourceType")) is str:
                path, nested = name, True
                if self._is_bundle and type(identity := value.get("id")) is str:
                    self.entries.add(f"{name}/{identity}")
            if holder in _EXTENSIONS and type(url := value.get("url")) is str:
                self._meet(f"{path}:{url}", nested)
            for member, content in value.items():
                element = member.removeprefix("_")
                if type(content) is str:
                    self._text(path, element, content)
                if element == "resourceType" and path == value.get("resourceType"):
                    continue
                self._meet(f"{path}.{element}", nested)
                waiting += [
                    (item, f"{path}.{element}", element, nested)
                    for item in reversed(list(_listed(content)))
                    if type(item) is dict
                ]

    def _text(self, path: str, element: str, content: str) -> None:
        if element == "reference":
            self.references.append((path, content))
        elif element == "fullUrl" and self._is_bundle:
            self.entries.add(content)

    def _meet(self, path: str, nested: bool) -> None:
        if not nested and len(self.present) < _MOST_PATHS:
            self.present[path] = None


def _listed(value: Any) -> Iterable[Any]:
    return value if type(value) is list else (value,)


def _profiles(resource: dict[str, Any]) -> Iterator[str]:
    meta = resource.get("meta")
    urls = meta.get("profile") if type(meta) is dict else None
    listed = urls if type(urls) is list else []
    return (url for url in listed[:_MOST_PROFILES] if type(url) is str)
