"""Shown text: the one place that decides which text of a job may stand in its report.

Without values a report says nothing that the data alone holds. A value is every string and number
of a line, ids, member names that R4 does not have, and folders of files. A canonical url is shown
where R4 or a package of the job holds it, a code where one of their code systems or value sets
lists it, a name where it is one of their types or elements. All else is masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.verdicts.declaration import MASK
from bulkfhir.validators.verdicts.undecided import undecided_by_kind

from ..across.cause_rows import Quoted
from .vocabulary import Vocabulary

__all__ = ["EveryText", "ShownText"]

_CODES: Final = frozenset({"code", "codes", "near"})
_URLS: Final = frozenset({"profile", "url", "value_set"})
_NAMES: Final = frozenset({"found", "name", "stated", "type"})
"""Fields of sentences that may hold a code, a canonical url, a name."""

_STEP: Final = lazy_pattern(r"\.(?![^()]*\))")
"""What parts the steps of a place: ``value.ofType(Quantity)``."""

_TYPED: Final = lazy_pattern(r"ofType\((\w+)\)")
_RESOURCE: Final = "*"
_CUT: Final = "..."


class EveryText:
    """Lets all text stand, for a report that may hold values."""

    def message(self, text: str, quoted: Sequence[Quoted] | None) -> str:
        """Return a sentence, given the stretches of it that may quote the data."""
        del quoted
        return text

    def place(self, path: str) -> str:
        """Return a place in resources, without indexes."""
        return path

    def name(self, name: str) -> str:
        """Return the name of a type or of an element."""
        return name

    def rule(self, rule: str) -> str:
        """Return the name of a rule."""
        return rule

    def url(self, url: str) -> str:
        """Return a canonical url, with or without a version."""
        return url

    def code(self, system: str | None, code: str) -> str:
        """Return a code of a system; None for a code alone."""
        del system
        return code

    def undecided(self, key: str) -> str:
        """Return what could not be decided: a url, or a sentence of ours."""
        return key

    def file(self, name: str) -> str:
        """Return the name of a file or a folder."""
        return name

    def reason(self, text: str) -> str:
        """Return why something could not be read."""
        return text


class ShownText(EveryText):
    """Lets stand what is no value of the data."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._known = vocabulary
        self._by_field: list[tuple[frozenset[str], Callable[[str], str]]] = [
            (_CODES, self._codes),
            (_URLS, self.url),
            (_NAMES, self.name),
        ]

    def message(self, text: str, quoted: Sequence[Quoted] | None) -> str:
        """Return a sentence without what may not stand in it; "" where nothing is known of it."""
        if quoted is None or any(not name for name, _, _ in quoted):
            return ""
        pieces, at = list[str](), 0
        for name, start, end in sorted(quoted, key=lambda span: span[1:]):
            if start >= len(text) or end <= at:
                continue
            pieces.append(text[at:start])
            whole = start >= at and (end <= len(text) - len(_CUT) or not text.endswith(_CUT))
            pieces.append(self._field(name, text[start:end]) if whole else MASK)
            at = min(end, len(text))
        return "".join((*pieces, text[at:]))

    def place(self, path: str) -> str:
        """Return a place with a mask for each step that is no element of R4 or of a package."""
        return ".".join(map(self._step, _STEP.split(path))) if path else ""

    def name(self, name: str) -> str:
        """Return a name, masked where R4 and the packages do not have it."""
        return name if not name or self._known.has_name(name) else MASK

    def rule(self, rule: str) -> str:
        """Return a rule's name, masked where it is a plug-in's own."""
        return rule if self._known.has_rule(rule) else MASK

    def url(self, url: str) -> str:
        """Return a canonical url, masked where R4 and the packages do not have it; a version that
        they do not have is masked alone.
        """
        bare, bar, version = url.partition("|")
        versions = self._known.versions(bare)
        if (versions and not bar) or version in versions or self._known.has_binding(url):
            return url
        return f"{bare}|{MASK}" if versions else MASK

    def code(self, system: str | None, code: str) -> str:
        """Return a code, masked where its system, and every value set, does not list it."""
        return code if self._known.lists_code(system, code) else MASK

    def undecided(self, key: str) -> str:
        """Return what was counted: a url of a code system or value set, or a sentence of ours."""
        return self.url(key) if undecided_by_kind({key: 1})["codes"] else key

    def file(self, name: str) -> str:
        """Return the last step of a file's name."""
        return re.split(r"[/\\]", name.rstrip("/\\"))[-1]

    def reason(self, text: str) -> str:
        """Return our own words for why something could not be read, without what a library says."""
        return text.partition(":")[0]

    def _step(self, step: str) -> str:
        typed = _TYPED.fullmatch(step)
        known = step == _RESOURCE or self._known.has_name(typed[1] if typed else step)
        return step if known else MASK

    def _field(self, name: str, text: str) -> str:
        for names, shown in self._by_field:
            if name in names:
                return shown(text)
        return MASK

    def _codes(self, text: str) -> str:
        return ", ".join(self._coded(text))

    def _coded(self, text: str) -> Iterator[str]:
        """Yield the codes of a sentence, each ``system#code`` or a code alone."""
        for piece in text.split(", "):
            system, mark, code = piece.partition("#")
            if not mark:
                yield piece if self._known.lists_code(None, piece) else MASK
            elif not system:
                yield piece if self._known.lists_code(None, code) else f"#{MASK}"
            elif self._known.lists_code(system, code):
                yield piece
            else:
                held = self.url(system)
                yield held if held == MASK else f"{held}#{MASK}"
