"""The endpoint as a function, as ASGI and as WSGI."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from bulkfhir.engine.server.asgi import asgi
from bulkfhir.engine.server.endpoint import MAX_BODY
from bulkfhir.engine.server.exchange import Request, Response
from bulkfhir.engine.server.wsgi import wsgi

TARGET = {
    "X-Amz-Target": "HealthLake.ListFHIRDatastores",
    "Content-Type": "application/x-amz-json-1.0",
}


def over_asgi(application, method, path, headers=None, chunks=(b"",), query=""):
    """(status, headers, body) of one request; the body arrives in these chunks."""
    sent = []
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, 1)
    ]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in {"Host": "127.0.0.1", **(headers or {})}.items()
        ],
    }

    async def receive():
        if not waiting:
            await asyncio.Event().wait()  # the client stays
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(application(scope, receive, send))
    return (
        sent[0]["status"],
        dict(sent[0]["headers"]),
        b"".join(message.get("body", b"") for message in sent[1:]),
        len(waiting),
    )


def over_wsgi(application, method, path, headers=None, body=b"", query=""):
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
    }
    environ["wsgi.input"] = io.BytesIO(body)
    setup_testing_defaults(environ)
    for name, value in (headers or {}).items():
        environ[
            "CONTENT_TYPE" if name == "Content-Type" else f"HTTP_{name.upper().replace('-', '_')}"
        ] = value
    started = []
    answer = validator(application)(
        environ, lambda status, given, _info=None: started.append((status, dict(given)))
    )
    try:
        text = b"".join(answer)
    finally:
        answer.close()
    return int(started[0][0][:3]), started[0][1], text


def test_the_bare_function_takes_headers_and_body_and_gives_status_headers_and_body(calls):
    endpoint = calls.service.application._endpoint
    status, headers, body = endpoint.handle(TARGET, b"{}")
    assert (status, headers["Content-Type"], headers["Content-Length"]) == (
        200,
        "application/x-amz-json-1.0",
        str(len(body)),
    )
    assert json.loads(body)["DatastorePropertiesList"]


def test_all_three_give_the_same_answer(calls):
    named = {**TARGET, "Host": "127.0.0.1"}
    expected = json.loads(calls.raw(named, b"{}")[2])
    status, headers, body, _ = over_asgi(
        asgi(calls.service.application), "POST", "/", named, (b"{", b"}")
    )
    assert (status, json.loads(body), int(headers[b"content-length"])) == (200, expected, len(body))
    status, headers, body = over_wsgi(wsgi(calls.service.application), "POST", "/", named, b"{}")
    assert (status, json.loads(body)) == (200, expected)
    assert "x-amzn-RequestId" in headers


def test_a_body_that_is_too_large_is_not_read_to_its_end(calls):
    chunk = b" " * (1 << 19)
    status, _, body, unread = over_asgi(
        asgi(calls.service.application), "POST", "/", TARGET, (chunk,) * 100
    )
    assert (status, b"RequestEntityTooLargeException" in body, unread > 90) == (413, True, True)
    status, _, body = over_wsgi(
        wsgi(calls.service.application), "POST", "/", TARGET, b" " * (MAX_BODY * 3)
    )
    assert (status, f"{MAX_BODY + 1} bytes".encode() in body) == (413, True)


def test_queries_reach_the_pages(calls):
    for send in (
        lambda *a, **n: over_asgi(asgi(calls.service.application), *a, **n),
        lambda *a, **n: over_wsgi(wsgi(calls.service.application), *a, **n),
    ):
        assert send("GET", "/api/jobs", query="status=QUEUED")[0] == 200
        assert send("GET", "/api/jobs", query="status=NONE")[0] == 400
        assert send("GET", "/", query="a=b")[0] == 200


class Streaming:
    """An application whose body comes in pieces and says when it was closed."""

    def __init__(self):
        self.closed = False

    def is_quick(self, request):
        return False

    def respond(self, request):
        return Response(200, {"Content-Type": "text/plain"}, self._pieces())

    def _pieces(self):
        try:
            yield b"one"
            yield b"two"
        finally:
            self.closed = True


def test_large_bodies_come_in_pieces_and_are_closed():
    application = Streaming()
    assert over_asgi(asgi(application), "GET", "/")[2] == b"onetwo"
    assert application.closed
    application = Streaming()
    assert over_wsgi(wsgi(application), "GET", "/")[2] == b"onetwo"
    assert application.closed


def test_a_client_that_leaves_closes_what_was_open():
    application = Streaming()

    async def send(message):
        if message.get("body"):
            raise ConnectionResetError

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    with pytest.raises(ConnectionResetError):
        asyncio.run(asgi(application)(scope, receive, send))
    assert application.closed


def test_the_runner_lives_as_long_as_the_server():
    happened = []
    steps = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive():
        return steps.pop(0)

    async def send(message):
        happened.append(message["type"])

    application = asgi(
        Streaming(), start=lambda: happened.append("start"), stop=lambda: happened.append("stop")
    )
    asyncio.run(application({"type": "lifespan"}, receive, send))
    assert happened == ["start", "lifespan.startup.complete", "stop", "lifespan.shutdown.complete"]


def test_a_failure_inside_an_answer_is_logged_and_not_told(calls, monkeypatch, caplog):
    def broken(*_args, **_named):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(calls.service.jobs, "page", broken)
    response = calls.service.application.respond(
        Request("GET", "/api/jobs", {}, {"host": "127.0.0.1"}, b"")
    )
    assert (response.status, b"secret" in response.body) == (500, False)
    assert "secret detail" in caplog.text


def test_requests_are_answered_while_others_wait(calls):
    """Many at once, each in its own thread, over one state file."""
    answers = []

    def ask():
        answers.append(over_wsgi(wsgi(calls.service.application), "POST", "/", TARGET, b"{}")[0])

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20
