"""Submission: what is handed to HealthLake, and how far that has come, in a file of its own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Final, Self

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import ConfigurationError
from ..storage import storage_for

__all__ = ["Parcel", "Submission"]

_FORM: Final = 1
"""Raised when the record says other things: a submission is gone on with by one version."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One file to send: where it lies, its place below the destination, and its bytes."""

    source: str
    relative: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A hand-off under its id, which is also that of the check that goes before it.

    destination     ``s3://`` folder of all that is sent; its own folder there has the id's name
    answer          ``s3://`` folder in which HealthLake makes the folder of its job
    parcels         what is sent
    rejected        lines that the check rejected
    health_lake_id  HealthLake's id of the job; None before it has begun
    """

    id: str
    destination: str
    answer: str
    datastore_id: str
    role: str
    encryption_key_id: str
    level: str
    originals: bool
    parcels: tuple[Parcel, ...]
    accepted: int
    rejected: int
    health_lake_id: str | None = None

    @property
    def sent_to(self) -> str:
        """Return the ``s3://`` folder that HealthLake reads, with ``/`` at its end."""
        return f"{self.destination.rstrip('/')}/{self.id}/"

    @property
    def size(self) -> int:
        """Return the bytes to send."""
        return sum(parcel.size for parcel in self.parcels)

    def save(self, uri: str) -> None:
        """Write it to a file, whole, so that it outlives a power cut."""
        data = {"form": _FORM, **dataclasses.asdict(self)}
        storage_for(uri).put(uri, json.dumps(data, indent=2).encode(), durable=True)

    @classmethod
    def load(cls, uri: str) -> Self | None:
        """Read it from its file; None where there is none. Raises ConfigurationError where that
        holds no submission.
        """
        storage = storage_for(uri)
        if storage.stat(uri) is None:
            return None
        try:
            return cls._from_json(json.loads(storage.read(uri)))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigurationError(
                f"{uri}: no record of a submission of this version; begin a new one"
            ) from None

    @classmethod
    def _from_json(cls, data: Mapping[str, Any]) -> Self:
        if data["form"] != _FORM:
            raise ValueError(data["form"])
        values = {item.name: data[item.name] for item in dataclasses.fields(cls)}
        values["parcels"] = tuple(Parcel(**parcel) for parcel in data["parcels"])
        return cls(**values)
