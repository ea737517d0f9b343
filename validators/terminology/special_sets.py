"""Value sets that the reference validator decides without reading ``compose``: languages, MIME
types, currencies, units, states.

Each takes codes of one system only; a code of another system, or one that its rule refuses, is
INVALID_CODE: an error even at a preferred binding.
"""

from __future__ import annotations

from collections.abc import Callable

from .membership import Membership
from .registries import CURRENCIES, LANGUAGES, LISTED, MIME_TYPES, STATES, registered
from .ucum import UCUM

__all__ = ["Rule", "special_codes", "special_rule"]

Rule = Callable[[str | None, str | None], Membership]
"""(system, code) -> answer; a code without system is taken to be of the value set's own."""


def special_rule(url: str, listed: Callable[[], frozenset[str]]) -> Rule | None:
    """Return the rule of the value set with this url; None for the value sets that have none.

    ``listed`` gives the codes that its compose lists.
    """
    match url:
        case "http://hl7.org/fhir/ValueSet/languages":
            return _needing_code(_of_system(LANGUAGES, listed().__contains__))
        case "http://hl7.org/fhir/ValueSet/all-languages":
            return _needing_code(
                _of_system(LANGUAGES, lambda code: bool(registered(LANGUAGES, code)))
            )
        case "http://hl7.org/fhir/ValueSet/mimetypes":
            return _of_system(MIME_TYPES, lambda _code: True)
        case "http://hl7.org/fhir/ValueSet/currencies":
            return _of_system(CURRENCIES, LISTED[CURRENCIES].__contains__)
        case "http://hl7.org/fhir/ValueSet/ucum-units":
            return _of_system(UCUM, lambda code: bool(registered(UCUM, code)))
        case "http://hl7.org/fhir/us/core/ValueSet/us-core-usps-state":
            return _of_system(STATES, LISTED[STATES].__contains__)
    return None


def special_codes(url: str) -> frozenset[str] | None:
    """Return the codes of a value set that has a rule of its own; None where they
    cannot be listed.
    """
    match url:
        case "http://hl7.org/fhir/ValueSet/currencies":
            return LISTED[CURRENCIES]
        case "http://hl7.org/fhir/us/core/ValueSet/us-core-usps-state":
            return LISTED[STATES]
    return None


def _of_system(expected: str, accepts: Callable[[str | None], bool]) -> Rule:
    def rule(system: str | None, code: str | None) -> Membership:
        return (
            Membership.IN
            if (not system or system == expected) and accepts(code)
            else Membership.INVALID_CODE
        )

    return rule


def _needing_code(rule: Rule) -> Rule:
    """Return a rule that skips a language without a code, on which the reference breaks."""
    return lambda system, code: (
        Membership.SKIPPED_BY_REFERENCE
        if code is None and system in (None, "", LANGUAGES)
        else rule(system, code)
    )
