"""What is taken from an ElementDefinition and what is left out are together all that R4 defines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bulkfhir.validators.definitions import core
from bulkfhir.validators.definitions.trim import trim
from bulkfhir.validators.schema import Schema
from bulkfhir.validators.schema.element import element_schema
from bulkfhir.validators.schema.element_keys import LEFT_OUT, TAKEN

CHOICES = ("fixed", "pattern", "minValue", "maxValue", "defaultValue")


def plain(key: str) -> str:
    """The name of a key: ``fixed`` of ``fixedUri``, ``short`` of ``_short``."""
    key = key.removeprefix("_")
    return next((c for c in CHOICES if key.startswith(c) and key[len(c) :][:1].isupper()), key)


class Noting(dict[str, Any]):
    """An ElementDefinition that notes which of its keys are looked at."""

    def __init__(self, element: dict[str, Any]) -> None:
        super().__init__(element)
        self.seen: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.seen.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.seen.add(key)
        return super().__getitem__(key)


def elements() -> Iterator[dict[str, Any]]:
    for definition in core().all("StructureDefinition"):
        for view in ("snapshot", "differential"):
            yield from definition.get(view, {}).get("element", ())


def test_the_two_lists_hold_every_key_of_r4_once() -> None:
    defined = {p.name for p in Schema(core()).properties("ElementDefinition").values()}
    assert TAKEN | LEFT_OUT.keys() == defined
    assert TAKEN.isdisjoint(LEFT_OUT)


def test_the_two_lists_hold_every_key_of_the_definitions() -> None:
    found = {plain(key) for element in elements() for key in element}
    assert found <= TAKEN | LEFT_OUT.keys()


def test_what_is_taken_is_looked_at_and_nothing_else() -> None:
    seen: set[str] = set()
    for element in elements():
        noting = Noting({"path": "X", **element})
        element_schema(noting, "http://example.org/x")
        seen |= noting.seen
    assert seen <= TAKEN
    assert seen == TAKEN - {"fixed", "pattern", "minValue", "maxValue"}  # found by how they begin


def test_what_is_trimmed_away_is_left_out() -> None:
    element = {key: "x" for key in (*LEFT_OUT, *TAKEN) if key not in ("constraint", "binding")}
    structure = {
        "resourceType": "StructureDefinition",
        "snapshot": {"element": [element]},
    }
    (kept,) = trim(structure)["snapshot"]["element"]
    assert element.keys() - kept.keys() <= LEFT_OUT.keys()
