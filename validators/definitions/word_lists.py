"""Word lists: what definitions name, and the codes that they list. Those of R4 ship as a text, made
with the archive: to find them in the definitions takes longer than most jobs.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pkgutil import get_data
from typing import Any, Final, NamedTuple

from . import Definitions, core

__all__ = ["FILE", "Words", "words_of", "words_text"]

FILE: Final = "core_words.txt"
"""Made by build.py: ``# KIND``, or ``# codes SYSTEM``, then a line a word."""

_HEAD: Final = "\n# "
_CODES: Final = "codes "


class Elements(NamedTuple):
    """The names in definitions: types and elements, keys of invariants, bound value sets."""

    names: Container[str]
    keys: Container[str]
    bound: Container[str]


class Words:
    """The words of some definitions, read when they are first asked for.

    elements  what StructureDefinitions name
    codes     url of a code system -> the codes that it, or a value set, lists
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    @cached_property
    def elements(self) -> Elements:
        """Read every StructureDefinition."""
        return Elements(*_named(self._definitions.all("StructureDefinition")))

    @cached_property
    def codes(self) -> Mapping[str, Container[str]]:
        """Read every code system and value set."""
        return _listed(self._definitions)


class _CoreWords(Words):
    """Those of R4, of their text."""

    def __init__(self) -> None:
        data = get_data(__name__, FILE)
        assert data is not None, "only a loader without data has none"
        _, *sections = f"\n{data.decode()}".removesuffix("\n").split(_HEAD)
        parts = (section.partition("\n") for section in sections)
        self._lines = {head: _Lines(end + words + end) for head, end, words in parts}

    @cached_property
    def elements(self) -> Elements:
        return Elements(*(self._lines[kind] for kind in Elements._fields))

    @cached_property
    def codes(self) -> Mapping[str, Container[str]]:
        heads = (head for head in self._lines if head.startswith(_CODES))
        return {head.removeprefix(_CODES): self._lines[head] for head in heads}


class _Lines:
    """Words as lines of a text, of which nobody makes a set for the few that are asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __contains__(self, word: object) -> bool:
        return "\n" not in str(word) and f"\n{word}\n" in self._text


def words_of(definitions: Definitions) -> Words:
    """Return the words of definitions."""
    return _core_words() if definitions is core() else Words(definitions)


@cache
def _core_words() -> Words:
    return _CoreWords()


def words_text(definitions: Definitions) -> str:
    """Return the text that the words of definitions are shipped as."""
    kinds = zip(Elements._fields, _named(definitions.all("StructureDefinition")), strict=True)
    codes = ((_CODES + system, found) for system, found in sorted(_listed(definitions).items()))
    sections = ("\n".join((f"# {head}", *sorted(found))) for head, found in (*kinds, *codes))
    return "\n".join((*sections, ""))


def _named(definitions: Iterable[Mapping[str, Any]]) -> tuple[set[str], set[str], set[str]]:
    names, keys, bound = set[str](), set[str](), set[str]()
    for definition in definitions:
        names.add(str(definition.get("type")))
        for view in ("snapshot", "differential"):
            for element in definition.get(view, {}).get("element", ()):
                names.add(element.get("path", "").rpartition(".")[2].removesuffix("[x]"))
                keys.update(str(one.get("key")) for one in element.get("constraint", ()))
                bound.add(str(element.get("binding", {}).get("valueSet")))
    return names, keys, bound


def _listed(definitions: Definitions) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for system in definitions.all("CodeSystem"):
        found.setdefault(system["url"], set()).update(_codes(system.get("concept")))
    for value_set in definitions.all("ValueSet"):
        compose = value_set.get("compose", {})
        for part in (*compose.get("include", ()), *compose.get("exclude", ())):
            listed = found.setdefault(part.get("system", ""), set())
            listed.update(_codes(part.get("concept")))
        for one in _flat(value_set.get("expansion", {}).get("contains")):
            found.setdefault(one.get("system", ""), set()).add(str(one.get("code")))
    return found


def _codes(concepts: Any) -> Iterator[str]:
    return (str(concept["code"]) for concept in _flat(concepts) if "code" in concept)


def _flat(concepts: Any) -> Iterator[Mapping[str, Any]]:
    """Yield concepts, or contents of an expansion, at any depth."""
    waiting = list(concepts or ())
    while waiting:
        concept = waiting.pop()
        yield concept
        waiting += concept.get("concept") or concept.get("contains") or ()
