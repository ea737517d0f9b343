"""Constraints: the demands of the model on a request: types first, then every constraint, reported
in the service's own wording.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from .errors import ApiError, validation

__all__ = ["allowed_text", "check", "violations"]

_JSON_KIND = {
    str: "STRING_VALUE",
    bool: "TRUE_VALUE",
    int: "NUMBER_VALUE",
    float: "NUMBER_VALUE",
    list: "START_ARRAY",
    dict: "START_OBJECT",
}
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "timestamp": (int, float),
}


def check(shape: StructureShape, value: Any) -> dict[str, Any]:
    """Return the request, with what the model does not know left out.

    Raises SerializationException where a JSON type is wrong, else ValidationException that names
    every violated constraint.
    """
    request: dict[str, Any] = _read(shape, value)
    found = list(violations(shape, request))
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise validation(f"{len(found)} validation {noun} detected: {'; '.join(found)}")
    return request


# Types


def _read(shape: Shape, value: Any) -> Any:
    """``value`` as the shape's JSON form; members the model does not know, and nulls, are dropped
    as the service drops them.
    """
    if isinstance(shape, StructureShape):
        members = _expect(value, dict, shape)
        return {
            name: _read(member, members[name])
            for name, member in shape.members.items()
            if members.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [
            None if item is None else _read(shape.member, item)
            for item in _expect(value, list, shape)
        ]
    if isinstance(shape, MapShape):
        return {key: _read(shape.value, item) for key, item in _expect(value, dict, shape).items()}
    expected = _SCALARS[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
        raise _wrong_type(value, shape.type_name)
    scalar: Any = value
    return float(scalar) if shape.type_name == "timestamp" else scalar


def _expect(value: Any, kind: type, shape: Shape) -> Any:
    if not isinstance(value, kind):
        raise _wrong_type(value, shape.type_name)
    return value


def _wrong_type(value: Any, wanted: str) -> ApiError:
    return ApiError(
        "SerializationException",
        f"{_JSON_KIND.get(type(value), 'NULL_VALUE')} can not be converted to "
        f"{wanted.capitalize()}",
    )


# Constraints


def violations(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Yield every constraint that ``value`` violates, as the sentences of a ValidationException."""
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _length(shape, value, path)
        for number, item in enumerate(value, 1):
            yield from _member(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _length(shape, value, path)
        for key, item in value.items():
            yield from _member(shape.key, key, f"{path}.key")
            yield from _member(shape.value, item, f"{path}.{key}.member")
    elif shape.type_name == "string":
        yield from _string(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _range(shape, value, path)


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    if shape.is_tagged_union and len(value) != 1:
        yield _sentence(value, path, "Member must have exactly one of its members set")
    for name, member in shape.members.items():
        inner = f"{path}.{_lower(name)}" if path else _lower(name)
        if name in value:
            yield from violations(member, value[name], inner)
        elif name in shape.required_members:
            yield _sentence(None, inner, "Member must not be null")


def _member(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield _sentence(None, path, "Member must not be null")
    else:
        yield from violations(shape, value, path)


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    yield from _length(shape, value, path)
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield _sentence(
            value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        )
    pattern = shape.metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(value):
        yield _sentence(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _length(shape: Shape, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        yield _sentence(value, path, f"Member must have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _sentence(value, path, f"Member must have length less than or equal to {most}")


def _range(shape: Shape, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _sentence(value, path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _sentence(value, path, f"Member must have value less than or equal to {most}")


def _sentence(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _lower(name: str) -> str:
    """The model's ``S3Uri`` as the service's messages write it: ``s3Uri``."""
    return name[:1].lower() + name[1:]


@lru_cache(maxsize=128)
def compiled(pattern: str) -> regex.Pattern[str]:
    """Return a pattern of the model.

    They are Java's: ``\\p{L}`` and its like need the ``regex`` package.
    """
    return regex.compile(pattern)


def allowed_text(shape: Shape, text: str) -> str:
    """Return ``text`` made to fit a string shape: characters outside its pattern become spaces,
    what is too long is cut.
    """
    pattern = compiled(shape.metadata.get("pattern", "(?s:.*)"))
    fitting = "".join(letter if pattern.fullmatch(letter) else " " for letter in text)
    return " ".join(fitting.split())[: shape.metadata.get("max", len(text))]
