"""CodeSystems: which codes exist.

Definitions -> CodeSystem (codes, hierarchy) -> lookup: the code exists, does not exist, cannot be
told

What the reference validator says of a code, whatever the binding:

- the system is not known: a warning, undecided; so for ``content: not-present`` (a stub such as
  SNOMED CT's in the R4 core);
- any other content (complete, example, supplement; even with no concepts at all): a code that is
  not listed is an error;
- ``content: fragment``: a code that is not listed is a warning, undecided;
- ``caseSensitive`` absent or false: case does not matter;
- abstract and inactive concepts exist; displays and ``Coding.version`` are not looked at;
  ``system|version`` is a reference to that version;
- no code at all is a code that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from .concept_properties import ConceptProperties, concept_properties

__all__ = ["CodeSystem"]

Resource = Mapping[str, Any]


class CodeSystem:
    """One CodeSystem: its codes at hand, its hierarchy read again only when a filter asks for it.

    url             canonical url, without version
    stub            whether the codes themselves are elsewhere (``content: not-present``)
    fragment        whether codes may exist that are not listed
    case_sensitive  whether ``A`` and ``a`` are different codes
    """

    def __init__(self, resource: Resource, again: Callable[[], Resource | None]) -> None:
        self.url: str = resource["url"]
        content = resource.get("content")
        self.stub = content == "not-present"
        self.fragment = content == "fragment"
        self.case_sensitive = resource.get("caseSensitive") is True
        self._again = again
        self.codes: frozenset[str] = frozenset(
            code for code, _ in _walk(resource.get("concept", ()), None)
        )
        self._folded = self.codes if self.case_sensitive else frozenset(map(str.lower, self.codes))

    @classmethod
    def listed(cls, url: str, codes: frozenset[str]) -> CodeSystem:
        """Return a flat, complete, case insensitive CodeSystem of the codes given."""
        resource = {
            "url": url,
            "content": "complete",
            "concept": [{"code": code} for code in sorted(codes)],
        }
        return cls(resource, lambda: resource)

    def fold(self, code: str) -> str:
        """Return the code as this system compares it."""
        return code if self.case_sensitive else code.lower()

    def has(self, code: str) -> bool:
        """Tell whether the system lists the code, in its own way to compare case."""
        return code in self._folded or self.fold(code) in self._folded

    def lookup(self, code: str | None) -> bool | None:
        """Tell whether the code exists; None where the system cannot tell, and no code at all does
        not exist.
        """
        # Nothing speaks against a code whose system is elsewhere (docs/decisions, 011).
        if self.stub:
            return None
        if code is not None and self.has(code):
            return True
        return None if self.fragment else False

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Code -> the codes directly below it in the nested list of concepts."""
        children: dict[str, list[str]] = {}
        for code, parent in _walk((self._again() or {}).get("concept", ()), None):
            if parent is not None:
                children.setdefault(parent, []).append(code)
        return children

    @cached_property
    def properties(self) -> ConceptProperties:
        """The properties of each concept by its code; read again when a filter asks for them."""
        return concept_properties(self._again() or {})

    def below(self, code: str) -> frozenset[str]:
        """Return every code under this one, at any depth, without itself."""
        found: set[str] = set()
        waiting = list(self.children.get(code, ()))
        while waiting:
            child = waiting.pop()
            if child not in found:
                found.add(child)
                waiting.extend(self.children.get(child, ()))
        return frozenset(found)


def _walk(concepts: Any, parent: str | None) -> Iterator[tuple[str, str | None]]:
    for concept in concepts:
        code = concept.get("code")
        if isinstance(code, str):
            yield code, parent
            yield from _walk(concept.get("concept", ()), code)
