"""ApiError: an exception of the API on its way to the client."""

from __future__ import annotations

__all__ = ["ApiError", "access_denied", "conflict", "not_found", "validation"]

# What the service's framework answers before an operation is known. No service model lists these.
_FRAMEWORK_STATUS = {
    "UnknownOperationException": 400,
    "SerializationException": 400,
    "RequestEntityTooLargeException": 413,
}


class ApiError(Exception):
    """An exception of the API.

    code      as the model names it (ResourceNotFoundException) or as the framework does
              (SerializationException)
    message   what the client reads as Message
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """Return the HTTP status: 400 for whatever the caller can mend, 500 for
        InternalServerException, and the framework's own.
        """
        return _FRAMEWORK_STATUS.get(
            self.code, 500 if self.code == "InternalServerException" else 400
        )

    @property
    def type(self) -> str:
        """Return the ``__type`` member: the exception's name in its namespace."""
        namespace = (
            "com.amazon.coral.service"
            if self.code in _FRAMEWORK_STATUS
            else "com.amazonaws.healthlake"
        )
        return f"{namespace}#{self.code}"


def validation(message: str) -> ApiError:
    """Return a ValidationException with this message."""
    return ApiError("ValidationException", message)


def not_found(message: str) -> ApiError:
    """Return a ResourceNotFoundException with this message."""
    return ApiError("ResourceNotFoundException", message)


def conflict(message: str) -> ApiError:
    """Return a ConflictException with this message."""
    return ApiError("ConflictException", message)


def access_denied(message: str) -> ApiError:
    """Return an AccessDeniedException with this message."""
    return ApiError("AccessDeniedException", message)
