"""Outcomes: the lines of the SUCCESS, FAILURE and SUCCESS_WITH_SEARCH_VALIDATION_FAILURES logs, as
HealthLake writes them.

In parts, line ids count from the shard's start. Every line begins with ``{"lineId":N``, so that
publishing can add the shard's base without parsing it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

import orjson

from bulkfhir.validators import Issue
from bulkfhir.validators.verdicts.issue import Remark

from ..columns import fill, rebase
from ..columns.rows import Rows
from .service_issues import health_lake_outcome

__all__ = [
    "FAILURE",
    "LOGS",
    "SEARCH_FAILURE",
    "SUCCESS",
    "file_failure_line",
    "outcome_line",
    "success_lines",
    "with_base",
]

SUCCESS = "SUCCESS"
FAILURE = "FAILURE"
SEARCH_FAILURE = "SUCCESS_WITH_SEARCH_VALIDATION_FAILURES"
LOGS = (SUCCESS, FAILURE, SEARCH_FAILURE)

_LINE_ID = b'{"lineId":'


def success_lines(rows: Rows) -> bytes:
    """Return the SUCCESS lines of a part."""
    return fill(
        _LINE_ID,
        rows.first + 1,
        rows.numbers,
        b',"resourceId":"',
        rows.ids,
        rows.types.codes,
        _success_tails(rows.types.names),
    )


@lru_cache(maxsize=64)
def _success_tails(types: tuple[str, ...]) -> list[bytes]:
    return [
        b'","resourceType":"%b","UpdateResourceResponse":{"statusCode":200}}\n' % name.encode()
        for name in types
    ]


def outcome_line(
    line_id: int,
    resource_type: str | None,
    resource_id: str | None,
    issues: Sequence[Issue],
    status: int,
    remarks: Sequence[Remark] = (),
) -> bytes:
    """Return one line with an OperationOutcome: 400 a bad resource, 500 a validator that broke, 200
    accepted with warnings (minimal).
    """
    line: dict[str, object] = {"lineId": line_id}
    if resource_id is not None:
        line["resourceId"] = resource_id
    if resource_type is not None:
        line["resourceType"] = resource_type
    line["UpdateResourceResponse"] = {
        "jsonBlob": health_lake_outcome(issues, resource_type, resource_id, remarks),
        "statusCode": status,
    }
    return _dump(line)


def file_failure_line(message: str, status: int) -> bytes:
    """Return the one line about a file that could not be read to its end: without lineId, since it
    is about no line.
    """
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "processing", "diagnostics": message}],
    }
    return _dump({"UpdateResourceResponse": {"jsonBlob": outcome, "statusCode": status}})


def with_base(lines: bytes, base: int) -> bytes:
    """Return the lines with ``base`` added to every lineId."""
    return rebase(_LINE_ID, base, lines) if base else lines


def _dump(line: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a lone surrogate, which UTF-8 cannot hold: json escapes it
        return json.dumps(line, separators=(",", ":")).encode() + b"\n"
