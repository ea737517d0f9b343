"""Bindings: what is said of a coded element, by its type, its value set and the strength.

As the reference validator decides (R4, terminology offline); "unknown" is a code missing from a
system that is held, whatever the binding:

| element                       | required                | extensible                  | preferred
                                | example, none                  |
|-------------------------------|-------------------------|-----------------------------|----------------|--------------------------------|
| code, string, uri...          | error: not in the set   | error only by maxValueSet   | nothing
                                | nothing                        |
| Coding, Quantity              | error: not in, unknown  | error only by maxValueSet   | error:
                                unknown | error: unknown, system is      |
|                               |                         |                             |
                                                          | relative, system is a value set|
| CodeableConcept               | error: no coding, any   | error: unknown; maxValueSet | error:
                                unknown | error: unknown                 |
|                               | coding not in, unknown  |                             |
                                                          |                                |

A Coding or Quantity is looked at only if it has both system and code; a coding of a CodeableConcept
in any case: a held system without a code is unknown. *Every* coding of a required CodeableConcept
must be in the set, so a local coding beside the right one fails it. Codings inside a
CodeableConcept are checked by it, not one by one, unless they are bound themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Protocol

from ..economy.memory import Memory
from ..values.primitives import is_blank
from ..verdicts.declaration import Violation
from .code_faults import (
    BINDING_CODE,
    BINDING_CODE_SYSTEM,
    BINDING_EXTENSIBLE,
    BINDING_MAX,
    BINDING_NO_CODE,
    BINDING_REQUIRED,
    BINDING_REQUIRED_FEW,
    BINDING_REQUIRED_FEW_NEAR,
    BINDING_REQUIRED_NEAR,
    CODE_SYSTEM,
    CODE_SYSTEM_ELSEWHERE,
    SYSTEM_ABSENT,
    SYSTEM_RELATIVE,
    SYSTEM_STUB,
    SYSTEM_UNKNOWN,
    SYSTEM_VALUE_SET,
    UCUM_UNIT,
    UNDECIDED,
    UNEXPANDABLE,
)
from .code_systems import CodeSystem
from .membership import FAULTS, Membership, TerminologyRules
from .ucum import UCUM
from .value_sets import ValueSet

__all__ = ["CodeBinding", "CodingBinding", "ConceptBinding", "Findings", "coded"]

Findings = tuple[Violation, ...]
_KEPT = 4096
_FEW = 12
"""Codes of a value set that are listed for whoever sent another: more are a page, not a sentence.
"""


class _Terminology(Protocol):
    rules: TerminologyRules

    def value_set(self, url: str) -> ValueSet | None:
        """Return the value set of a url; None where it is not known."""
        ...

    def code_system(self, url: str) -> CodeSystem | None:
        """Return the code system of a url; None where it is not known."""
        ...

    def lookup(self, system: str, code: str | None) -> bool | None:
        """Tell whether a code exists in its system; None where that cannot be told."""
        ...

    def version_with(self, system: str, code: str) -> str | None:
        """Return the newest version of a system that has a code; None where none at hand has."""
        ...


class _Bound:
    """A binding's value set and its maximum, as far as they are known."""

    def __init__(
        self, terminology: _Terminology, url: str | None, strength: str, max_url: str | None
    ) -> None:
        self.terminology = terminology
        self.strength = strength
        self.value_set = terminology.value_set(url) if url else None
        self.named = _named(self.value_set, url)
        self.misplaced: Findings = ()
        if url and self.value_set is None and strength != "example":
            self.misplaced = (
                BINDING_CODE_SYSTEM(value_set=url)
                if terminology.code_system(url)
                else UNDECIDED(codes="", value_set=url),
            )
        # The reference validator reads the maximum of an extensible binding alone
        # (docs/differences.md).
        limited = strength == "extensible" and max_url is not None
        self.maximum = terminology.value_set(max_url) if max_url is not None and limited else None
        self.maximum_named = _named(self.maximum, max_url)

    @property
    def checked(self) -> bool:
        """Return whether the value set itself is asked."""
        return self.value_set is not None and self.strength != "example"

    def undecided(self, answer: Membership, codes: str) -> Violation | None:
        """Return the finding for an answer that decides nothing; None where it decides."""
        # Terminology that is not at hand proves no fault, where the reference makes an error of it
        # (docs/decisions, 011).
        if answer is Membership.UNEXPANDABLE and self.strength == "required":
            return UNEXPANDABLE(codes=codes, value_set=self.named)
        undecided = answer in (
            Membership.OPEN,
            Membership.UNEXPANDABLE,
            Membership.SKIPPED_BY_REFERENCE,
        )
        return UNDECIDED(codes=codes, value_set=self.named) if undecided else None

    def outside(self, codes: str, near: str | None) -> Violation | None:
        """Return the finding for a code that is not in the value set; None where the strength of
        the binding allows any code.

        near   the code that was perhaps meant, None where none is known
        """
        if self.strength == "extensible":
            return BINDING_EXTENSIBLE(codes=codes, value_set=self.named)
        if self.strength != "required":
            return None
        said: dict[str, object] = {"codes": codes, "value_set": self.named}
        if near is not None:
            said["near"] = near
        if self._allowed:
            fault = BINDING_REQUIRED_FEW if near is None else BINDING_REQUIRED_FEW_NEAR
            return fault(**said, allowed=self._allowed)
        return (BINDING_REQUIRED if near is None else BINDING_REQUIRED_NEAR)(**said)

    def near_code(self, code: str) -> str | None:
        """Return the code of the value set that was perhaps meant by a bare code."""
        return self._near(code, lambda value_set, near: value_set.code(near))

    def near_coding(self, system: str | None, code: str | None) -> str | None:
        """Return the code of a system, in the value set, that was perhaps meant by another."""
        if code is None:
            return None
        return self._near(code, lambda value_set, near: value_set.member(system, near))

    def _near(self, code: str, answer: Callable[[ValueSet, str], Membership]) -> str | None:
        if self.value_set is None or self.strength != "required":
            return None
        near = self.value_set.near_codes.near(code)
        within = near is not None and answer(self.value_set, near) is Membership.IN
        return near if within else None

    @cached_property
    def _allowed(self) -> str:
        """The codes of the value set and their systems, "" where they are many."""
        pairs = (self.value_set and self.value_set.few(_FEW)) or ()
        by_system: dict[str | None, list[str]] = {}
        for system, code in pairs:
            by_system.setdefault(system, []).append(code)
        groups = [
            ", ".join(codes) + (f" ({system})" if system else "")
            for system, codes in by_system.items()
        ]
        return "; ".join(groups)

    def unknown(
        self, system: str | None, code: str | None, answer: Membership | None = None
    ) -> Violation | None:
        """Return the finding for a code that its own system does not have, or for a system that is
        not known; None where the code exists.

        answer  what the value set says of the code, None where it was not asked. By R4's rules a
                code that it takes from the version that it names is known, whichever version of the
                system a bare url means.
        """
        if not system or (answer is Membership.IN and self.terminology.rules == "r4"):
            return None
        known = self.terminology.lookup(system, code)
        if known:
            return None
        if known is None:
            stub = self.terminology.code_system(system)
            fault = SYSTEM_UNKNOWN if stub is None else SYSTEM_STUB
            return fault(codes=coded(system, code))
        codes = coded(system, code)
        if system == UCUM:
            return UCUM_UNIT(codes=codes)
        version = self.terminology.version_with(system, code) if code else None
        if version is None:
            return CODE_SYSTEM(codes=codes)
        return CODE_SYSTEM_ELSEWHERE(codes=codes, version=version)


class CodeBinding:
    """A binding of bare codes: ``binding(code)`` gives the findings for one code.

    accepted  all the codes that are certainly fine, None where there is no list of them
    no_code   what to report of an element that has no value, only extensions; a blank value is none
              either
    """

    def __init__(self, bound: _Bound) -> None:
        self._bound = bound
        self._memory = Memory(_KEPT)
        self._known: dict[str, Findings] = self._memory.table()
        self.no_code: Findings = (
            (BINDING_NO_CODE(value_set=bound.named),) if bound.strength == "required" else ()
        )

    @classmethod
    def compile(
        cls, terminology: _Terminology, url: str | None, strength: str, max_url: str | None
    ) -> CodeBinding | None:
        """Return the binding of bare codes to a value set, or None where no code can be found fault
        with: no value set, or a strength other than required and extensible (FHIR R4, section
        4.1.3).
        """
        if url is None or strength not in ("required", "extensible"):
            return None
        return cls(_Bound(terminology, url, strength, max_url))

    @property
    def accepted(self) -> frozenset[str] | None:
        """Every code that is certainly fine; None where the binding is not required or the value
        set cannot be listed.
        """
        return (
            self._bound.value_set.listing()
            if self._bound.value_set is not None and self._bound.strength == "required"
            else None
        )

    def __call__(self, code: str) -> Findings:
        known = self._known.get(code)
        if known is None:
            known = self._memory.keep(self._known, code, self._judge(code))
        return known

    def _judge(self, code: str) -> Findings:
        bound = self._bound
        if is_blank(code):
            return self.no_code
        if bound.value_set is None:
            return bound.misplaced
        answer = bound.value_set.code(code)
        undecided = bound.undecided(answer, code)
        if undecided is not None:
            return (undecided,)
        if answer is Membership.IN:
            return self._in_system(code)
        if bound.maximum is not None:
            return (
                (BINDING_MAX(codes=code, value_set=bound.maximum_named),)
                if bound.maximum.code(code) in FAULTS
                else ()
            )
        outside = bound.outside(code, bound.near_code(code))
        return () if outside is None else (outside,)

    def _in_system(self, code: str) -> Findings:
        """Return the finding for a code that the value set lists and its system does not have."""
        bound = self._bound
        if bound.value_set is None or bound.strength != "required":
            return ()
        unknown = bound.unknown(bound.value_set.system_of(code), code)
        return (unknown,) if unknown is not None and unknown.fails else ()


class CodingBinding:
    """A binding of Codings or Quantities: ``binding(system, code)`` gives the findings for one."""

    def __init__(
        self, terminology: _Terminology, url: str | None, strength: str, max_url: str | None
    ) -> None:
        self._bound = _Bound(terminology, url, strength, max_url)
        self._memory = Memory(_KEPT)
        self._known: dict[tuple[str, str], Findings] = self._memory.table()
        self._judge: Callable[[str, str], Findings] = (
            self._bound_coding if self._bound.checked else self._free_coding
        )

    def __call__(self, system: object, code: object) -> Findings:
        if not isinstance(system, str) or not isinstance(code, str):
            return ()
        known = self._known.get((system, code))
        if known is None:
            known = self._memory.keep(self._known, (system, code), self._judge(system, code))
        return known

    def _free_coding(self, system: str, code: str) -> Findings:
        bound, codes = self._bound, coded(system, code)
        findings: list[Violation] = []
        if not system.startswith(("http:", "https:", "urn:")):
            findings.append(SYSTEM_RELATIVE(codes=codes))
        if bound.terminology.value_set(system) is not None:
            findings.append(SYSTEM_VALUE_SET(codes=codes))
        unknown = None if findings else bound.unknown(system, code)
        return (*bound.misplaced, *findings, *(() if unknown is None else (unknown,)))

    def _bound_coding(self, system: str, code: str) -> Findings:
        bound, codes = self._bound, coded(system, code)
        assert bound.value_set is not None
        answer = bound.value_set.member(system, code)
        if answer is Membership.SKIPPED_BY_REFERENCE:
            return (UNDECIDED(codes=codes, value_set=bound.named),)
        findings: list[Violation | None] = []
        if bound.strength != "extensible":
            findings.append(bound.unknown(system, code, answer))
            if answer is Membership.INVALID_CODE:
                findings.append(BINDING_CODE(codes=codes, value_set=bound.named))
        findings.append(bound.undecided(answer, codes))
        if answer in FAULTS and bound.maximum is not None:
            if bound.maximum.member(system, code) in FAULTS:
                findings.append(BINDING_MAX(codes=codes, value_set=bound.maximum_named))
        elif answer in FAULTS:
            findings.append(bound.outside(codes, bound.near_coding(system, code)))
        return tuple(finding for finding in findings if finding is not None)


class ConceptBinding:
    """A binding of CodeableConcepts: ``binding(codings)`` gives the findings for one concept,
    codings being what ``coding`` holds.
    """

    def __init__(
        self, terminology: _Terminology, url: str | None, strength: str, max_url: str | None
    ) -> None:
        self._bound = _Bound(terminology, url, strength, max_url)
        self._memory = Memory(_KEPT)
        self._known: dict[tuple[str | None, str | None], tuple[Membership, Findings]] = (
            self._memory.table()
        )
        self._no_coding: Findings = ()
        if self._bound.value_set is not None:
            if strength == "required":
                self._no_coding = (BINDING_NO_CODE(value_set=self._bound.named),)
            elif strength == "extensible" and max_url is not None:
                self._no_coding = (BINDING_NO_CODE(value_set=self._bound.maximum_named),)

    def __call__(self, codings: Sequence[object]) -> Findings:
        """Return the findings for the whole concept; what is no JSON object in ``codings`` is
        passed over.
        """
        findings = self._bound.misplaced
        pairs: list[tuple[str | None, str | None]] = []
        outside = False
        for coding in codings:
            if not isinstance(coding, dict):
                continue
            system, code = coding.get("system"), coding.get("code")
            pair = (
                system if isinstance(system, str) else None,
                code if isinstance(code, str) else None,
            )
            known = self._known.get(pair)
            if known is None:
                known = self._memory.keep(self._known, pair, self._judge(*pair))
            pairs.append(pair)
            answer, found = known
            # The reference breaks off at such a coding, and says nothing of those before it either.
            if answer is Membership.SKIPPED_BY_REFERENCE:
                return found
            if found:
                findings += found
            outside = outside or answer in FAULTS
        if not pairs:
            return findings + self._no_coding
        return findings + self._outside(pairs) if outside else findings

    def _judge(self, system: str | None, code: str | None) -> tuple[Membership, Findings]:
        bound, codes = self._bound, coded(system, code)
        findings: list[Violation | None] = [SYSTEM_ABSENT(codes=codes)] if system is None else []
        asked = bound.value_set if bound.checked else None
        answer = Membership.IN if asked is None else asked.member(system, code)
        if answer is Membership.SKIPPED_BY_REFERENCE:
            return answer, (UNDECIDED(codes=codes, value_set=bound.named),)
        findings.append(bound.unknown(system, code, None if asked is None else answer))
        findings.append(bound.undecided(answer, codes))
        if answer is Membership.INVALID_CODE:
            findings.append(BINDING_CODE(codes=codes, value_set=bound.named))
        return answer, tuple(finding for finding in findings if finding is not None)

    def _outside(self, pairs: Sequence[tuple[str | None, str | None]]) -> Findings:
        """Return the findings for a concept of which some coding is not in the value set: all of
        them must be.
        """
        bound, codes = self._bound, ", ".join(coded(*pair) for pair in pairs)
        near = [bound.near_coding(*pair) for pair in pairs]
        finding = bound.outside(codes, next(filter(None, near), None))
        findings = () if finding is None else (finding,)
        if bound.maximum is not None:
            answers = {bound.maximum.member(*pair) for pair in pairs}
            if Membership.SKIPPED_BY_REFERENCE not in answers and not answers.isdisjoint(FAULTS):
                findings = (BINDING_MAX(codes=codes, value_set=bound.maximum_named), *findings)
        return findings


def coded(system: str | None, code: str | None) -> str:
    """Return a code as sentences name it: its system, a hash sign, the code."""
    return f"{system or ''}#{code or ''}"


def _named(value_set: ValueSet | None, url: str | None) -> str:
    if value_set is None:
        return url or ""
    return f"{value_set.url}|{value_set.version}" if value_set.version else value_set.url
