"""What can go wrong with an expression: it cannot be read, or it cannot be evaluated."""

from __future__ import annotations

from ..errors import BulkfhirError

__all__ = ["EvaluationError", "FhirPathError", "FhirPathSyntaxError", "FhirPathTypeError"]


class FhirPathError(BulkfhirError):
    """The root of this package's exceptions."""


class FhirPathSyntaxError(FhirPathError):
    """The text is no FHIRPath expression, or one nested deeper than is allowed."""

    def __init__(self, message: str, expression: str, offset: int) -> None:
        super().__init__(f"{message} at character {offset} of: {expression}")
        self.offset = offset


class FhirPathTypeError(FhirPathError):
    """The expression names an element, function or type that does not exist where it is used."""


class EvaluationError(FhirPathError):
    """The expression is well formed, but has no value for this input: several items where one is
    needed, types that do not fit.
    """
