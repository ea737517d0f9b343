"""Faults of a response to a Questionnaire (FHIR R4, section 9.8): the rules that
``response`` finds broken. A linkId is one of the Questionnaire's unless a sentence says otherwise.
"""

from __future__ import annotations

from ...verdicts.declaration import Declaration

NO_QUESTIONNAIRE = Declaration(
    "questionnaire",
    "error",
    "invalid",
    "The contained resource {url} is no Questionnaire",
    "the Questionnaire that a response contains is one",
    section="9.8",
    reference=("REFERENCE_REF_WRONGTARGET_LOAD",),
    quotes=("url",),
)
UNKNOWN = Declaration(
    "questionnaire-unknown",
    "warning",
    "not-found",
    "The questionnaire {url} could not be resolved, so no validation can be performed against the "
    "base questionnaire",
    "the Questionnaire of a response is known",
    section="9.8",
    quotes=("url",),
)
PERIOD = Declaration(
    "questionnaire-period",
    "warning",
    "business-rule",
    "The response was authored outside the effective period of the questionnaire ({start} to "
    "{end})",
    "a response was authored while its Questionnaire was in effect",
    section="9.8",
    quotes=("start", "end"),
)
LINK_ID = Declaration(
    "response-link-id",
    "error",
    "required",
    "No LinkId, so can't be validated",
    "an item of a response has the linkId of an item of the Questionnaire, in its place",
    section="9.8",
    reference=("Questionnaire_QR_Item_NoLinkId", "Questionnaire_QR_Item_NotFound"),
)
LINK_ID_UNKNOWN = LINK_ID.also(
    "LinkId '{link_id}' not found in questionnaire", quotes=("link_id",), code="not-found"
)
LINK_ID_MISPLACED = LINK_ID.also(
    "Item with linkId '{link_id}' is in the wrong place", quotes=("link_id",), code="structure"
)
ORDER = Declaration(
    "response-order",
    "error",
    "structure",
    "Items are out of order",
    "the items of a response stand in the order of the Questionnaire",
    section="9.8",
    reference=("Questionnaire_QR_Item_Order",),
)
REQUIRED = Declaration(
    "response-required",
    "error",
    "required",
    "No response answer found for required item '{link_id}'",
    "a required item is answered; while a response is in progress that is only worth a warning",
    section="9.8",
    reference=("Questionnaire_QR_Item_Missing",),
    quotes=("link_id",),
)
REQUIRED_GROUP = REQUIRED.also("The group is required but has no items", code="invariant")
REPEATS = Declaration(
    "response-repeats",
    "error",
    "invalid",
    "Only one response item with the linkId '{link_id}' allowed, found {count}",
    "an item is answered once unless it repeats",
    section="9.8",
    reference=("Questionnaire_QR_Item_OnlyOneA", "Questionnaire_QR_Item_OnlyOneI"),
    quotes=("link_id",),
)
REPEATS_ANSWER = REPEATS.also("Only one response answer item with this linkId allowed")
OCCURS = Declaration(
    "response-occurs",
    "error",
    "invalid",
    "The maximum number of answers is {limit} but this has {count} answers",
    "an item has as many answers as the Questionnaire asks for",
    section="9.8",
    reference=("QUESTIONNAIRE_QR_ITEM_MIN_OCCURS", "QUESTIONNAIRE_QR_ITEM_MAX_OCCURS"),
)
OCCURS_TOO_FEW = OCCURS.also(
    "The minimum number of answers is {limit} but this has {count} answers"
)
TEXT = Declaration(
    "response-text",
    "error",
    "invalid",
    "If text exists, it must match the questionnaire definition for linkId {link_id}",
    "the text of an item is that of the Questionnaire",
    section="9.8",
    reference=("Questionnaire_QR_Item_Text",),
    quotes=("link_id",),
)
ANSWER = Declaration(
    "response-answer",
    "error",
    "structure",
    "Items of type {type} should not have answers",
    "groups and displays have no answers",
    section="9.8",
    reference=("Questionnaire_QR_Item_GroupAnswer", "Questionnaire_QR_Item_Display*"),
)
TYPE = Declaration(
    "response-type",
    "error",
    "required",
    "Definition for item {link_id} does not contain a type",
    "an item of the Questionnaire has a type",
    section="9.8",
    reference=("Questionnaire_QR_Item_NoType",),
    quotes=("link_id",),
)
GROUP = Declaration(
    "response-group",
    "error",
    "structure",
    "Items of type {type} have items inside their answers only (item id = '{link_id}')",
    "items stand inside groups and answers",
    section="9.8",
    reference=("Questionnaire_QR_Item_Group",),
    quotes=("type", "link_id"),
)
GROUP_DISPLAY = GROUP.also(
    "Items of type {type} should not have items (item id = '{link_id}')", quotes=("link_id",)
)
