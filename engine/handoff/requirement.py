"""Requirement: one thing that HealthLake needs of an import, and whether it is so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from bulkfhir.validators.economy.light_dataclass import dataclass

__all__ = ["Requirement", "Unasked", "asked", "met", "unknown", "unmet"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that was looked at.

    subject  a bucket, a key, a role, a file
    state    met; unmet: it must be mended; unknown: it could not be asked
    what     what is so, in a sentence
    mend     how to mend it, or what permission is missing to ask; "" where it is met
    """

    subject: str
    state: Literal["met", "unmet", "unknown"]
    what: str
    mend: str = ""


def met(subject: str, what: str) -> Requirement:
    """Return that something is as HealthLake needs it."""
    return Requirement(subject, "met", what)


def unmet(subject: str, what: str, mend: str) -> Requirement:
    """Return that something must be mended, and how."""
    return Requirement(subject, "unmet", what, mend)


def unknown(subject: str, what: str, mend: str) -> Requirement:
    """Return that something could not be asked, and what would let it be asked."""
    return Requirement(subject, "unknown", what, mend)


class Unasked(Exception):
    """A service did not answer a question.

    code  of its error, such as NoSuchBucket; the error's name where it was never reached
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@contextmanager
def asked() -> Iterator[None]:
    """Raise what boto3 raises as Unasked."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        raise Unasked(code, f"{code}: {said.get('Message', '')}") from None
    except (BotoCoreError, ValueError) as error:
        raise Unasked(type(error).__name__, str(error)) from None
