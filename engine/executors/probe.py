"""Probe: whether the workers of an engine can do a job at all, asked before its work begins."""

from __future__ import annotations

import concurrent.futures
import platform
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import ConfigurationError, NotFound, StorageError
from ..storage import StoredObject, storage_for
from .interface import Runner

__all__ = ["probe_workers"]

_PATIENCE: Final = 30.0
"""Seconds for an answer: a cluster that starts workers on demand takes some of them."""
_ADVICE: Final = "give every worker the same disk, or storage that all of them reach"


@dataclass(frozen=True, slots=True)
class _Seen:
    """The things that a worker sees: its machine and the first input; and the probe object it has
    written, None where it does not see this process's.
    """

    host: str
    size: int | None
    etag: str
    written: str | None


def probe_workers(
    runner: Runner, work_folder: str, first: StoredObject, encryption_key_id: str | None = None
) -> None:
    """Raise ConfigurationError, in one sentence, where a worker has no bulkfhir or another version,
    does not see the first input as it is here, or does not write where this process reads.
    """
    from importlib import metadata  # no worker of this machine is probed

    here = metadata.version("bulkfhir")
    # A function of the standard library: a worker without bulkfhir can be asked too.
    for version in _answers(runner.ask(metadata.version, "bulkfhir"), here):
        if version != here:
            raise ConfigurationError(
                f"a worker has bulkfhir {version}, and this is {here}: install the same version "
                "everywhere"
            )
    storage = storage_for(work_folder, encryption_key_id)
    mark = storage.join(work_folder, f"probe-{secrets.token_hex(8)}")
    storage.put(mark, b"")
    asked = runner.ask(_look, mark, first.uri, encryption_key_id)
    try:
        answers = _answers(asked, here)
        for seen in answers:
            _refuse_other_input(seen, first)
        for seen in answers:
            if seen.written is None or storage.stat(seen.written) is None:
                raise ConfigurationError(
                    f"what the worker on {seen.host} writes into {work_folder} is not there for "
                    f"this process: {_ADVICE}"
                )
    finally:
        storage.delete(mark)
        for written in _written(asked):
            storage.delete(written)


def _refuse_other_input(seen: _Seen, first: StoredObject) -> None:
    if seen.size is None:
        raise ConfigurationError(f"the worker on {seen.host} does not see {first.uri}: {_ADVICE}")
    if (seen.size, seen.etag) != (first.size, first.etag):
        raise ConfigurationError(
            f"the worker on {seen.host} sees another {first.uri}, of {seen.size:,} bytes where "
            f"{first.size:,} were listed: {_ADVICE}"
        )


def _answers(asked: Sequence[Future[Any]], here: str) -> list[Any]:
    """Return what all workers answer."""
    _, waiting = concurrent.futures.wait(asked, _PATIENCE)
    if waiting:
        for future in asked:
            future.cancel()
        raise ConfigurationError(
            f"{len(waiting)} of {len(asked)} workers have not answered within {_PATIENCE:.0f} s: "
            f"see that they run, and that they can import bulkfhir {here}"
        )
    return [_answer(future, here) for future in asked]


def _answer(future: Future[Any], here: str) -> Any:
    try:
        return future.result()
    except StorageError as error:
        raise ConfigurationError(f"a worker cannot use {error}: {_ADVICE}") from None
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        if "bulkfhir" in said and ("PackageNotFound" in said or "ModuleNotFound" in said):
            raise ConfigurationError(
                f"a worker has no bulkfhir: install bulkfhir {here} where the workers run"
            ) from None
        lines = said.splitlines()
        raise ConfigurationError(f"a worker does not answer: {lines[0]}") from error


def _written(asked: Sequence[Future[Any]]) -> Iterator[str]:
    """Yield the probe objects of the workers that have answered."""
    for future in asked:
        if future.done() and not (future.cancelled() or future.exception()):
            seen: _Seen = future.result()
            if seen.written is not None:
                yield seen.written


def _look(mark: str, uri: str, encryption_key_id: str | None) -> _Seen:
    """Return what this worker sees, and write a probe object beside the mark. Raise StorageError.

    Where the mark is not seen nothing is written: here is another disk, or an answer that nobody
    waits for any more, and nobody would remove what is written.
    """
    host = platform.node()
    try:
        found = storage_for(uri).stat(uri)
    except NotFound:
        found = None
    size, etag = (found.size, found.etag) if found else (None, "")
    storage = storage_for(mark, encryption_key_id)
    written = None
    if storage.stat(mark) is not None:
        written = f"{mark}-{secrets.token_hex(8)}"
        storage.put(written, b"")
    return _Seen(host, size, etag, written)
