"""DaskRunner: the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any

from ..errors import ConfigurationError
from .foreign import Foreign

__all__ = ["DaskRunner"]


class DaskRunner(Foreign):
    """A runner on a cluster of ``distributed``.

    workers   tasks at once; None: the threads of all workers
    address   of the scheduler; none: the client that this process has already

    The scheduler tries a task again whose worker has died, on other workers, three times
    (``distributed.scheduler.allowed-failures``); then the task is lost.
    """

    apart = True

    def __init__(self, workers: int | None = None, *, address: str = "") -> None:
        try:
            from distributed import Client, KilledWorker, default_client
        except ImportError:
            raise ConfigurationError("the executor dask needs bulkfhir[dask]") from None
        self._deaths = (KilledWorker, CancelledError)
        self._own = bool(address)
        try:
            if address:
                _check_address(address)
            connect: Any = partial(Client, address, set_as_default=False)
            self._client: Any = (connect if address else default_client)()
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"no Dask cluster: {error}; give the option address=tcp://host:8786, or make a "
                "distributed.Client first"
            ) from None
        threads = self._client.ncores()
        if not threads:
            raise ConfigurationError(f"{address or 'the Dask cluster'}: it has no workers")
        super().__init__(self._client.get_executor(pure=False), workers or sum(threads.values()))

    def ask(self, function: Callable[..., Any], *arguments: object) -> list[Future[Any]]:
        """Run ``function(*arguments)`` on every worker."""
        return [
            self._client.get_executor(
                pure=False, workers=[address], allow_other_workers=False
            ).submit(function, *arguments)
            for address in self._client.ncores()
        ]

    def lost(self, error: BaseException) -> bool:
        """Return whether the scheduler has given a task up whose workers died."""
        return isinstance(error, self._deaths)

    def restart(self) -> bool:
        """Return True: the cluster replaces its workers."""
        return True

    def close(self, *, kill: bool = False) -> None:
        """Drop what waits. A task that runs is not ended: it hears that its run has."""
        for future in self._pending:
            future.cancel()
        if self._own:
            self._client.close()


def _check_address(address: str) -> None:
    """Raise ValueError for an address that nothing can be connected to. A Client says so as well,
    but what is left of it is waited for, for a minute when the process ends.
    """
    import distributed

    comm: Any = distributed.comm
    security: Any = distributed.Security
    scheme, _ = comm.parse_address(address)
    if scheme == "inproc":
        return  # a scheduler of this process, which has no port
    comm.get_address_host_port(address)
    if scheme in ("tls", "wss") and not security().get_connection_args("client")["ssl_context"]:
        raise ValueError(f"{address} needs certificates (distributed.comm.tls of Dask's settings)")
