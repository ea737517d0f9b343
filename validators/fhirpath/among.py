"""Among: whether an item equals one of many, without looking at each of them.

``intersect``, ``|`` and their like would otherwise compare every item with every other: with
thousands of codings on both sides, for seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from .items import equal, plain, same_parts
from .node import Item, Node
from .quantity import Units

__all__ = ["AmongItems", "AmongParts"]

_TELLING = ("system", "code", "version", "display", "id", "url", "reference", "text")
"""Members whose values are texts that are equal only where they are the same."""

Told = tuple[tuple[str, ...], tuple[str, ...]]


def _told(value: dict[str, Any]) -> Told:
    """Return the tell-tale members of a JSON object: some of its members, by name and value."""
    names = tuple(name for name in _TELLING if type(value.get(name)) is str)
    return names, tuple(value[name] for name in names)


class AmongParts:
    """JSON objects of which one may say nothing that another does not say too (``same_parts``)."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self._by_names: defaultdict[tuple[str, ...], defaultdict[tuple[Any, ...], list[Any]]] = (
            defaultdict(lambda: defaultdict(list))
        )
        self._others: list[Any] = []
        for value in values:
            self.add(value)

    def add(self, value: Any) -> None:
        """Add a value; of a JSON object the texts that tell it from others are looked up later."""
        if isinstance(value, dict):
            names, texts = _told(value)
            self._by_names[names][texts].append(value)
        else:
            self._others.append(value)

    def has(self, wanted: Any, take: Callable[[int], None]) -> bool:
        """Return whether one of the values says no more than the wanted one.

        take    called with the number of values that will be compared; may raise
        """
        if not isinstance(wanted, dict):
            return _compared(self._others, wanted, take)
        return any(
            _compared(by_texts[texts], wanted, take)
            for names, by_texts in self._by_names.items()
            if (texts := tuple(map(wanted.get, names))) in by_texts
        )


def _compared(values: list[Any], wanted: Any, take: Callable[[int], None]) -> bool:
    take(len(values))
    return any(same_parts(value, wanted) for value in values)


class AmongItems:
    """The items of a collection, for ``=`` of another with one of them."""

    def __init__(
        self, units: Units, take: Callable[[int], None], items: Iterable[Item] = ()
    ) -> None:
        self._units, self._take = units, take
        self._parts = AmongParts()
        self._texts: set[str] = set()
        self._values: list[Item] = []  # neither elements with parts nor texts
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        """Add an item: a Node by what it says, a string by itself, any other value to be
        compared.
        """
        value = plain(item)
        if isinstance(value, Node):
            self._parts.add(value.value)
        elif isinstance(value, str):
            self._texts.add(value)
        else:
            self._values.append(item)

    def has(self, wanted: Item) -> bool:
        """Return whether one of the items equals the wanted one."""
        value = plain(wanted)
        if isinstance(value, Node):
            return self._parts.has(value.value, self._take)
        if isinstance(value, str) and value in self._texts:
            return True
        # Values of different types are equal where they read the same.
        others = [] if isinstance(value, str) else self._texts
        self._take(len(self._values) + len(others))
        return any(equal(item, wanted, self._units) is True for item in (*self._values, *others))
