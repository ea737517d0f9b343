"""Finding rows: verdicts on their way from a worker to the reader of a validation, through a file
and never through memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import orjson

from bulkfhir.validators import BlockVerdicts, Issue, Verdict

from ..reading.lines import Lines

__all__ = ["decode_findings", "encode_findings"]


def encode_findings(lines: Lines, verdicts: BlockVerdicts) -> bytes:
    """Return one JSON line for a block: every verdict with issues, with its line in the shard and
    its offset in the file.
    """
    rows = []
    for position in sorted(verdicts.verdicts):
        verdict = verdicts.verdicts[position]
        issues = [
            (
                issue.severity,
                issue.code,
                issue.rule,
                issue.location,
                issue.diagnostics,
                issue.profile,
                issue.element,
            )
            for issue in verdict.issues
        ]
        line, offset = (
            lines.first + verdicts.numbers[position],
            lines.offset + verdicts.starts[position],
        )
        rows.append((line, offset, verdicts.types[position], verdicts.ids[position], issues))
    try:
        return orjson.dumps(rows, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a lone surrogate: json escapes it, and reads it back
        return json.dumps(rows).encode() + b"\n"


def decode_findings(row: bytes) -> Iterator[tuple[int, int, Verdict]]:
    """Yield (line in the shard from 0, byte offset, verdict) of one encoded block."""
    try:
        rows = orjson.loads(row)
    except orjson.JSONDecodeError:
        rows = json.loads(row)
    for line, offset, resource_type, resource_id, issues in rows:
        yield line, offset, Verdict(resource_type, resource_id, [Issue(*issue) for issue in issues])
