"""An emulator: one address that is S3 (moto's) and HealthLake (this engine's), for tests that need
no AWS.

    with Emulator(datastores=["0123456789abcdef0123456789abcdef"]) as emulator:
        s3 = boto3.client("s3", endpoint_url=emulator.url)
        healthlake = boto3.client("healthlake", endpoint_url=emulator.url)

As a program: ``python -m bulkfhir.engine.emulator --port 5000``. It needs ``moto[server,s3]``
beside ``bulkfhir[server]``.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from bulkfhir.validators.texts import texts

from .jobs import RunOptions
from .process.temporary import TemporaryFolder
from .server.model import target_prefix
from .server.service import Service, ServiceSettings
from .server.wsgi import WsgiApplication, wsgi

__all__ = ["Emulator", "in_front_of"]

_RESET = "/moto-api/reset"

_KEYS = {
    "AWS_ACCESS_KEY_ID": "emulator",
    "AWS_SECRET_ACCESS_KEY": "emulator",
    "AWS_SESSION_TOKEN": "",
    "AWS_REGION": "us-east-1",
}
"""moto takes any keys: the jobs must not look for real ones."""


def in_front_of(behind: WsgiApplication, service: Service) -> WsgiApplication:
    """Return a WSGI application: HealthLake's requests go to the service, all others to what lies
    behind. What resets moto resets the service too.
    """
    endpoint = wsgi(service.application)
    prefix = f"{target_prefix()}."

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and environ.get("PATH_INFO") == _RESET:
            service.reset()
        chosen = endpoint if environ.get("HTTP_X_AMZ_TARGET", "").startswith(prefix) else behind
        return chosen(environ, start_response)

    return serve


class Emulator:
    """moto's server with HealthLake in front of it, in threads of this process; the imports have
    processes of their own. ``url`` is its address; ``application`` is HealthLake without a socket.

    port         0: a free one
    datastores   ids of data stores that exist from the start
    state        the SQLite file of jobs; default: one that ends with the emulator
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        datastores: Sequence[str] = (),
        state: Path | None = None,
        workers: int | None = None,
    ) -> None:
        with socket.create_server((host, port)) as listening:  # raises where the port is taken
            # moto takes a second to import, and what follows makes files.
            from moto.moto_server.werkzeug_app import (
                DomainDispatcherApplication,
                create_backend_app,
            )
            from werkzeug.serving import WSGIRequestHandler, make_server

            class Quiet(WSGIRequestHandler):
                def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                    """A line for every request would bury the output of the tests."""

            self._own_state = None if state else TemporaryFolder()
            settings = ServiceSettings(
                state=state or Path(self._own_state.name if self._own_state else "", "jobs.db"),
                run=RunOptions(workers=workers),
                datastores=texts(datastores),
                environment=dict(_KEYS),
            )
            self._service = Service(settings)
            self.application = self._service.application
            behind = DomainDispatcherApplication(create_backend_app)
            self._server = make_server(
                host,
                port,
                in_front_of(behind, self._service),
                threaded=True,
                request_handler=Quiet,
                fd=listening.fileno(),  # werkzeug makes a copy, which it closes
            )
        self.url = f"http://{host}:{self._server.server_address[1]}"
        # Known only now; the jobs get it when they begin.
        self._service.runner.environment["AWS_ENDPOINT_URL_S3"] = self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="bulkfhir-emulator", daemon=True
        )

    def __enter__(self) -> Self:
        self._service.start()
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._service.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self._own_state is not None:
            self._own_state.cleanup()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m bulkfhir.engine.emulator",
        description="S3 (moto) and HealthLake (bulkfhir) at one address.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument(
        "--datastore",
        action="append",
        default=[],
        metavar="ID",
        help="data store that exists from the start; repeatable",
    )
    parser.add_argument(
        "--state", type=Path, help="SQLite file of jobs; default: one that ends with the emulator"
    )
    parser.add_argument("--workers", type=int)
    chosen = parser.parse_args(arguments)
    try:
        made = Emulator(
            host=chosen.host,
            port=chosen.port,
            datastores=chosen.datastore,
            state=chosen.state,
            workers=chosen.workers,
        )
    except OSError as error:
        place = f"{chosen.host}:{chosen.port}"
        print(f"{place}: {os.strerror(error.errno or 0)}", file=sys.stderr)  # noqa: T201  # as above
        sys.exit(2)
    with made as emulator:
        print(f"S3 and HealthLake at {emulator.url}", flush=True)  # noqa: T201  # a program: this is its answer
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
