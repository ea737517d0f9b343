"""Faults of a condition on a question (FHIR R4, section 9.8.3): a Questionnaire says
when a question is enabled, a response answers only those that are.
"""

from __future__ import annotations

from ...verdicts.declaration import Declaration

NO_QUESTION = Declaration(
    "enable-when",
    "error",
    "business-rule",
    "Questions with an enableWhen must have a value for the question link",
    "a condition leads to another question, and nothing is answered that is not enabled",
    section="9.8.3",
    reference=("Questionnaire_Q_EnableWhen_*", "Questionnaire_QR_Item_NotEnabled2"),
)
INNER_QUESTION = NO_QUESTION.also(
    "Questions with an enableWhen can't refer to an inner question for the enableWhen condition"
)
UNKNOWN_QUESTION = NO_QUESTION.also(
    "Unable to find target '{target}' for this question enableWhen on link '{link_id}'",
    quotes=("target", "link_id"),
)
OWN_QUESTION = NO_QUESTION.also("Target for this question enableWhen can't reference itself")
UNDECIDABLE = NO_QUESTION.also(
    "Whether item '{link_id}' is enabled cannot be told: {reason}",
    quotes=("link_id", "reason"),
    code="processing",
)
NOT_ENABLED = NO_QUESTION.also(
    "Item '{link_id}' has an answer, even though it is not enabled",
    quotes=("link_id",),
    code="invalid",
)
