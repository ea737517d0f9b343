"""Validators: FHIR knowledge, from definitions to verdicts.

definitions -> schema -> rules -> explainer -> Validator -> Verdict
"""

from .block import Block, BlockValidator, BlockVerdicts, OneByOne, ResourceValidator
from .issue import Issue, Severity, Verdict, crash_verdict, operation_outcome
from .text_columns import DictionaryColumn, NewlineColumn
from .validator import Level, Validator

__all__ = [
    "Block", "BlockValidator", "BlockVerdicts", "Coded", "DictionaryColumn", "Issue", "Joined",
    "Level", "NewlineColumn", "OneByOne", "ResourceValidator", "Severity", "Validator", "Verdict",
    "crash_verdict", "operation_outcome",
]  # fmt: skip

Coded, Joined = DictionaryColumn, NewlineColumn
"""The names that plug-ins for version 0.1.0 import."""
