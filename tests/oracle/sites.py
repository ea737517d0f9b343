"""Every place of a resource that a mutation can strike, with what the definitions say about it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from catalogue import Catalogue, Property

__all__ = ["Case", "Site", "kind", "KINDS"]

Json = dict[str, Any]


@dataclass(slots=True)
class Site:
    """A property or list item: the container that holds it, its key there, and the Property that
    allows it (None where none does).
    """

    holder: Any
    key: Any
    prop: Property | None
    owner: str
    path: str

    @property
    def value(self) -> Any:
        return self.holder[self.key]

    @value.setter
    def value(self, new: Any) -> None:
        self.holder[self.key] = new

    @property
    def type(self) -> str:
        return self.prop.type if self.prop else ""

    @property
    def is_item(self) -> bool:
        return isinstance(self.holder, list)

    @property
    def is_string(self) -> bool:
        return isinstance(self.value, str)

    def drop(self) -> None:
        del self.holder[self.key]


class Case:
    """One resource about to be broken: its sites, and the dice."""

    def __init__(self, resource: Json, catalogue: Catalogue, rng: random.Random) -> None:
        self.resource, self.catalogue, self.rng = resource, catalogue, rng
        self.sites = list(
            _walk(
                resource,
                resource.get("resourceType", ""),
                catalogue,
                resource.get("resourceType", ""),
            )
        )

    def pick(self, wanted: Callable[[Site], bool]) -> Site | None:
        """One of the sites that are wanted, each as likely as any other; None where there is
        none.
        """
        found = [site for site in self.sites if wanted(site)]
        return self.rng.choice(found) if found else None

    def objects(self) -> list[tuple[Json, str, str]]:
        """Every JSON object: itself, the context its properties are defined in, its path."""
        found = [
            (
                self.resource,
                str(self.resource.get("resourceType")),
                str(self.resource.get("resourceType")),
            )
        ]
        for site in self.sites:
            if isinstance(site.value, dict) and site.prop:
                context = (
                    site.value.get("resourceType", site.prop.context)
                    if site.type == "Resource"
                    else site.prop.context
                )
                found.append((site.value, str(context), site.path))
        return found


def _walk(value: Any, context: str, catalogue: Catalogue, path: str) -> Iterator[Site]:
    properties = catalogue.properties(context)
    for name, child in list(value.items()):
        prop = properties.get(name)
        where = f"{path}.{name}"
        yield Site(value, name, prop, context, where)
        items = list(enumerate(child)) if isinstance(child, list) else [(None, child)]
        for index, item in items:
            inner = where if index is None else f"{where}[{index}]"
            if index is not None:
                yield Site(child, index, prop, context, inner)
            if isinstance(item, dict):
                below = prop.context if prop else ("Element" if name.startswith("_") else "")
                if prop and prop.type == "Resource":
                    below = str(item.get("resourceType", ""))
                yield from _walk(item, below, catalogue, inner)


Mutation = Callable[[Case], "str | bytes | None"]
KINDS: dict[str, Mutation] = {}
"""name -> what it does: break the case's resource in place and say where (a path), or give the
broken line's bytes; None where it cannot.
"""


def kind(name: str) -> Callable[[Mutation], Mutation]:
    """Enters a mutation under its name."""

    def enter(mutation: Mutation) -> Mutation:
        KINDS[name] = mutation
        return mutation

    return enter
