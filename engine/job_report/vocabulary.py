"""Vocabulary: the urls, codes, names and rules that R4 and the packages of a job hold, so that text
of the data can be told from text that everybody may read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bulkfhir.validators.definitions import Definitions
from bulkfhir.validators.definitions.word_lists import words_of

__all__ = ["Vocabulary"]

_KINDS: Final = ("StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter")


class Vocabulary:
    """The words of the core, or of the core and packages. Everything is read when it is first asked
    for.
    """

    def __init__(self, layers: Sequence[Definitions]) -> None:
        self._layers = layers
        self._words = [words_of(layer) for layer in layers]

    def versions(self, url: str) -> frozenset[str]:
        """Return the versions of what has a canonical url; none where nothing has it."""
        held = (layer.versions(kind, url) for layer in self._layers for kind in _KINDS)
        return frozenset().union(*held)

    def has_name(self, name: str) -> bool:
        """Tell whether a type or an element is called so."""
        return any(name in words.elements.names for words in self._words)

    def has_rule(self, rule: str) -> bool:
        """Tell whether a rule of ours, or an invariant, is called so."""
        from ..judging.every_rule import rule_named

        known = rule_named(rule) is not None
        return known or any(rule in words.elements.keys for words in self._words)

    def lists_code(self, system: str | None, code: str) -> bool:
        """Tell whether a code system, or a value set, lists a code in so many letters; with None
        for the system, whether any does.
        """
        if system is None:
            return any(code in codes for words in self._words for codes in words.codes.values())
        return any(code in words.codes.get(system, ()) for words in self._words)

    def has_binding(self, url: str) -> bool:
        """Tell whether an element is bound to what has a url, whoever has that."""
        return any(url in words.elements.bound for words in self._words)
