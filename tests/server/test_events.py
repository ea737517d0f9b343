"""Events of jobs and data stores, in EventBridge's form, to a file and to a webhook."""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bulkfhir.engine.cli.program import run
from bulkfhir.engine.server import event_delivery
from bulkfhir.engine.server.event_targets import event_target
from bulkfhir.engine.server.service import Service, ServiceSettings
from tests.server.conftest import (
    BAD,
    DATASTORE,
    GOOD,
    ROLE,
    Calls,
    Served,
    finished,
    start_request,
    wait_for,
)
from tests.shown_examples import PAGES, blocks

STORE = f"arn:aws:healthlake:us-east-1:123456789012:datastore/fhir/{DATASTORE}"


class Listener:
    """A webhook: what it was sent, and what it answers, the last of which stays."""

    def __init__(self, *answers: int | str) -> None:
        self.answers, self.got, self.agents = list(answers), [], []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append((self.path, json.loads(body)))
                listener.agents.append(self.headers["Content-Type"])
                more = len(listener.answers) > 1
                answer = listener.answers.pop(0) if more else listener.answers[0]
                self.send_response(answer if isinstance(answer, int) else 307)
                if isinstance(answer, str):
                    self.send_header("Location", answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """A line for every request would bury the output of the tests."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@contextmanager
def listening(*answers):
    listener = Listener(*answers or (200,))
    try:
        yield listener
    finally:
        listener.server.shutdown()
        listener.server.server_close()


@contextmanager
def serving(folder, events, **more):
    """The endpoint whose events are told; jobs wait, as their runner is asked to run none."""
    settings = ServiceSettings(
        state=folder / "jobs.db", datastores=(DATASTORE,), events=events, concurrent=0, **more
    )
    service = Service(settings)
    service.start()
    try:
        yield Calls(service)
    finally:
        service.stop()


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("BULKFHIR_S3_ROOT", str(tmp_path / "s3"))
    monkeypatch.setattr(event_delivery, "_LOOK", 0.05)


def test_a_job_is_told_of_from_submission_to_its_end(service_models, tmp_path):
    told = tmp_path / "events.ndjson"
    server = Served(tmp_path, "--datastore", DATASTORE, "--events", str(told))
    try:
        server.put("data/bad.ndjson", GOOD + BAD)
        client = server.client()
        job = client.start_fhir_import_job(**start_request())["JobId"]
        ended = finished(client, job)
        lines = wait_for(
            lambda: (found := told.read_text().splitlines()) and "Errors" in found[-1] and found,
            "the last event",
        )
    finally:
        assert server.end() == 0
    events = [json.loads(line) for line in lines]
    assert [event["detail-type"] for event in events] == [
        "Data Store Creating",
        "Data Store Active",
        "Import Job Submitted",
        "Import Job In Progress",
        "Import Job Completed With Errors",
    ]
    assert len({event["id"] for event in events}) == 5
    last = events[-1]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", last.pop("id"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", last.pop("time"))
    submitted = ended["SubmitTime"].astimezone().timestamp()
    stated = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(submitted))
    assert last["detail"].pop("submitTime").startswith(stated)
    assert last == {
        "version": "0",
        "detail-type": "Import Job Completed With Errors",
        "source": "aws.healthlake",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": [STORE],
        "detail": {
            "jobId": job,
            "datastoreId": DATASTORE,
            "inputDataConfig": {"s3Uri": "s3://in-bucket/data/"},
        },
    }


def test_the_documented_event_is_one(tmp_path):
    (text,) = blocks(PAGES["docs/endpoint.md"], "json")
    documented = json.loads(text)
    told = tmp_path / "events.ndjson"
    with serving(tmp_path, str(told)) as calls:
        calls("StartFHIRImportJob", **start_request())
        wait_for(lambda: told.exists() and "Submitted" in told.read_text(), "the event")
    lines = map(json.loads, told.read_text().splitlines())
    (event,) = (one for one in lines if one["detail-type"] == "Import Job Submitted")
    assert list(event) == list(documented)
    assert list(event["detail"]) == list(documented["detail"])
    form = re.sub(r"\d", "0", f"{event['time']} {event['detail']['submitTime']}")
    assert form == re.sub(r"\d", "0", f"{documented['time']} {documented['detail']['submitTime']}")


def test_what_a_webhook_does_not_take_is_sent_again_in_order_and_nowhere_else(tmp_path):
    with (
        listening() as elsewhere,
        listening(500, f"{elsewhere.url}/there", 200) as hook,
        serving(tmp_path, f"{hook.url}/hook?a=b") as calls,
    ):
        calls("StartFHIRImportJob", **start_request())
        wait_for(lambda: len(hook.got) >= 6, "all events")
        assert elsewhere.got == []
        assert {path for path, _ in hook.got} == {"/hook?a=b"}
        assert set(hook.agents) == {"application/json"}
        names = [event["detail-type"] for _, event in hook.got]
        assert names[:4] == ["Data Store Creating"] * 3 + ["Data Store Active"]
        assert len({event["id"] for _, event in hook.got[:3]}) == 1
        assert names[4:] == ["Import Job Submitted", "Import Job Queued"]


def test_a_dead_webhook_fails_nothing_and_is_told_after_a_restart(tmp_path, caplog):
    with listening() as dead:
        place = dead.url
    with serving(tmp_path, place) as calls:
        job = calls("StartFHIRImportJob", **start_request())["JobId"]
        wait_for(lambda: "takes no event" in caplog.text, "the warning")
        found = calls("DescribeFHIRImportJob", DatastoreId=DATASTORE, JobId=job)
        assert found["ImportJobProperties"]["JobStatus"] in ("SUBMITTED", "QUEUED")
    assert caplog.text.count("takes no event") == 1
    with listening() as hook, serving(tmp_path, hook.url):
        wait_for(lambda: len(hook.got) == 4, "what was not told")
        assert [event["detail"].get("jobId") for _, event in hook.got] == [None, None, job, job]


def test_data_stores_are_told_of_when_their_states_come(tmp_path):
    with listening() as hook, serving(tmp_path, hook.url, datastore_delay=1.0) as calls:
        wait_for(lambda: len(hook.got) == 2, "those of the data store from the start")
        made = calls("CreateFHIRDatastore", DatastoreTypeVersion="R4")["DatastoreId"]
        wait_for(lambda: len(hook.got) == 4, "its creation, and its being active")
        calls("DeleteFHIRDatastore", DatastoreId=made)
        wait_for(lambda: len(hook.got) == 6, "its deletion")
    states = ["Creating", "Active", "Deleting", "Deleted"]
    told = [event for _, event in hook.got[2:]]
    assert [event["detail-type"] for event in told] == [f"Data Store {state}" for state in states]
    assert {event["detail"]["datastoreId"] for event in told} == {made}


def test_exports_are_told_of_from_submission_to_their_end(tmp_path):
    output = {"S3Configuration": {"S3Uri": "s3://out-bucket/e", "KmsKeyId": "alias/key"}}
    with listening() as hook, serving(tmp_path, hook.url, exports=True) as calls:
        request = {"DatastoreId": DATASTORE, "OutputDataConfig": output, "DataAccessRoleArn": ROLE}
        job = calls("StartFHIRExportJob", **request)["JobId"]
        wait_for(lambda: len(hook.got) == 5, "its end")
    told = [event for _, event in hook.got[2:]]
    states = ["Submitted", "In Progress", "Completed"]
    assert [event["detail-type"] for event in told] == [f"Export Job {state}" for state in states]
    assert {tuple(event["detail"]) for event in told} == {("jobId", "submitTime", "datastoreId")}
    assert {event["detail"]["jobId"] for event in told} == {job}


def test_what_the_service_has_no_event_for_is_not_told(tmp_path):
    with listening() as hook, serving(tmp_path, hook.url) as calls:
        job = calls("StartFHIRImportJob", **start_request())["JobId"]
        wait_for(lambda: len(hook.got) == 4, "the events before")
        calls.service.jobs.cancel(job)
        calls("CreateFHIRDatastore", DatastoreTypeVersion="R4")
        wait_for(lambda: len(hook.got) == 6, "the events after")
    assert not [event for _, event in hook.got if "Cancel" in event["detail-type"]]


def test_without_a_listener_nothing_is_recorded(tmp_path):
    with serving(tmp_path, None) as calls:
        calls("CreateFHIRDatastore", DatastoreTypeVersion="R4")
    with listening() as hook, serving(tmp_path, hook.url) as calls:
        made = calls("CreateFHIRDatastore", DatastoreTypeVersion="R4")["DatastoreId"]
        wait_for(lambda: len(hook.got) == 2, "the events from now on")
        assert {event["detail"]["datastoreId"] for _, event in hook.got} == {made}


@pytest.mark.parametrize(
    "place",
    [
        "ftp://host/x",
        "http:///x",
        "https://user:secret@host/x",
        "http://host:port/",
        "http://host/a b",
        "/no/such/folder/events.ndjson",
    ],
)
def test_a_place_that_takes_no_events_is_refused(place, tmp_path):
    with pytest.raises(ValueError, match=r"webhook|folder|[Pp]ort"):
        event_target(place)


def test_serve_says_which_place_takes_no_events(tmp_path, capsys):
    options = ["serve", "--port", "0", "--state", str(tmp_path / "s.db"), "--events", "ftp://x"]
    assert run(options) == 2
    assert "a webhook is http://HOST" in capsys.readouterr().err
