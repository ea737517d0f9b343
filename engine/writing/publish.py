"""Publish: the parts of one file's shards become its logs, in input order, with the file's own line
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..executors.live_counters import Heartbeat
from ..job_folder import part_uri
from ..reading.lines import BLOCK_BYTES
from ..settings import Settings
from ..storage import Storage, storage_for
from .outcomes import FAILURE, LOGS, SUCCESS, file_failure_line, with_base

__all__ = ["LogPlan", "publish_logs"]


@dataclass(frozen=True, slots=True)
class LogPlan:
    """What the logs of one file are made of.

    parts   (shard, lines of the file before it, names of the logs it has a part of), in order
    broken  (message, status) of each break of the file
    """

    log_name: str
    parts: tuple[tuple[int, int, tuple[str, ...]], ...]
    broken: tuple[tuple[str, int], ...]


def publish_logs(settings: Settings, plan: LogPlan, beat: Heartbeat) -> None:
    """Write the file's logs, each of them whole.

    Idempotent. SUCCESS is written for every file, the others where there is something to say.
    """
    if settings.job_folder is None:
        raise ValueError("lines that are only validated have no logs")
    key = settings.choices.encryption_key_id
    storage, work = storage_for(settings.job_folder, key), storage_for(settings.work_folder, key)
    for name in LOGS:
        parts = [(shard, base) for shard, base, names in plan.parts if name in names]
        closing = (
            [file_failure_line(message, status) for message, status in plan.broken]
            if name == FAILURE
            else []
        )
        if not parts and not closing and name != SUCCESS:
            continue
        writer = storage.writer(storage.join(settings.job_folder, f"{name}/{plan.log_name}"))
        try:
            for shard, base in parts:
                part = part_uri(work, settings.work_folder, shard, name)
                for rows in _whole_lines(work, part, beat):
                    writer.write(with_base(rows, base))
            writer.write(b"".join(closing))
            writer.commit()
        except BaseException:
            writer.abort()
            raise


def _whole_lines(storage: Storage, uri: str, beat: Heartbeat) -> Iterator[bytes]:
    reader = storage.open(uri)
    try:
        held = b""
        while chunk := reader.read(BLOCK_BYTES):
            beat()
            cut = chunk.rfind(b"\n") + 1
            if not cut:
                held += chunk
                continue
            yield held + chunk[:cut]
            held = chunk[cut:]
    finally:
        reader.close()
