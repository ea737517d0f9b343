"""Validators: FHIR knowledge, from definitions to verdicts.

definitions -> schema -> rules -> explainer -> Validator -> Verdict
"""

from .block import Block, BlockValidator, BlockVerdicts, OneByOne, ResourceValidator
from .issue import Issue, Severity, Verdict, crash_verdict, operation_outcome
from .text_columns import Coded, Joined
from .validator import Level, Validator

__all__ = [
    "Block", "BlockValidator", "BlockVerdicts", "Coded", "Issue", "Joined", "Level", "OneByOne",
    "ResourceValidator", "Severity", "Validator", "Verdict",
    "crash_verdict", "operation_outcome",
]  # fmt: skip
