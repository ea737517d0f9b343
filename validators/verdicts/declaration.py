"""Declarations: the names of rules, each with the sentence that is said where its rule is broken.

A name is declared once, beside the check that prints it. What a check finds is a Violation: the
declaration and the values for its sentence, which is rendered when somebody asks for it, with the
values that quote the data or without them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from string import Formatter
from typing import Literal

from ..economy.light_dataclass import dataclass

__all__ = ["FAILING", "MASK", "RANKS", "Declaration", "Severity", "Violation"]

Severity = Literal["fatal", "error", "warning", "information"]

FAILING: frozenset[str] = frozenset({"fatal", "error"})
"""Severities that fail a resource."""

RANKS: Mapping[str, int] = {"fatal": 0, "error": 0, "warning": 1, "information": 2}
"""Severities by rank: what has the lower one is worse, and said first."""

MASK = "***"
"""Stands in a sentence where a value of the data would be quoted."""


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """A rule's name, with what is known of the rule and one sentence about a violation of it.

    name       what a user sees as ``rule``; names are for ever
    severity   the severity of a violation; a check may say that one is worth less
    code       FHIR IssueType: structure, required, value, invariant, code-invalid, not-found, …
    template   the sentence, with named fields as ``str.format_map`` reads them
    says       what the rule asks of the data, in a few words
    section    the section of FHIR R4 that states the rule; "" where the specification does not
    reference  the ids that HL7's validator gives to what the rule finds
    quotes     the fields that may quote values of the data
    names      the fields that may say a member name which the data made up: no value of an element,
               and shown beside masked ones, but nothing to hand on to others
    aliases    names that the rule had in earlier versions
    family     the field that holds the name a user sees, where definitions name the rules that
               this declaration stands for; "" where ``name`` is that name
    parsing    whether the fault is one of form that HealthLake's parser finds, which writes
               locations as ``/Patient``
    unplaced   whether HealthLake finds the fault before it validates: an error without a location
    brief      the sentence where findings that are alike are counted together, with the same
               fields; "" where the sentence itself is short enough
    service    HealthLake's own sentence, with the same fields; "" where it has none that is known
    main       the declaration that gives the rule its name, where this one only adds a sentence
    """

    name: str
    severity: Severity
    code: str
    template: str
    says: str
    section: str = ""
    reference: tuple[str, ...] = ()
    quotes: frozenset[str] | tuple[str, ...] = ()
    names: frozenset[str] | tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    family: str = ""
    parsing: bool = False
    unplaced: bool = False
    service: str = ""
    brief: str = ""
    main: Declaration | None = None

    def also(
        self,
        template: str,
        *,
        quotes: Collection[str] = (),
        code: str | None = None,
        service: str | None = None,
        brief: str = "",
    ) -> Declaration:
        """Return a further sentence of the same rule; IssueType and HealthLake's own sentence are
        those of this one unless others are given.
        """
        return replace(
            self,
            template=template,
            quotes=tuple(quotes),
            names=(),
            code=self.code if code is None else code,
            service=self.service if service is None else service,
            brief=brief,
            main=self.main or self,
        )

    def __call__(self, **values: object) -> Violation:
        """Return a violation with the values for the fields of the sentence."""
        return Violation(self, values)

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields in the sentence."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.template) if name)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the rule comes from, as sentences: R4's section, and HL7's own message ids."""
        section = f"FHIR R4, section {self.section}." if self.section else ""
        reference = f"HL7's validator says: {', '.join(self.reference)}." if self.reference else ""
        return tuple(filter(None, (section, reference)))

    def values_in(self, sentence: str) -> Mapping[str, str] | None:
        """Return the values for the fields of a sentence as it stands where alike findings are
        counted together; None where the sentence is not of this declaration.
        """
        match = _reading(self.brief or self.template).fullmatch(sentence)
        return None if match is None else match.groupdict()

    def values_of(self, sentence: str) -> Mapping[str, str] | None:
        """Return the values for the fields of a whole sentence; None where it is another's."""
        match = _reading(self.template).fullmatch(sentence)
        return None if match is None else match.groupdict()

    def brief_pieces(self, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield the brief sentence in pieces: (the field, the text), the field "" for text that
        holds nothing of the data.
        """
        told = {*self.quotes, *self.names}
        for text, name, spec, conversion in Formatter().parse(self.brief or self.template):
            yield "", text
            if name is not None:
                field = "{0" + (f"!{conversion}" if conversion else "") + f":{spec or ''}" + "}"
                yield name if name in told else "", field.format(values[name])

    @property
    def hidden(self) -> Declaration:
        """The declaration with the mask in place of every field that may quote the data."""
        return _hidden(self)


@cache
def _reading(template: str) -> re.Pattern[str]:
    """Return a pattern for the sentences of a template, with a group a field."""
    pieces = (
        re.escape(text) + (f"(?P<{name}>.*?)" if name else "")
        for text, name, _, _ in Formatter().parse(template)
    )
    return re.compile("".join(pieces), re.DOTALL)


@cache
def _hidden(one: Declaration) -> Declaration:
    quotes = frozenset(one.quotes)
    shown, service = _masked(one.template, quotes), _masked(one.service, quotes)
    brief = _masked(one.brief, quotes)
    return replace(one, template=shown, service=service, brief=brief, main=one.main or one)


def _masked(template: str, quotes: frozenset[str]) -> str:
    pieces: list[str] = []
    for text, name, spec, conversion in Formatter().parse(template):
        pieces.append(text.replace("{", "{{").replace("}", "}}"))
        if name in quotes:
            pieces.append(MASK)
        elif name is not None:
            pieces.append(
                "{" + name + (f"!{conversion}" if conversion else "") + f":{spec or ''}" + "}"
            )
    return "".join(pieces)


@dataclass(slots=True)
class Violation:
    """A violation that a check found, before it has a place: a declaration and the values for its
    sentence.

    Not frozen, since that doubles the time to make one.

    values   by field; none of them may change afterwards, since the sentence is rendered late
    """

    declaration: Declaration
    values: Mapping[str, object]

    def __hash__(self) -> int:
        return hash((self.declaration, *self.values.items()))

    @property
    def rule(self) -> str:
        """The name that a user sees."""
        family = self.declaration.family
        return str(self.values[family]) if family else self.declaration.name

    @property
    def severity(self) -> Severity:
        """The severity that the declaration states."""
        return self.declaration.severity

    @property
    def fails(self) -> bool:
        """Return whether the violation fails a resource."""
        return self.declaration.severity in FAILING

    @property
    def text(self) -> str:
        """The sentence for a person."""
        return self.declaration.template.format_map(self.values)

    @property
    def brief_text(self) -> str:
        """The sentence as it stands where alike findings are counted together."""
        return (self.declaration.brief or self.declaration.template).format_map(self.values)

    @property
    def service_text(self) -> str:
        """The sentence as HealthLake writes it."""
        return (self.declaration.service or self.declaration.template).format_map(self.values)

    @property
    def hidden(self) -> Violation:
        """The violation, whose sentences show no value that may quote the data."""
        return Violation(self.declaration.hidden, self.values)
