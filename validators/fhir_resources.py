"""fhir.resources as a plug-in validator: a second opinion from pydantic models (R4B), never the
judge of record.

It checks names, JSON types, cardinality and primitive formats; it enforces no codes and no
invariants, and takes ``"true"`` for true. Needs the extra ``bulkfhir[fhir-resources]``.
"""

from __future__ import annotations

from typing import Any

import orjson
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.resource import Resource
from pydantic import ValidationError

from .values.decoding import JSON
from .values.form_faults import RESOURCE_TYPE
from .verdicts.issue import Issue, Verdict

__all__ = ["FhirResourcesValidator"]

NO_JSON = JSON.also("Invalid JSON: {reason} at column {column}")
NO_OBJECT = JSON.also("A resource is a JSON object", code="structure")
NO_TYPE = RESOURCE_TYPE.also("Unknown resourceType", code="structure")


class FhirResourcesValidator:
    """A ResourceValidator that asks the package fhir.resources.

    It knows one level only, whatever it is asked for: R4B's structure, without profiles.
    """

    def __init__(self, level: str = "structure-only", **options: object) -> None:
        self.level, self.options = level, options

    def validate(self, line: bytes) -> Verdict:
        """Return the verdict of fhir.resources for one resource given as JSON bytes."""
        try:
            resource = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            fault = NO_JSON(reason=error.msg, column=error.colno)
            return Verdict(None, None, [Issue.of(fault)])
        if not isinstance(resource, dict):
            return Verdict(None, None, [Issue.of(NO_OBJECT())])
        name, key = resource.get("resourceType"), resource.get("id")
        resource_type, resource_id = (
            name if isinstance(name, str) else None,
            key if isinstance(key, str) else None,
        )
        model = _model(resource_type or "")
        if model is None:
            return Verdict(resource_type, resource_id, [Issue.of(NO_TYPE())])
        try:
            model.model_validate(resource)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            return Verdict(
                resource_type, resource_id, [_issue(resource_type or "", item) for item in found]
            )
        return Verdict(resource_type, resource_id)


def _model(resource_type: str) -> type[Resource] | None:
    try:
        model = get_fhir_model_class(resource_type)
    except (ValueError, LookupError, AttributeError):
        return None
    return model if issubclass(model, Resource) else None


def _issue(resource_type: str, item: Any) -> Issue:
    """Return what pydantic says, under pydantic's own name for it."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in item["loc"])
    return Issue("error", "structure", str(item["type"]), resource_type + steps, str(item["msg"]))
