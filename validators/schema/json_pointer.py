"""JSON pointer: the place of an issue in the JSON text of its line (RFC 6901), from its location as
FHIRPath.
"""

from __future__ import annotations

from typing import Final

from ..economy.lazy_pattern import lazy_pattern
from .compiled_types import Schema

__all__ = ["json_pointer"]

_COMMENT: Final = lazy_pattern(r"/\*.*?\*/")
_STEP: Final = lazy_pattern(r"\.([^.\[\]()]+)(?:\.ofType\((\w+)\))?(?:\[(\d+)\])?")
_OF_PRIMITIVES: Final = frozenset({"id", "extension"})
"""What a primitive may have beside its value: it stands in its companion, ``_birthDate``."""


def json_pointer(schema: Schema, location: str) -> str | None:
    """Return ``/name/0/given/1`` for ``Patient.name[0].given[1]``, "" for the resource itself.

    None where the location alone does not tell: it is no path, or leads below a primitive of a
    resource inside another, whose type a location does not say.
    """
    path = _COMMENT.sub("", location)
    root, dot, _ = path.partition(".")
    kind = root if schema.kind(root) is not None else None
    tokens, at, doubtful = list[str](), len(root), False
    while dot and at < len(path):
        step = _STEP.match(path, at)
        if step is None or (doubtful and step[1] in _OF_PRIMITIVES):
            return None
        name, typed, index = step.groups()
        at = step.end()
        found = _Found(schema, kind, name, typed)
        below = path[at : at + 1] == "."
        tokens.append(f"_{found.name}" if below and found.is_primitive else found.name)
        tokens += [index] if index is not None else []
        doubtful = kind is None and name != "extension"
        kind = found.kind
        if found.is_resource:
            kind, doubtful = None, False
    return "".join(f"/{_escaped(token)}" for token in tokens)


class _Found:
    """The property that a step of a location leads to: its name in JSON, and the type below it."""

    def __init__(self, schema: Schema, kind: str | None, name: str, typed: str | None) -> None:
        self.name = name + (typed[:1].upper() + typed[1:] if typed else "")
        self.kind: str | None = typed or ("Extension" if name == "extension" else None)
        self.is_primitive = typed is not None and schema.kind(typed) == "primitive-type"
        prop = None if kind is None else schema.properties(kind).get(self.name)
        if prop is not None:
            self.kind, self.is_primitive = prop.type, prop.is_primitive
        self.is_resource = self.kind in ("Resource", "DomainResource") or name == "contained"


def _escaped(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1")
