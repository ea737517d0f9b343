"""Validators: FHIR knowledge, from definitions to verdicts.

definitions -> schema -> rules -> explainer -> Validator -> Verdict
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .validator import Level, Validator
    from .verdicts.block import Block, BlockValidator, BlockVerdicts, OneByOne, ResourceValidator
    from .verdicts.issue import Issue, Severity, Verdict, crash_verdict, operation_outcome
    from .verdicts.text_columns import DictionaryColumn, NewlineColumn, PatchedColumn
    from .verdicts.text_columns import DictionaryColumn as Coded
    from .verdicts.text_columns import NewlineColumn as Joined

__all__ = [
    "Block", "BlockValidator", "BlockVerdicts", "Coded", "DictionaryColumn", "Issue", "Joined",
    "Level", "NewlineColumn", "OneByOne", "PatchedColumn", "ResourceValidator", "Severity",
    "Validator", "Verdict", "crash_verdict", "operation_outcome",
]  # fmt: skip

_EARLIER = {"Coded": "DictionaryColumn", "Joined": "NewlineColumn"}
"""The names that plug-ins for version 0.1.0 import."""
_MODULES = ("verdicts.text_columns", "verdicts.issue", "verdicts.block", "validator")


def __getattr__(name: str) -> object:
    """Import what is asked for and nothing else: ``bulkfhir.validators.errors`` is a module of this
    package, and the help of a command needs its root error alone.
    """
    if name in __all__:
        own = _EARLIER.get(name, name)
        for module in _MODULES:
            found = vars(importlib.import_module(f".{module}", __name__))
            if own in found["__all__"]:
                globals()[name] = found[own]
                return found[own]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
