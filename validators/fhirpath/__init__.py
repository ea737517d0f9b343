"""FHIRPath (N1, with FHIR's additions), compiled to Python functions over decoded JSON.

text -> lexer, parser -> tree (syntax) -> compiler -> Expression            the general way
                                       -> predicate -> op tree -> closure (ops)   invariants that
                                                                                  only test for
                                                                                  presence, counts,
                                                                                  literals

    >>> from bulkfhir.validators.fhirpath import compile
    >>> patient = {"resourceType": "Patient", "name": [{"given": ["Ada"]}]}
    >>> compile("name.given", "Patient").evaluate(patient)
    ['Ada']
"""

from .bundle_entries import BundleEntries
from .constraint import Invariant, invariant
from .errors import (
    EvaluationError,
    FhirPathError,
    FhirPathSyntaxError,
    FhirPathTypeError,
    NestingError,
    UndecidedError,
)
from .expression import Expression, compile  # noqa: A004  # as in re: called fhirpath.compile
from .model import TypeModel
from .node import Node
from .quantity import Quantity, Units
from .scope import EvaluationScope, Hooks
from .steps import Steps
from .temporal import Temporal

Scope = EvaluationScope
"""The older name of ``EvaluationScope``."""

__all__ = [
    "BundleEntries",
    "EvaluationError",
    "EvaluationScope",
    "Expression",
    "FhirPathError",
    "FhirPathSyntaxError",
    "FhirPathTypeError",
    "Hooks",
    "Invariant",
    "NestingError",
    "Node",
    "Quantity",
    "Scope",
    "Steps",
    "Temporal",
    "TypeModel",
    "UndecidedError",
    "Units",
    "compile",
    "invariant",
]
