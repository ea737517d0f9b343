"""Questionnaires, read once so that responses can be held against them: items by linkId, their
place in the tree, their extensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...values.decoding import Number

__all__ = ["Item", "Questionnaire", "extensions", "lexical", "objects", "text_of", "typed"]

Json = dict[str, Any]

_SAME = {"question": "group"}  # an abstract code; the reference validator takes it for a group


def objects(value: Any) -> list[Json]:
    """The JSON objects of an array; none of what is no array."""
    return [item for item in value if type(item) is dict] if type(value) is list else []


def text_of(value: Any) -> str | None:
    """A string that says something; None for anything else."""
    return value if type(value) is str and value.strip() else None


def lexical(value: Any) -> str | None:
    """A primitive as it is written; None for what is no primitive."""
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.lexeme
    return str(value) if type(value) in (str, int, float) else None


def typed(holder: Json, name: str = "value") -> tuple[str, Any] | None:
    """The choice ``name[x]`` of an object: its type as the JSON name says it (``Coding``,
    ``DateTime``) and its value, None where only extensions are given.
    """
    for key in holder:
        bare = key.removeprefix("_")
        if bare.startswith(name) and bare[len(name) : len(name) + 1].isupper():
            return bare[len(name) :], holder.get(bare)
    return None


def extensions(element: Json, url: str) -> list[tuple[str, Any]]:
    """Type and value of every extension of that url that has a value."""
    found = (
        typed(extension)
        for extension in objects(element.get("extension"))
        if extension.get("url") == url
    )
    return [value for value in found if value is not None]


class Item:
    """One Questionnaire.item. ``type`` is one of the item types, or None where none is given."""

    def __init__(self, definition: Json, parent: Item | None) -> None:
        self.definition = definition
        self.parent = parent
        self.link_id = text_of(definition.get("linkId"))
        kind = definition.get("type")
        self.type: str | None = _SAME.get(kind, kind) if type(kind) is str else None
        self.text = definition.get("text")
        self.required = definition.get("required") is True
        self.repeats = definition.get("repeats") is True
        self.options = objects(definition.get("answerOption"))
        self.items = [Item(item, self) for item in objects(definition.get("item"))]

    def extension(self, url: str) -> Any:
        """The value of the first extension of that url, None where there is none."""
        found = extensions(self.definition, url)
        return found[0][1] if found else None

    def option_values(self, kind: str) -> list[Any]:
        """The answer options of one type."""
        return [
            value[1]
            for option in self.options
            if (value := typed(option)) is not None and value[0] == kind
        ]

    def descendants(self) -> Iterator[Item]:
        """This item and all below, in document order."""
        yield self
        for item in self.items:
            yield from item.descendants()

    def lineage(self) -> Iterator[Item]:
        """This item and all around it, innermost first."""
        item: Item | None = self
        while item is not None:
            yield item
            item = item.parent


class Questionnaire:
    """A Questionnaire as responses are held against it.

    definition  the resource
    container   the resource whose ``contained`` a ``#id`` of the Questionnaire means: the response
                that contains it, or itself
    """

    def __init__(self, definition: Json, container: Json | None = None) -> None:
        self.definition = definition
        self.container = definition if container is None else container
        self.items = [Item(item, None) for item in objects(definition.get("item"))]
        self._by_link_id: dict[str, Item] = {}
        for item in self.items:
            for one in item.descendants():
                if one.link_id is not None:
                    self._by_link_id.setdefault(one.link_id, one)

    def item(self, link_id: str) -> Item | None:
        """The first item of that linkId, wherever it stands."""
        return self._by_link_id.get(link_id)

    @staticmethod
    def common(one: Item, other: Item) -> Item | None:
        """The innermost item that both are or stand in; None where that is the Questionnaire
        itself.
        """
        around = {id(item) for item in one.lineage()}
        return next((item for item in other.lineage() if id(item) in around), None)
