"""Faults of an answer (FHIR R4, section 9.8): the rules that ``answer_faults`` finds
broken. Limits are the Questionnaire's, which may be contained in the response and so be data too.
"""

from __future__ import annotations

from ...verdicts.declaration import Declaration

TYPE = Declaration(
    "answer-type",
    "error",
    "invariant",
    "Answer value must be of the type {expected} (found {found})",
    "an answer is of the type of its item",
    section="9.8",
    reference=("Questionnaire_QR_Item_WrongType",),
    quotes=("found",),
)
OPTION = Declaration(
    "answer-option",
    "error",
    "invariant",
    "The answer is not in the set of permitted values",
    "an answer is one of the options of its item",
    section="9.8",
    reference=("Questionnaire_QR_Item_No*", "Questionnaire_QR_Item_BadOption"),
)
EXCLUSIVE = Declaration(
    "answer-exclusive",
    "error",
    "invariant",
    "The answer excludes every other, but there are more",
    "an answer that excludes all others stands alone",
    section="9.8",
)
VALUE_SET = Declaration(
    "answer-value-set",
    "error",
    "invariant",
    "The code {code} is not in the value set {value_set}",
    "an answer comes from the value set of its item",
    section="9.8",
    reference=("Questionnaire_QR_Item_BadOption",),
    quotes=("code", "value_set"),
)
VALUE_SET_UNKNOWN = Declaration(
    "answer-value-set-unknown",
    "warning",
    "invariant",
    "ValueSet {value_set} not found",
    "the value set of an item is known",
    section="9.8",
    quotes=("value_set",),
)
LINE = Declaration(
    "answer-line",
    "warning",
    "invariant",
    "The answer should not contain new line characters",
    "an answer of type string is one line",
    section="9.8",
)
LENGTH = Declaration(
    "answer-length",
    "error",
    "invariant",
    "The answer is longer than the allowed maximum length of {limit}",
    "an answer is as long as its item allows",
    section="9.8",
    reference=("QUESTIONNAIRE_QR_ITEM_*",),
    quotes=("limit",),
)
LENGTH_TOO_SHORT = LENGTH.also(
    "The answer is shorter than the required minimum length of {limit}", quotes=("limit",)
)
REGEX = Declaration(
    "answer-regex",
    "error",
    "invariant",
    "The answer does not match the format {format}",
    "an answer has the format that its item asks for",
    section="9.8",
    reference=("QUESTIONNAIRE_QR_ITEM_*",),
    quotes=("format",),
)
QUANTITY = Declaration(
    "answer-quantity",
    "error",
    "invariant",
    "A quantity with a comparator cannot be checked",
    "an answer that is a quantity has no comparator",
    section="9.8",
    reference=("QUESTIONNAIRE_QR_ITEM_*",),
)
UNIT = Declaration(
    "answer-unit",
    "error",
    "invariant",
    "The unit is not one of the allowed units",
    "the unit of an answer is one that its item allows",
    section="9.8",
    reference=("QUESTIONNAIRE_QR_ITEM_*",),
)
UNIT_VALUE_SET = UNIT.also(
    "The code {code} is not in the value set {value_set}", quotes=("code", "value_set")
)
REFERENCE = Declaration(
    "answer-reference",
    "error",
    "invariant",
    "A reference to {type} is not allowed (allowed = {expected})",
    "an answer refers to a resource of a type that its item allows",
    section="9.8",
    reference=("QUESTIONNAIRE_QR_ITEM_*",),
    quotes=("type", "expected"),
)
REFERENCE_UNTOLD = REFERENCE.also(
    "A reference to what cannot be told is not allowed (allowed = {expected})",
    quotes=("expected",),
)
REFERENCE_NO_TYPE = REFERENCE.also(
    "The reference leads to '{type}', which is no resource type", quotes=("type",)
)
BOUNDS = Declaration(
    "answer-bounds",
    "error",
    "invariant",
    "The quantity is outside the allowed {bound}",
    "an answer is within the bounds of its item",
    section="9.8",
    reference=("QUESTIONNAIRE_QR_ITEM_*",),
)
BOUNDS_NO_UNITS = BOUNDS.also(
    "The quantity cannot be compared to the allowed {bound} because no formal units are specified"
)
BOUNDS_OTHER_UNIT = BOUNDS.also(
    "The quantity cannot be compared to the allowed {bound} because its unit is another one"
)
BOUNDS_LESS = BOUNDS.also(
    "The answer is less than the allowed minimum of {limit}", quotes=("limit",)
)
BOUNDS_GREATER = BOUNDS.also(
    "The answer is greater than the allowed maximum of {limit}", quotes=("limit",)
)
BOUNDS_NO_VALUE = BOUNDS.also("The answer cannot be compared with the allowed minimum and maximum")
DECIMALS = Declaration(
    "answer-decimals",
    "error",
    "invariant",
    "The answer has more decimal places than maxDecimalPlaces {limit} allows",
    "an answer has as many decimal places as its item allows",
    section="9.8",
    reference=("QUESTIONNAIRE_QR_ITEM_*",),
    quotes=("limit",),
)
ATTACHMENT = Declaration(
    "answer-attachment",
    "error",
    "invariant",
    "The mime type {type} is not allowed (allowed = {expected})",
    "an answer that is an attachment has a type and size that its item allows",
    section="9.8",
    reference=("QUESTIONNAIRE_QR_ITEM_*",),
    quotes=("type", "expected"),
)
ATTACHMENT_NO_TYPE = ATTACHMENT.also("A mime type is required for this attachment")
ATTACHMENT_SIZE = ATTACHMENT.also(
    "The attachment is too large (allowed = {limit}, found = {size})", quotes=("limit",)
)
