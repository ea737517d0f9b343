"""Reach: what can be had of a job's inputs by now, and whose fault it is where that is nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import compress, islice

from ..errors import ConfigurationError, EngineError, StorageError, Unavailable
from ..reading.sources import InputFile
from ..sharding.results import Results
from ..sharding.shard_list import ShardList
from ..storage import storage_for
from ..storage.ahead import ahead

__all__ = ["look_again", "refuse_unreachable"]

_SHOWN = 10
"""How many changed inputs are named."""

_log = logging.getLogger("bulkfhir.engine")


def look_again(inputs: Sequence[InputFile], shards: ShardList, results: Results) -> None:
    """Say in the log which inputs an earlier run has read, wholly or in part, that are no longer
    what they were then.

    Its results stay, and the job goes on; what is not read yet of such a file cannot be read any
    more. Raises ConfigurationError where the missing part came through a pipe, of which no copy is
    left, and Unavailable where a store does not answer.
    """
    done = results.done().flags
    begun = sorted(set(compress(shards.files, done)))
    if not begun:
        return
    missing = {file for file, is_done in zip(shards.files, done, strict=True) if not is_done}
    changes = _changes(inputs, begun)
    for number, change in islice(changes, _SHOWN):
        if number in missing and inputs[number].name == "-":
            raise ConfigurationError(
                f"this job reads standard input, of which the copy {change}; it cannot be read "
                "again: begin a new job"
            )
        _log.warning(
            "%s %s; the job goes on with %s",
            inputs[number].name,
            change,
            "its lines so far" if number in missing else "what it was then",
        )
    more = sum(1 for _ in changes)
    if more:
        _log.warning("%d more inputs have changed since they were read", more)


def _changes(inputs: Sequence[InputFile], numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield the number of every input that has changed, and how."""
    found = ahead(_change, (inputs[number] for number in numbers))
    for number, change in zip(numbers, found, strict=True):
        if change is not None:
            yield number, change


def _change(file: InputFile) -> str | None:
    try:
        now = storage_for(file.uri).stat(file.uri)
    except Unavailable:
        raise
    except StorageError as error:
        return f"cannot be looked at any more ({error.reason})"
    if now is None:
        return "is gone since it was read"
    if now.size != file.size:
        return f"had {file.size:,} bytes when it was read and has {now.size:,} now"
    if now.etag != file.etag:
        return "was written anew since it was read, with the same size"
    return None


def refuse_unreachable(inputs: Sequence[InputFile], shards: ShardList, results: Results) -> None:
    """Raise EngineError where files were out of the workers' reach that are no fault of the files.

    One file that is gone, or that nobody may read, is its owner's fault. If the parent still reads
    it, the workers have no access to the store, as on a cluster without a shared disk. If no file
    at all could be reached, the credentials or the address are wrong.
    """
    unreachable = {
        shards.files[index]: broken.message
        for index, broken in sorted(results.broken.items())
        if broken.unreachable
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
