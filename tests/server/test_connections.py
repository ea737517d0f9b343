"""Connections: bounds of time, size and number, and a log that a flood does not fill."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from bulkfhir.engine.jobs import ImportJob, JobStatus
from bulkfhir.engine.server import connection
from bulkfhir.engine.server.asgi import asgi
from bulkfhir.engine.server.connection import BoundedProtocol
from bulkfhir.engine.server.flood import FloodFilter
from bulkfhir.engine.server.service import Service, ServiceSettings
from tests.server.conftest import wait_for

GET = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
LOG = b"GET /jobs/large/files/SUCCESS/a.ndjson HTTP/1.1\r\nhost: localhost\r\n\r\n"
ENDLESS = LOG.replace(b"a.ndjson", b"b.ndjson")
LARGE = 8 << 20


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A server of short patience, in a thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "HEADER_SECONDS", 0.4)
        patch.setattr(connection, "BODY_SECONDS", 0.4)
        patch.setattr(connection, "ANSWER_SECONDS", 0.4)
        patch.setattr(connection, "most_connections", lambda: 5)
        state = tmp_path_factory.mktemp("state") / "jobs.db"
        service = Service(ServiceSettings(state=state, local=True))
        _add_job_with_a_large_log(service, state.parent)
        application = asgi(service.application)
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(application, http=BoundedProtocol, log_config=None, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def _add_job_with_a_large_log(service, folder):
    (folder / "job/SUCCESS").mkdir(parents=True)
    (folder / "job/SUCCESS/a.ndjson").write_bytes(b"x" * LARGE)
    with (folder / "job/SUCCESS/b.ndjson").open("wb") as endless:
        endless.truncate(1 << 40)  # takes no room
    service.jobs.add(
        ImportJob(
            id="large",
            datastore_id="0" * 32,
            input_uri="s3://in/",
            output_uri=f"{folder}/job/",
            level="minimal",
            submit_time=0.0,
            status=JobStatus.COMPLETED,
        )
    )


@pytest.fixture
def unhurried(monkeypatch):
    """The server waits for requests longer than any test of it takes."""
    monkeypatch.setattr(connection, "HEADER_SECONDS", 60.0)


@pytest.fixture
def forbearing(unhurried, monkeypatch):
    """And for clients that read its answers."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 60.0)


@contextlib.contextmanager
def connected(port, room=None):
    """A client; with ``room`` the system keeps so many bytes for it that it has not read."""
    with socket.socket() as client:
        if room:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        client.settimeout(180)
        client.connect(("127.0.0.1", port))
        yield client


def answer(client) -> bytes:
    received = b""
    while piece := client.recv(65536):
        received += piece
        if received.endswith(b"ok\n"):
            break
    return received


def test_a_request_is_answered_and_the_connection_goes_on(port, unhurried):
    with connected(port) as client:
        for _ in range(2):
            client.sendall(GET)
            assert answer(client).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nhost: loc",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{",
    ],
    ids=["nothing", "half a header", "half a body"],
)
def test_a_request_that_does_not_come_is_given_up(port, sent):
    with connected(port) as client:
        client.sendall(sent)
        assert answer(client).startswith(b"HTTP/1.1 408 ")


def test_a_header_that_trickles_in_is_given_up(port):
    with connected(port) as client, contextlib.suppress(OSError):
        client.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(60):
            client.sendall(b"a: b\r\n")
            time.sleep(0.05)
        pytest.fail("the server went on listening")


@pytest.mark.parametrize(
    "header",
    [b"a: " + b"x" * (70 << 10), b"\r\n".join(b"a%d: b" % n for n in range(20_000))],
    ids=["one long", "many"],
)
def test_headers_without_end_are_refused(port, unhurried, header):
    with connected(port) as client, contextlib.suppress(ConnectionError):
        client.sendall(b"GET / HTTP/1.1\r\n" + header + b"\r\n\r\n")
        assert answer(client).startswith(b"HTTP/1.1 431 ")


def test_a_connection_too_many_is_refused_and_the_others_go_on(port, unhurried):
    with contextlib.ExitStack() as stack:
        first = [stack.enter_context(connected(port)) for _ in range(5)]
        first[0].sendall(GET)
        assert answer(first[0]).startswith(b"HTTP/1.1 200")
        with connected(port) as one_more, contextlib.suppress(ConnectionError):
            assert answer(one_more).startswith(b"HTTP/1.1 503 ")
        first[0].sendall(GET)
        assert answer(first[0]).startswith(b"HTTP/1.1 200")


def test_an_answer_that_nobody_reads_is_given_up(port, unhurried):
    with connected(port, 4096) as client, contextlib.suppress(ConnectionError):
        client.sendall(LOG)
        assert client.recv(12) == b"HTTP/1.1 200"
        wait_for(lambda: not open_logs(), "the end of an answer")
        assert len(answer(client)) < LARGE


@pytest.mark.long
def test_an_answer_that_is_read_slowly_comes_to_its_end(port, unhurried, monkeypatch):
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 2.0)  # far more than between two pieces
    with connected(port) as client:
        client.sendall(LOG)
        received = 0
        while received < LARGE:
            piece = client.recv(1 << 18)
            assert piece
            received += len(piece)
            time.sleep(0.08)


def test_a_client_that_leaves_is_sent_nothing_more(port, forbearing):
    with connected(port) as client:
        client.sendall(ENDLESS)
        client.recv(12)
        assert open_logs()
    wait_for(lambda: not open_logs(), "the end of an answer")


def open_logs():
    """Outcome files that this process, the server, reads."""
    return [
        path
        for path in Path("/proc/self/fd").iterdir()
        if "/job/SUCCESS/" in os.path.realpath(path)
    ]


def test_a_flood_is_a_few_lines_and_a_number(caplog):
    now = [0.0]
    logger = logging.getLogger("bulkfhir.test_flood")
    logger.addFilter(FloodFilter(clock=lambda: now[0]))
    for _ in range(20_000):
        logger.warning("Invalid HTTP request received.")
    logger.warning("something else")
    for _ in range(9):
        logger.warning("%s %s", "Describe", 200, extra={"status": 200})
    assert len(caplog.records) == 5 + 1 + 9
    caplog.clear()
    now[0] = 61.0
    logger.warning("Invalid HTTP request received.")
    assert caplog.messages == ["Invalid HTTP request received. (19,995 more in the last minute)"]


def test_a_flood_of_different_records_keeps_memory_bounded():
    flood = FloodFilter()
    for number in range(5_000):
        flood.filter(logging.makeLogRecord({"name": "a", "msg": f"request {number}"}))
    assert len(flood._counts) <= 1_000
