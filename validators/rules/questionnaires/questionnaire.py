"""Questionnaires, read once so that responses can be held against them: items by linkId, their
place in the tree, their extensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...values.members import Json, extensions, objects, text_of, typed

__all__ = ["Item", "Questionnaire"]

_SAME = {"question": "group"}  # an abstract code; the reference validator takes it for a group


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
        """Return the value of the first extension of that url; None where there is none."""
        found = extensions(self.definition, url)
        return found[0][1] if found else None

    def option_values(self, kind: str) -> list[Any]:
        """Return the answer options of one type."""
        return [
            value[1]
            for option in self.options
            if (value := typed(option)) is not None and value[0] == kind
        ]

    def descendants(self) -> Iterator[Item]:
        """Yield this item and all below, in document order."""
        yield self
        for item in self.items:
            yield from item.descendants()

    def lineage(self) -> Iterator[Item]:
        """Yield this item and all around it, innermost first."""
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
        """Return the first item of that linkId, wherever it stands; None where there is none."""
        return self._by_link_id.get(link_id)

    @staticmethod
    def common(one: Item, other: Item) -> Item | None:
        """Return the innermost item that both are or stand in; None where that is the Questionnaire
        itself.
        """
        around = {id(item) for item in one.lineage()}
        return next((item for item in other.lineage() if id(item) in around), None)
