"""Reach: whose fault it is that a worker could not get at a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .errors import EngineError, StorageError
from .reading.sources import InputFile
from .shard import Shard, ShardResult
from .storage import storage_for

__all__ = ["refuse_unreachable"]


def refuse_unreachable(
    inputs: Sequence[InputFile], shards: Sequence[Shard], results: Mapping[int, ShardResult]
) -> None:
    """Raise EngineError where files were out of the workers' reach that are no fault of the files.

    One file that is gone, or that nobody may read, is its owner's fault. If the parent still reads
    it, the workers have no access to the store, as on a cluster without a shared disk. If no file
    at all could be reached, the credentials or the address are wrong.
    """
    unreachable = {
        shard.file: broken.message
        for shard in shards
        if (broken := results[shard.index].broken) is not None and broken.unreachable
    }
    if not unreachable:
        return
    for number in unreachable:
        if _is_readable(inputs[number]):
            raise EngineError(
                f"{inputs[number].name}: the workers cannot read what this process reads: give "
                "them the same disk or credentials, and resume the job"
            )
    if len(unreachable) == len(inputs) > 1:
        first = min(unreachable)
        raise EngineError(
            f"none of the {len(inputs)} inputs could be read; {inputs[first].name}: "
            f"{unreachable[first]}; mend the access, and resume the job"
        )


def _is_readable(file: InputFile) -> bool:
    try:
        reader = storage_for(file.uri).open(file.uri, 0, 1, etag=file.etag)
        try:
            reader.read(1)
        finally:
            reader.close()
    except StorageError:
        return False
    return True
