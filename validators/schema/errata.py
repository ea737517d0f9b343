"""Errata: published invariants that do not say what they mean, and what is checked in their place.

The measure is HL7's validator (org.hl7.fhir.core 6.5.27). It passes a constraint only where its
expression is true (or is neither empty nor a boolean), so an expression that is empty where its
element is absent fails; most entries exist because of that. An invariant that is strange but that
HL7's validator checks as it stands is not here: app-4 (``no-show`` is no AppointmentStatus), que-7
(``Boolean``), tim-9 (``in`` on a collection), eld-11, sdf-4, ctm-1.
"""

from __future__ import annotations

from functools import cache

from ..economy.light_dataclass import dataclass

__all__ = ["ERRATA", "Erratum", "corrected"]


@dataclass(frozen=True, slots=True)
class Erratum:
    """One correction.

    key         the invariant's key; empty where the expression alone tells it
    published   the expression as published; empty where any expression under the key is replaced
    corrected   what is checked; empty where code elsewhere checks the rule and the expression is
                not evaluated
    reason      why
    """

    key: str
    published: str
    corrected: str
    reason: str


_MACHINE_NAME = "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')"
_NO_CLINICAL_STATUS = (
    "clinicalStatus.exists() or "
    "verificationStatus.coding.where("
    "system='http://terminology.hl7.org/CodeSystem/condition-ver-status' "
    "and code = 'entered-in-error').exists() or category.select($this='problem-list-item').empty()"
)
_CONTAINED = (
    "reference.startsWith('#').not() or (reference.substring(1).trace('url') in "
    "%rootResource.contained.id.trace('ids'))"
)
_CONTAINED_STU3 = (
    "reference.startsWith('#').not() or (reference.substring(1).trace('url') in "
    "%resource.contained.id.trace('ids'))"
)
_PATH_NAME = r"[^\\s\\.,:;\\\'\"\\/|?!@#$%&*()\\[\\]{}]{1,64}"

ERRATA: tuple[Erratum, ...] = (
    Erratum(
        "ele-1",
        "",
        "",
        "the walk over the elements checks it; HL7's validator finds hasValue() true of every "
        "element that is no primitive, "
        "so that only a primitive with neither value nor extension fails, and an object with "
        "nothing but an id passes",
    ),
    Erratum(
        "dom-3",
        "",
        "",
        "a quadratic walk over all descendants that throws where a contained resource has no id; "
        "the rule on contained resources is written in code",
    ),
    Erratum(
        "dom-6",
        "",
        "(%rootResource != $this) or text.`div`.exists()",
        "best practice, and meant for whole resources only: contained ones need no narrative",
    ),
    Erratum(
        "txt-2",
        "",
        "htmlChecks2()",
        "published with the expression of txt-1; it means that there is content",
    ),
    Erratum(
        "",
        _CONTAINED,
        f"reference.exists() implies (reference = '#' or ({_CONTAINED}))",
        "ref-1: empty without a reference; # alone is the container",
    ),
    Erratum(
        "",
        _CONTAINED_STU3,
        f"reference.exists() implies (reference = '#' or ({_CONTAINED}))",
        "ref-1 as STU3 published it and older profiles repeat it",
    ),
    Erratum(
        "",
        "fullUrl.contains('/_history/').not()",
        "fullUrl.exists() implies fullUrl.contains('/_history/').not()",
        "bdl-8 is empty in an entry without fullUrl",
    ),
    Erratum(
        "",
        _MACHINE_NAME,
        "name.exists() implies name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')",
        "the *-0 rules: empty without a name, and not anchored",
    ),
    Erratum(
        "",
        _NO_CLINICAL_STATUS,
        "(verificationStatus.coding.where("
        "system='http://terminology.hl7.org/CodeSystem/condition-ver-status' "
        "and code = 'entered-in-error').exists() "
        "and "
        "category.coding.exists(system='http://terminology.hl7.org/CodeSystem/condition-category' "
        "and code ='problem-list-item').empty()) "
        "implies (clinicalStatus.exists())",
        "con-3 compares a CodeableConcept with a string; this is HL7's replacement, a warning",
    ),
    Erratum(
        "",
        "enableWhen.count() > 2 implies enableBehavior.exists()",
        "enableWhen.count() >= 2 implies enableBehavior.exists()",
        "que-12 says more than once and counts more than twice",
    ),
    Erratum(
        "",
        "probability is decimal implies (probability as decimal) <= 100",
        "(probability.exists() and (probability is decimal)) implies ((probability as decimal) <= "
        "100)",
        "ras-2 is empty without a probability",
    ),
    Erratum(
        "opd-3",
        "",
        "targetProfile.exists() implies (type = 'Reference' or type = 'canonical' or "
        "type.memberOf('http://hl7.org/fhir/ValueSet/resource-types'))",
        "operations may name a resource type itself",
    ),
    Erratum(
        "eld-19",
        "",
        rf"path.matches('^{_PATH_NAME}(\\.{_PATH_NAME}(\\[x\\])?(\\:[^\\s\\.]+)?)*$')".replace(
            r"\"", '"'
        ),
        "not anchored: matches() looks anywhere in the text",
    ),
    Erratum(
        "eld-20",
        "",
        r"path.matches('^[A-Za-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*(\\[x])?)*$')",
        "not anchored: matches() looks anywhere in the text",
    ),
    Erratum(
        "",
        "low.empty() or high.empty() or (low <= high)",
        "low.empty() or high.empty() or ((low.unit = high.unit or (low.unit.hasValue() or "
        "high.unit.hasValue()).not()) and low.value <= high.value)",
        "rng-2 compares quantities; HL7's validator does so only where both have the same unit "
        "text or none, and fails the rest",
    ),
    Erratum(
        "",
        "(component.empty() and hasMember.empty()) implies (dataAbsentReason or value)",
        "(component.empty() and hasMember.empty()) implies (dataAbsentReason.exists() or "
        "value.exists())",
        "vs-2 as 4.0.0 published it: empty where both are absent",
    ),
    Erratum(
        "",
        "telecom or endpoint",
        "telecom.exists() or endpoint.exists()",
        "pd-1 of US Core's PractitionerRole: two telecoms are no boolean",
    ),
    Erratum(
        "",
        "isModifier implies isModifierReason.exists()",
        "(isModifier.exists() and isModifier) implies isModifierReason.exists()",
        "eld-18 as 4.0.0 published it: empty without isModifier",
    ),
)


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    by_key = {erratum.key: erratum.corrected for erratum in ERRATA if not erratum.published}
    by_expression = {
        erratum.published: erratum.corrected for erratum in ERRATA if erratum.published
    }
    return by_key, by_expression


def corrected(key: str, expression: str) -> str:
    """Return the expression to check for an invariant: its own, or that of an erratum; empty where
    no expression is to be evaluated.
    """
    by_key, by_expression = _tables()
    return by_key[key] if key in by_key else by_expression.get(expression, expression)
