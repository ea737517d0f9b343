"""Terminology offline: what the definitions hold of codes, and what a binding makes of it.

Definitions -> Terminology -> CodeSystem, ValueSet -> CodeBinding | CodingBinding | ConceptBinding
-> Violation
"""

from .bindings import CodeBinding, CodingBinding, ConceptBinding, Findings
from .code_systems import CodeSystem
from .held_terminology import Strength, Terminology
from .membership import Membership, TerminologyRules
from .ucum import UCUM, Canonical, canonical, is_unit
from .value_sets import ValueSet

__all__ = [
    "UCUM", "Canonical", "CodeBinding", "CodeSystem", "CodingBinding", "ConceptBinding",
    "Findings", "Membership", "Strength", "Terminology", "TerminologyRules",
    "ValueSet", "canonical", "is_unit",
]  # fmt: skip
