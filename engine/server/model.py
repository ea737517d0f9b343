"""The API as botocore's own model states it: operations, shapes, errors.

Nothing of it is written down again here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from botocore.model import OperationModel, ServiceModel, StructureShape

from ..storage.aws_session import ServiceModels

__all__ = ["json_version", "operation", "service", "target_prefix"]


@lru_cache(maxsize=1)
def service() -> ServiceModel:
    """Return HealthLake's service model, the newest that the installed botocore knows."""
    return ServiceModel(ServiceModels().load_service_model("healthlake", "service-2"), "healthlake")


def target_prefix() -> str:
    """Return what stands before the dot of X-Amz-Target."""
    return str(service().metadata["targetPrefix"])


def json_version() -> str:
    """Return the version in ``application/x-amz-json-<version>``."""
    return str(service().metadata["jsonVersion"])


@lru_cache(maxsize=64)
def operation(name: str) -> OperationModel | None:
    """Return the operation of this name, None where the model has none."""
    if name not in service().operation_names:
        return None
    return service().operation_model(name)


def input_shape(name: str) -> StructureShape:
    """Return what an operation takes."""
    return cast(StructureShape, service().operation_model(name).input_shape)
