"""Members of JSON objects as data have them, whatever form they turn out to be of."""

from __future__ import annotations

from typing import Any, TypeAlias

from .decoding import Number

__all__ = ["Json", "extensions", "lexical", "objects", "text_of", "typed"]

Json: TypeAlias = dict[str, Any]


def objects(value: Any) -> list[Json]:
    """Return the JSON objects of an array; none of what is no array."""
    return [item for item in value if type(item) is dict] if type(value) is list else []


def text_of(value: Any) -> str | None:
    """Return a string that says something; None for a blank one and for anything else."""
    return value if type(value) is str and value.strip() else None


def lexical(value: Any) -> str | None:
    """Return a primitive as it is written; None for what is no primitive."""
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.lexeme
    return str(value) if type(value) in (str, int, float) else None


def typed(holder: Json, name: str = "value") -> tuple[str, Any] | None:
    """Return the choice ``name[x]`` of an object: its type as the JSON name says it (``Coding``,
    ``DateTime``) and its value, None where only extensions are given.

    None instead of the pair where the object has no such member.
    """
    for key in holder:
        bare = key.removeprefix("_")
        if bare.startswith(name) and bare[len(name) : len(name) + 1].isupper():
            return bare[len(name) :], holder.get(bare)
    return None


def extensions(element: Json, url: str) -> list[tuple[str, Any]]:
    """Return type and value of every extension of that url that has a ``value[x]``; the value is
    None where only extensions of it are given.
    """
    found = (
        typed(extension)
        for extension in objects(element.get("extension"))
        if extension.get("url") == url
    )
    return [value for value in found if value is not None]
