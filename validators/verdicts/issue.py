"""Issue: what a validator says about one resource: issues, and the verdict they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Self

from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from .crash_log import log_crash_of
from .declaration import FAILING, MASK, Declaration, Severity, Violation
from .undecided import UndecidedCode

__all__ = [
    "CRASH",
    "FAILING",
    "Issue",
    "Remark",
    "Severity",
    "Verdict",
    "any_fails",
    "crash_verdict",
    "operation_outcome",
]

LONGEST = 2000
"""Characters of a message.

A value may have a million; a log that repeats it for every finding would be larger than the data.
"""

CRASH = Declaration(
    "validator-crash",
    "fatal",
    "exception",
    "the validator failed: {error}",
    "the validator itself broke on a resource, which is never the data's fault",
)

_TYPED_CHOICE = lazy_pattern(r"\.ofType\(\w+\)")


class _Rendered:
    """The attribute ``diagnostics``: as it was given, or rendered when it is first asked for."""

    def __get__(self, issue: Issue | None, owner: type[Issue]) -> str:
        if issue is None:
            raise AttributeError("diagnostics has no default")
        sentence = issue.sentence
        if sentence is None:
            violation = issue.violation
            sentence = "" if violation is None else violation.text
            issue.sentence = sentence = sentence if len(sentence) <= LONGEST else _cut(sentence)
        return sentence

    def __set__(self, issue: Issue, text: str | None) -> None:
        issue.sentence = text if text is None or len(text) <= LONGEST else _cut(text)


def _cut(text: str) -> str:
    return text[: LONGEST - 3] + "..."


class _Worded:
    """The sentence of an issue, None until it is rendered; apart, so that it is no field of the
    issue.
    """

    sentence: str | None


@dataclass
class Issue(_Worded):
    """One finding, as OperationOutcome.issue of FHIR R4 describes it.

    severity     fatal | error | warning | information
    code         FHIR IssueType: structure, required, value, invariant, code-invalid, not-found, …
    rule         what decided: an invariant's key (``obs-7``) or the name of one of our rules
                 (``cardinality``)
    location     where, as HL7's validator prints it: ``Observation.value.ofType(Quantity).code``
    diagnostics  the sentence for a person, with the numbers; what is longer than LONGEST is cut,
                 since values may be quoted whole
    profile      canonical url of the StructureDefinition that states the rule, where one does
    element      of an element that is missing: its name below the location
    violation    what the sentence is rendered from; None where only the sentence was given, as
                 plug-ins give it
    """

    severity: Severity
    code: str
    rule: str
    location: str
    diagnostics: _Rendered = _Rendered()
    profile: str | None = None
    element: str = ""
    violation: Violation | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        violation: Violation,
        location: str = "",
        profile: str | None = None,
        element: str = "",
        severity: Severity | None = None,
    ) -> Self:
        """Return the issue for a violation at a place; its severity is the declared one unless
        another is given.
        """
        declaration = violation.declaration
        issue = object.__new__(cls)  # an issue is made often: __init__ takes twice as long
        issue.severity = severity or declaration.severity
        issue.code = declaration.code
        issue.rule = violation.rule if declaration.family else declaration.name
        issue.location = location
        issue.sentence = None
        issue.profile = profile
        issue.element = element
        issue.violation = violation
        return issue

    def copied(self) -> Issue:
        """Return an issue of equal content, since locations grow in place."""
        issue = object.__new__(Issue)
        issue.severity = self.severity
        issue.code = self.code
        issue.rule = self.rule
        issue.location = self.location
        issue.sentence = self.sentence
        issue.profile = self.profile
        issue.element = self.element
        issue.violation = self.violation
        return issue

    def naming(self, url: str, name: str) -> None:
        """Let the sentence say a name wherever it says a url."""
        violation = self.violation
        if violation is not None and url in violation.values.values():
            values = {key: name if one == url else one for key, one in violation.values.items()}
            self.violation, self.sentence = Violation(violation.declaration, values), None

    def without_values(self) -> Issue:
        """Return the issue with a message that quotes no value of the resource.

        Of a sentence that was given as plain text nothing is known; it is left out whole. So is a
        profile whose url stands in the resource alone, and in no definition.
        """
        violation = self.violation
        if violation is None:
            text = f"{self.rule} (message left out, it may quote values)"
            return replace(self, diagnostics=text)
        quoted = [violation.values[name] for name in violation.declaration.quotes]
        profile = None if self.profile in quoted else self.profile
        hidden = violation.hidden
        return replace(self, diagnostics=hidden.text, profile=profile, violation=hidden)

    @property
    def expression(self) -> str:
        """The location as FHIRPath that any engine evaluates: choice types without ``ofType``."""
        return _TYPED_CHOICE.sub("", self.location)

    @property
    def fails(self) -> bool:
        """Return whether the issue fails its resource, by its severity."""
        return self.severity in FAILING


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark of HealthLake's on a failing resource, which is no issue of ours (see ``remarks``).

    said      the sentence, up to the value that it quotes
    location  the place as HL7's validator prints it
    quoted    the value of the resource that ends the sentence; "" where there is none
    """

    severity: Severity
    said: str
    location: str
    quoted: str = ""

    @property
    def text(self) -> str:
        """The whole sentence."""
        return self.said + self.quoted

    def without_values(self) -> Remark:
        """Return the remark with a mask in the place of what it quotes."""
        return Remark(self.severity, self.said, self.location, MASK if self.quoted else "")


def any_fails(issues: Iterable[Issue]) -> bool:
    """Tell whether one of the issues fails its resource."""
    for issue in issues:  # noqa: SIM110  # asked of every line: a generator takes twice as long
        if issue.severity in FAILING:
            return True
    return False


@dataclass(slots=True)
class Verdict:
    """The answer for one resource: its type and id where they could be read, and the issues found.

    hidden    (severity, rule) -> issues that were found and are not among ``issues``, where there
              are more than are shown (see ``excerpt``)
    remarks   what a FAILURE line says beside the issues, and nothing else does
    codes     code that could not be decided offline -> how often it stands in the resource
    """

    resource_type: str | None
    resource_id: str | None
    issues: Sequence[Issue] = ()
    hidden: Mapping[tuple[Severity, str], int] = field(default_factory=dict)
    remarks: Sequence[Remark] = ()
    codes: Mapping[UndecidedCode, int] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Return whether some issue fails the resource."""
        return any_fails(self.issues)

    @property
    def crashed(self) -> bool:
        """Return whether the validation itself broke."""
        return CRASH.name in [issue.rule for issue in self.issues]


def crash_verdict(
    error: Exception, resource_type: str | None = None, resource_id: str | None = None
) -> Verdict:
    """Log, and return, what is said of a resource whose validation itself broke, a server error
    and never the data's; with its type and id where they could be read.
    """
    log_crash_of(resource_type, error)
    return Verdict(resource_type, resource_id, [Issue.of(CRASH(error=type(error).__name__))])


def operation_outcome(issues: Sequence[Issue]) -> dict[str, object]:
    """Return the issues as an OperationOutcome resource of FHIR R4."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": issue.severity,
                "code": issue.code,
                "details": {"text": issue.rule},
                "diagnostics": issue.diagnostics,
                "location": [issue.location],
                "expression": [issue.expression],
            }
            for issue in issues
        ],
    }
