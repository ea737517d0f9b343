"""Faults of a coded element (FHIR R4, section 4.1): the rules that terminology finds
broken. The codes concerned are written ``system#code``, parted by commas.

That terminology is not at hand proves no fault: where the reference validator makes errors of
``unexpandable`` and ``system-stub``, they are information here.
"""

from __future__ import annotations

from ..verdicts.declaration import Declaration

_MEANT = "; did you mean '{near}'?"

BINDING_REQUIRED = Declaration(
    "binding-required",
    "error",
    "code-invalid",
    "The code provided ({codes}) is not in the value set {value_set}, and a code from this "
    "value set is required",
    "a code comes from the value set of a required binding",
    section="4.1.3",
    reference=(
        "Terminology_TX_NoValid_1_CC",
        "Terminology_TX_NoValid_12",
        "Terminology_TX_NoValid_16",
    ),
    quotes=("codes",),
    brief="'{codes}' is not in the value set {value_set}, from which a code is required",
)
BINDING_REQUIRED_FEW = BINDING_REQUIRED.also(
    "The code provided ({codes}) is not in the value set {value_set}, and a code from this "
    "value set is required: one of {allowed}",
    quotes=("codes",),
    service=BINDING_REQUIRED.template,
    brief="'{codes}' is not one of {allowed}",
)
BINDING_REQUIRED_NEAR = BINDING_REQUIRED.also(
    BINDING_REQUIRED.template + _MEANT,
    quotes=("codes", "near"),
    service=BINDING_REQUIRED.template,
    brief=BINDING_REQUIRED.brief + _MEANT,
)
BINDING_REQUIRED_FEW_NEAR = BINDING_REQUIRED.also(
    BINDING_REQUIRED_FEW.template + _MEANT,
    quotes=("codes", "near"),
    service=BINDING_REQUIRED.template,
    brief=BINDING_REQUIRED_FEW.brief + _MEANT,
)
BINDING_MAX = Declaration(
    "binding-max",
    "error",
    "code-invalid",
    "The code provided ({codes}) is not in the maximum value set {value_set}, and a code from "
    "this value set is required",
    "a code comes from the maximum value set of an extensible binding",
    section="4.1.3",
    reference=(
        "Terminology_TX_NoValid_1_CC",
        "Terminology_TX_NoValid_12",
        "Terminology_TX_NoValid_16",
    ),
    quotes=("codes",),
)
BINDING_NO_CODE = Declaration(
    "binding-no-code",
    "error",
    "code-invalid",
    "No code provided, and a code is required from the value set {value_set}",
    "an element with a required binding has a code",
    section="4.1.3",
    reference=(
        "Terminology_TX_Code_ValueSet",
        "Terminology_TX_Code_ValueSet_MISSING",
    ),
)
BINDING_EXTENSIBLE = Declaration(
    "binding-extensible",
    "warning",
    "code-invalid",
    "The code provided ({codes}) is not in the value set {value_set}, and a code should come "
    "from it unless it has no suitable code",
    "a code comes from the value set of an extensible binding, where it has a suitable one",
    section="4.1.3",
    quotes=("codes",),
)
BINDING_CODE = Declaration(
    "binding-code",
    "error",
    "code-invalid",
    "The code provided ({codes}) is not one that the value set {value_set} allows",
    "a code is one that the value set allows",
    section="4.1.3",
    reference=("Terminology_PassThrough_TX_Message",),
    quotes=("codes",),
)
BINDING_CODE_SYSTEM = Declaration(
    "binding-code-system",
    "error",
    "code-invalid",
    "The binding names {value_set}, which is a code system and no value set",
    "a binding names a value set",
    section="4.1.3",
    reference=("Terminology_TX_ValueSet_NotFound_CS",),
)
CODE_SYSTEM_BOUND = BINDING_CODE_SYSTEM.also(
    "Found a reference to a CodeSystem '{value_set}' where a ValueSet belongs",
    code="business-rule",
)
CODE_SYSTEM = Declaration(
    "code-system",
    "error",
    "code-invalid",
    "Unknown code ({codes})",
    "a code is one of its own system, where all of the system's codes are at hand",
    section="4.1",
    reference=("Terminology_PassThrough_TX_Message",),
    quotes=("codes",),
)
CODE_SYSTEM_ELSEWHERE = CODE_SYSTEM.also(
    "Unknown code ({codes}): the version of the code system that counts does not have it; version "
    "{version}, which a package at hand holds, has it",
    quotes=("codes",),
    service=CODE_SYSTEM.template,
)
UCUM_UNIT = Declaration(
    "ucum",
    "error",
    "code-invalid",
    "The code provided ({codes}) is not a UCUM unit",
    "a unit of UCUM follows UCUM's grammar",
    section="4.1",
    reference=("Terminology_PassThrough_TX_Message",),
    quotes=("codes",),
)
SYSTEM_RELATIVE = Declaration(
    "system-relative",
    "error",
    "code-invalid",
    "Coding.system must be an absolute reference, not a local reference",
    "the system of a Coding is an absolute URI",
    section="4.1",
    reference=("Terminology_TX_System_Relative",),
)
SYSTEM_VALUE_SET = Declaration(
    "system-value-set",
    "error",
    "code-invalid",
    "The Coding references a value set, not a code system ({codes})",
    "the system of a Coding is no value set",
    section="4.1",
    reference=("Terminology_TX_System_Relative",),
    quotes=("codes",),
)
SYSTEM_UNKNOWN = Declaration(
    "system-unknown",
    "warning",
    "code-invalid",
    "The code system is not known and its code could not be checked ({codes})",
    "the system of a code is known",
    section="4.1",
    quotes=("codes",),
)
SYSTEM_STUB = Declaration(
    "system-stub",
    "information",
    "code-invalid",
    "The codes of the code system are not all at hand; the code was not checked ({codes})",
    "the codes of a system are at hand",
    section="4.1",
    quotes=("codes",),
)
SYSTEM_ABSENT = Declaration(
    "system-absent",
    "warning",
    "code-invalid",
    "A code with no system has no defined meaning; a system should be provided ({codes})",
    "a code has a system",
    section="4.1",
    quotes=("codes",),
)
UNEXPANDABLE = Declaration(
    "unexpandable",
    "information",
    "code-invalid",
    "The value set {value_set}, from which a code is required, cannot be expanded offline; the "
    "code was not checked ({codes})",
    "the value set of a required binding can be expanded offline",
    section="4.1.3",
    quotes=("codes",),
)
UNDECIDED = Declaration(
    "undecided",
    "information",
    "code-invalid",
    "The value set {value_set} cannot be expanded offline; the code was not checked ({codes})",
    "the value set of a binding can be expanded offline",
    section="4.1.3",
    quotes=("codes",),
)

CODE_FAULTS = (
    BINDING_REQUIRED,
    BINDING_MAX,
    BINDING_NO_CODE,
    BINDING_EXTENSIBLE,
    BINDING_CODE,
    BINDING_CODE_SYSTEM,
    CODE_SYSTEM,
    UCUM_UNIT,
    SYSTEM_RELATIVE,
    SYSTEM_VALUE_SET,
    SYSTEM_UNKNOWN,
    SYSTEM_STUB,
    SYSTEM_ABSENT,
    UNEXPANDABLE,
    UNDECIDED,
)
"""All that terminology says."""
