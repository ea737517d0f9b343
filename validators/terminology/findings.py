"""What terminology has to say of one coded element: a small record, worded on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ..issue import Severity

__all__ = ["Finding", "Rule"]

Rule = Literal[
    "binding-required", "binding-max", "binding-no-code", "binding-extensible", "binding-code",
    "binding-code-system",
    "code-system", "ucum", "system-relative", "system-value-set", "system-stub", "system-unknown",
    "system-absent", "undecided", "unexpandable",
]  # fmt: skip

_SEVERITIES: Final[Mapping[Rule, Severity]] = {
    "binding-extensible": "warning",
    "system-unknown": "warning",
    "system-absent": "warning",
    "undecided": "information",
    # The reference validator makes errors of these two, where nothing speaks against the code:
    # terminology that is not at hand proves no fault.
    "unexpandable": "information",
    "system-stub": "information",
}

_TEXTS: Final[Mapping[Rule, str]] = {
    "binding-required": (
        "The code provided ({codes}) is not in the value set {value_set}, and a "
        "code from this value set is required"
    ),
    "binding-max": (
        "The code provided ({codes}) is not in the maximum value set {value_set}, and "
        "a code from this value set is required"
    ),
    "binding-no-code": "No code provided, and a code is required from the value set {value_set}",
    "binding-extensible": (
        "The code provided ({codes}) is not in the value set {value_set}, and a "
        "code should come from it unless it has no suitable code"
    ),
    "binding-code": "The code provided ({codes}) is not one that the value set {value_set} allows",
    "binding-code-system": "The binding names {value_set}, which is a code system and no value set",
    "code-system": "Unknown code ({codes})",
    "ucum": "The code provided ({codes}) is not a UCUM unit",
    "system-relative": "Coding.system must be an absolute reference, not a local reference",
    "system-value-set": "The Coding references a value set, not a code system ({codes})",
    "system-unknown": "The code system is not known and its code could not be checked ({codes})",
    "system-stub": (
        "The codes of the code system are not all at hand; the code was not checked ({codes})"
    ),
    "system-absent": (
        "A code with no system has no defined meaning; a system should be provided ({codes})"
    ),
    "unexpandable": (
        "The value set {value_set}, from which a code is required, cannot be expanded "
        "offline; the code was not checked ({codes})"
    ),
    "undecided": (
        "The value set {value_set} cannot be expanded offline; the code was not checked ({codes})"
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about a coded element.

    rule       what decided
    codes      the codes concerned, ``system#code``, parted by commas: data of the patient's
    value_set  canonical url of the value set concerned (``url|version`` where it has one), "" where
               none is
    """

    rule: Rule
    codes: str = ""
    value_set: str = ""

    @property
    def severity(self) -> Severity:
        """error, warning, or information for what could not be decided."""
        return _SEVERITIES.get(self.rule, "error")

    @property
    def fails(self) -> bool:
        return self.rule not in _SEVERITIES

    @property
    def text(self) -> str:
        """The sentence for a person."""
        return _TEXTS[self.rule].format(codes=self.codes, value_set=self.value_set)

    @property
    def anonymous(self) -> str:
        """The sentence without the codes."""
        return _TEXTS[self.rule].replace(" ({codes})", "").format(value_set=self.value_set)
