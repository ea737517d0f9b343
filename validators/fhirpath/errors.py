"""Errors of an expression: it cannot be read, or it cannot be evaluated."""

from __future__ import annotations

from ..errors import BulkfhirError

__all__ = [
    "EvaluationError",
    "FhirPathError",
    "FhirPathSyntaxError",
    "FhirPathTypeError",
    "NestingError",
    "UndecidedError",
]


class FhirPathError(BulkfhirError):
    """The root of this package's exceptions."""


class FhirPathSyntaxError(FhirPathError):
    """The text is no FHIRPath expression."""

    def __init__(self, message: str, expression: str, offset: int) -> None:
        super().__init__(f"{message} at character {offset} of: {expression}")
        self.offset = offset


class NestingError(FhirPathSyntaxError):
    """The expression is nested deeper than is read here; the reference may read it."""


class FhirPathTypeError(FhirPathError):
    """The expression names an element, function or type that does not exist where it is used."""


class EvaluationError(FhirPathError):
    """The expression is well formed, but has no value for this input: several items where one is
    needed, types that do not fit.
    """


class UndecidedError(FhirPathError):
    """The expression may have a value, but finding it takes more steps than it may take."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} takes more than the bounds of an evaluation allow")
