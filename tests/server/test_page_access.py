"""Who may see the job pages: a token in a form, a cookie afterwards, ten wrong tries a minute."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine.server.exchange import Request
from bulkfhir.engine.server.page_access import PageAccess
from bulkfhir.engine.server.service import Service, ServiceSettings
from bulkfhir.engine.server.signature import Keyring

TOKEN = "correct horse battery staple"


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[one]\naws_access_key_id = AKONE\naws_secret_access_key = one\n")
    return path


@pytest.fixture
def application(keys, tmp_path):
    settings = ServiceSettings(state=tmp_path / "jobs.db", keys=keys, page_token=TOKEN)
    return Service(settings).application


def get(application, path="/", **headers):
    return application.respond(Request("GET", path, {}, {"host": "localhost", **headers}, b""))


def post(application, token, **headers):
    body = f"token={token.replace(' ', '+')}".encode()
    return application.respond(
        Request("POST", "/login", {}, {"host": "localhost", **headers}, body)
    )


def test_the_form_asks_for_the_token_and_no_browser_for_a_key(application):
    asked = get(application)
    assert asked.status == 401
    assert b'name="token"' in asked.body
    assert b'method="post"' in asked.body
    assert asked.headers["WWW-Authenticate"].startswith("Bearer")
    assert get(application, "/assets/style.css").status == 200


def test_the_token_gives_a_cookie_that_lets_in_and_is_not_the_token(application):
    answer = post(application, TOKEN)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert TOKEN not in cookie
    for path in ("/", "/api/jobs", "/metrics"):
        assert get(application, path, cookie=f"a=b; {cookie}").status == 200
        assert get(application, path, cookie=cookie[:-1]).status == 401


def test_behind_https_the_cookie_is_for_https_only(application):
    answer = post(application, TOKEN, **{"x-forwarded-proto": "https"})
    assert "; Secure" in answer.headers["Set-Cookie"]


def test_a_machine_sends_the_token_as_bearer(application):
    assert get(application, "/metrics", authorization=f"Bearer {TOKEN}").status == 200
    assert get(application, "/metrics", authorization="Bearer nope").status == 401


def test_a_token_in_a_query_lets_nobody_in(application):
    request = Request("GET", "/", {"token": TOKEN}, {"host": "localhost"}, b"")
    assert application.respond(request).status == 401


def test_wrong_tries_are_limited_and_whoever_is_in_stays_in(keys):
    now = [0.0]
    access = PageAccess(TOKEN, Keyring(keys), clock=lambda: now[0])

    def login(token):
        return access.login(Request("POST", "/login", {}, {}, b"token=" + token.encode()))

    cookie = login(TOKEN.replace(" ", "+")).headers["Set-Cookie"].partition(";")[0]
    assert [login("wrong").status for _ in range(12)] == [401] * 10 + [429] * 2
    assert login(TOKEN.replace(" ", "+")).status == 429
    bearer = Request("GET", "/", {}, {"authorization": f"Bearer {TOKEN}"}, b"")
    assert access.refusal(bearer).status == 429
    assert access.refusal(Request("GET", "/", {}, {"cookie": cookie}, b"")) is None
    now[0] = 60.0
    assert login(TOKEN.replace(" ", "+")).status == 303


@pytest.mark.parametrize(
    "body", [b"", b"token=", b"token=%ff", b"\xff" * 9, b"token=a&token=b"], ids=repr
)
def test_a_form_of_rubbish_is_a_wrong_try(application, body):
    request = Request("POST", "/login", {}, {"host": "localhost"}, body)
    assert application.respond(request).status == 401


def test_without_a_token_chosen_there_is_a_random_one(keys, tmp_path):
    tokens = {
        Service(ServiceSettings(state=tmp_path / f"{n}.db", keys=keys)).page_token for n in (1, 2)
    }
    assert len(tokens) == 2
    assert min(map(len, tokens)) > 30


@pytest.mark.parametrize(
    "before", ["9" * 19, "9" * 5000, "-1", "x", "²"], ids=lambda text: text[:20]
)
def test_a_page_that_no_list_has_is_a_mistake_of_the_client(tmp_path, before):
    application = Service(ServiceSettings(state=tmp_path / "jobs.db")).application
    answer = application.respond(Request("GET", "/api/jobs", {"before": before}, {}, b""))
    assert (answer.status, json.loads(answer.body)) == (
        400,
        {"message": "status or before is none"},
    )
