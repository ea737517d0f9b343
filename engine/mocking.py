"""mock_healthlake: moto's ``mock_aws``, in which boto3 reaches HealthLake too.

    @mock_healthlake(datastores=["0123456789abcdef0123456789abcdef"])
    def test_an_import():
        boto3.client("healthlake").start_fhir_import_job(...)

Import this before clients are made, as one does with moto: a client takes its handlers with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from io import BytesIO
from types import TracebackType
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.handlers import BUILTIN_HANDLERS

from .emulator import Emulator
from .server.exchange import Request

__all__ = ["mock_healthlake"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_OF_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
"""How the names of AWS's own hosts end; a client with an endpoint of its own goes there."""

_within: Final[list[Emulator]] = []
"""The emulators whose contexts are open; the innermost one answers."""


def mock_healthlake(*, datastores: Sequence[str] = (), workers: int = 1) -> _Mock:
    """Open moto's ``mock_aws``, and answer HealthLake's requests of this process's clients in this
    process. A context manager, and a decorator of functions. It may stand inside a ``mock_aws``.

    Imports run in processes of their own, where moto's mocks do not hold: the emulator serves them
    the same mocked S3 at a loopback address, which ends with the context. Programs of other
    processes find S3 and HealthLake at the yielded emulator's ``url``.

    datastores   ids of data stores that exist from the start
    workers      processes that each import has
    """
    return _Mock(lambda: _opened(datastores, workers))


class _Mock(AbstractContextManager[Emulator]):
    """The object that ``mock_healthlake`` returns: to enter once, or to decorate functions with."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Emulator]]) -> None:
        self._opened = opened
        self._own = opened()

    def __enter__(self) -> Emulator:
        return self._own.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._own.__exit__(kind, raised, trace)

    def __call__(self, function: Callable[_P, _R]) -> Callable[_P, _R]:
        """Return a function that runs within a mock of its own.

        Raises TypeError for a class: the mock would be over before its methods run, and they would
        call AWS.
        """
        if isinstance(function, type):
            raise TypeError(
                f"mock_healthlake decorates functions, not the class {function.__name__}: decorate "
                "its methods, or open it in a fixture"
            )

        @wraps(function)
        def within(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            with self._opened():
                return function(*args, **kwargs)

        return within


@contextmanager
def _opened(datastores: Sequence[str], workers: int) -> Iterator[Emulator]:
    from moto import mock_aws

    with mock_aws(), Emulator(datastores=datastores, workers=workers) as emulator:
        _within.append(emulator)
        try:
            yield emulator
        finally:
            _within.remove(emulator)


def _answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
    """Answer a request of botocore's before it is sent; None lets it be sent."""
    host = urlsplit(request.url).hostname or ""
    if not (_within and host.endswith(_OF_AWS)):
        return None
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    body = request.body or b""
    asked = Request("POST", "/", {}, headers, body.encode() if isinstance(body, str) else body)
    answer = _within[-1].application.respond(asked)
    whole = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
    return AWSResponse(request.url, answer.status, dict(answer.headers), _Raw(whole))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


class _Raw(BytesIO):
    """A body as botocore reads it from its connection."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


# The way by which moto mocks clients. The longer name goes before moto's own handler, which answers
# whatever it does not know with 404.
BUILTIN_HANDLERS.append(("before-send.healthlake", _answer))
