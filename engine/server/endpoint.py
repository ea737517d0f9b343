"""Endpoint: one AWS JSON request in, one answer out.

No socket, no framework; whatever speaks HTTP can carry it.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ..jobs import UnknownDatastoreError
from . import model
from .called_as import CALLED_AS, SIGNED_FOR, called_as, signed_for
from .constraints import check
from .datastore_operations import DatastoreOperations
from .errors import ApiError, not_found, validation
from .export_operations import ExportOperations
from .import_operations import ImportOperations
from .metrics import Metrics
from .signature import Keyring
from .taken_members import refuse_others
from .throttle import Throttle

__all__ = ["MAX_BODY", "Endpoint"]

_log = logging.getLogger(__name__)

MAX_BODY = 1 << 20
"""Bytes of a request.

The largest legal one, 200 tags of the greatest length in four-byte letters, stays below it.
"""

Answer = tuple[int, dict[str, str], bytes]
_Operation = Callable[[Mapping[str, Any]], dict[str, Any]]


class Endpoint:
    """HealthLake's API over a job store.

    keyring    with it, every request must be signed with one of its keys
    exports    with it, its operations are answered too
    throttle   with it, requests beyond its rates get ThrottlingException
    """

    def __init__(
        self,
        imports: ImportOperations,
        datastores: DatastoreOperations,
        metrics: Metrics,
        *,
        exports: ExportOperations | None = None,
        keyring: Keyring | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self._keyring = keyring
        self._throttle = throttle
        self._metrics = metrics
        self._operations: dict[str, _Operation] = {
            "StartFHIRImportJob": imports.start,
            "DescribeFHIRImportJob": imports.describe,
            "ListFHIRImportJobs": imports.list,
            "CreateFHIRDatastore": datastores.create,
            "DescribeFHIRDatastore": datastores.describe,
            "ListFHIRDatastores": datastores.list,
            "DeleteFHIRDatastore": datastores.delete,
            "UpdateFHIRDatastore": datastores.update,
            "RestoreFHIRDatastore": datastores.restore,
            "TagResource": datastores.tag,
            "UntagResource": datastores.untag,
            "ListTagsForResource": datastores.tags,
        }
        if exports is not None:
            self._operations |= {
                "StartFHIRExportJob": exports.start,
                "DescribeFHIRExportJob": exports.describe,
                "ListFHIRExportJobs": exports.list,
            }

    def handle(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer to ``POST /``: status, headers, body. Never raises.

        headers   of the request, names in any case
        """
        started = time.perf_counter()
        headers = {name.lower(): value for name, value in headers.items()}
        request_id = str(uuid.uuid4())
        operation = self._target(headers)
        CALLED_AS.set(called_as(headers))
        SIGNED_FOR.set(signed_for(headers))
        try:
            status, kind, answer = 200, "", self._answer(operation, headers, body)
        except ApiError as error:
            status, kind, answer = (
                error.status,
                error.code,
                {"__type": error.type, "Message": error.message},
            )
        except Exception:  # noqa: BLE001 one request: the server goes on, the client learns nothing of the inside
            _log.exception("request %s of %s failed", request_id, operation or "no operation")
            fault = ApiError(
                "InternalServerException",
                f"The request could not be carried out; the server's log names it {request_id}",
            )
            status, kind, answer = (
                fault.status,
                fault.code,
                {"__type": fault.type, "Message": fault.message},
            )
        seconds = time.perf_counter() - started
        known = operation if operation in self._operations else "other"
        self._metrics.request(known, kind or "ok", seconds)
        extra = {
            "request_id": request_id,
            "operation": known,
            "status": status,
            "error": kind,
            "ms": round(seconds * 1000, 2),
        }
        _log.info("%s %s %s", known, status, kind, extra=extra)
        return self._wire(request_id, status, answer)

    @staticmethod
    def _target(headers: Mapping[str, str]) -> str:
        prefix, _, operation = headers.get("x-amz-target", "").rpartition(".")
        return operation if prefix == model.target_prefix() else ""

    def _answer(self, operation: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        if len(body) > MAX_BODY:
            raise ApiError(
                "RequestEntityTooLargeException",
                f"The request has {len(body)} bytes; the limit is {MAX_BODY}",
            )
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        known = model.operation(operation)
        if content_type != f"application/x-amz-json-{model.json_version()}" or known is None:
            raise ApiError(
                "UnknownOperationException", "The operation or its content type is not known"
            )
        if self._keyring is not None:
            self._keyring.verify(headers, body)
        if self._throttle is not None:
            self._throttle.admit(operation)
        if operation not in self._operations:
            raise validation(f"{operation} is not supported by this endpoint")
        request = check(model.input_shape(operation), _parsed(body))
        refuse_others(operation, request)
        try:
            return self._operations[operation](request)
        except UnknownDatastoreError as error:
            raise not_found(f"There is no data store {error}") from None

    @staticmethod
    def _wire(request_id: str, status: int, answer: Mapping[str, Any]) -> Answer:
        body = orjson.dumps(answer)
        headers = {
            "Content-Type": f"application/x-amz-json-{model.json_version()}",
            "x-amzn-RequestId": request_id,
            "Content-Length": str(len(body)),
        }
        return status, headers, body


def _parsed(body: bytes) -> Any:
    try:
        # An empty body is an empty request: clients of operations without required members may send
        # it.
        return orjson.loads(body) if body else {}
    except orjson.JSONDecodeError:
        raise ApiError("SerializationException", "The request is not JSON") from None
