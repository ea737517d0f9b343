"""Packages of a registry: asked for by name and version, checked, and put whole into the cache."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from bulkfhir.engine.cli.package_commands import command
from bulkfhir.engine.cli.program import run
from bulkfhir.validators.definitions import registry
from bulkfhir.validators.definitions.registry import install_from
from bulkfhir.validators.definitions.standard_cache import installed
from bulkfhir.validators.errors import PackageError
from tests.faults.certificate import make_certificate
from tests.shown_examples import PAGES, blocks
from tests.validators.definitions.test_packages import home, make, profile

__all__ = ["home"]


class Registry:
    """A registry of our own on this machine, which answers with what ``answers`` says: path ->
    bytes, or an address to redirect to.

    certificate  file with a certificate and its key, where it speaks https
    """

    def __init__(self, certificate=None):
        self.answers = {}
        own = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answer = own.answers.get(self.path)
                if isinstance(answer, str):
                    self.send_response(302)
                    self.send_header("Location", answer)
                    self.end_headers()
                    return
                self.send_response(404 if answer is None else 200)
                self.end_headers()
                self.wfile.write(answer or b"")

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def add(self, archive, *versions, path="/a.b/x.tgz", name="a.b", **dist):
        """Offer an archive under a package's versions."""
        data = archive.read_bytes()
        self.answers[path] = data
        stated = {"tarball": path, "shasum": hashlib.sha1(data).hexdigest()} | dist
        listing = {"versions": {version: {"dist": stated} for version in versions}}
        listing["dist-tags"] = {"latest": versions[-1]}
        self.answers[f"/{name}"] = json.dumps(listing).encode()


@pytest.fixture
def server():
    made = Registry()
    yield made
    made.close()


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that nobody else has signed, with its key, in one file."""
    made, key = make_certificate(tmp_path)
    path = tmp_path / "both.pem"
    path.write_bytes(key.read_bytes() + made.read_bytes())
    return path


@pytest.fixture
def secured(certificate):
    made = Registry(certificate)
    yield made
    made.close()


@pytest.fixture
def archive(tmp_path):
    return make(tmp_path, resources=[profile()])


@pytest.mark.parametrize("version", ["1.0.0", "latest", "1.0.x"])
def test_a_package_is_put_into_the_cache(server, archive, home, version):
    server.add(archive, "0.9.0", "1.0.0")
    assert install_from(server.url, "a.b", version) == home / ".fhir/packages/a.b#1.0.0"
    assert [path.name for path in installed()] == ["a.b#1.0.0"]


def test_the_commands_of_the_readme_add_use_and_remove_a_package(
    server, tmp_path, home, monkeypatch
):
    (commands,) = blocks(PAGES["README.md"], "sh")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    make(tmp_path, name="hl7.fhir.us.core", version="3.1.1", resources=[profile()])
    newer = make(tmp_path, name="hl7.fhir.us.core", version="6.1.0", resources=[profile()])
    server.add(newer, "6.1.0", name="hl7.fhir.us.core")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "p.ndjson").write_text('{"resourceType":"Patient","id":"p"}\n')
    given = [
        shlex.split(line)[1:]
        for line in commands.replace("https://registry.example", server.url).splitlines()
    ]
    assert [run(words) for words in given] == [0] * 4
    assert [path.name for path in installed()] == ["hl7.fhir.us.core#3.1.1"]
    assert len([*tmp_path.glob("out/*/Manifest.json")]) == 1


def test_a_sha512_is_checked_where_the_registry_states_one(server, archive):
    digest = hashlib.sha512(archive.read_bytes()).digest()
    server.add(archive, "1.0.0", integrity="sha512-" + base64.b64encode(digest).decode())
    assert install_from(server.url, "a.b", "1.0.0").name == "a.b#1.0.0"


def refused(server, match, version="1.0.0"):
    with pytest.raises(PackageError, match=match):
        install_from(server.url, "a.b", version)
    assert installed() == []


@pytest.mark.parametrize(
    ("dist", "match"),
    [
        pytest.param({"shasum": "00" * 20}, "not the one that the registry states", id="sha1"),
        pytest.param({"integrity": "sha512-AAAA"}, "not the one that the registry", id="sha512"),
        pytest.param({"shasum": None}, "states no sha", id="no sha"),
        pytest.param({"shasum": "xyz"}, "states no sha", id="no hexadecimal"),
        pytest.param({"tarball": "https://elsewhere.example/x"}, "another host", id="other host"),
        pytest.param({"tarball": "file:///etc/passwd"}, "over https", id="file"),
    ],
)
def test_an_archive_that_is_not_what_the_registry_states_is_refused(server, archive, dist, match):
    server.add(archive, "1.0.0", **dist)
    refused(server, match)


def test_a_redirect_to_another_host_is_refused_and_one_within_it_followed(server, archive):
    server.add(archive, "1.0.0")
    listing = server.answers["/a.b"]
    server.answers["/a.b"] = "http://localhost:1/a.b"
    refused(server, "leads to another host")
    server.answers["/a.b"] = "/moved"
    server.answers["/moved"] = listing
    assert install_from(server.url, "a.b", "1.0.0").name == "a.b#1.0.0"


def test_the_package_must_be_the_one_that_was_asked_for(server, archive):
    server.add(archive, "2.0.0")
    refused(server, r"holds a.b#1.0.0, and not a.b#2.0.0", version="2.0.0")


def test_a_version_that_there_is_not_names_those_that_there_are(server, archive):
    server.add(archive, "1.0.0")
    refused(server, "no such version; it has 1.0.0", version="3.0.0")


@pytest.mark.parametrize("answer", [b"{", b"[]", b'{"versions": 3}', b"{}"])
def test_an_answer_that_is_no_list_of_versions_is_refused(server, answer):
    server.answers["/a.b"] = answer
    refused(server, "no list of versions")


def test_what_is_too_large_is_refused(server, archive, monkeypatch):
    server.add(archive, "1.0.0")
    monkeypatch.setattr(registry, "_ARCHIVE", 10)
    refused(server, "has more than")
    monkeypatch.setattr(registry, "_LISTING", 10)
    refused(server, "answers with more than")


@pytest.mark.parametrize("address", ["http://example.org", "ftp://127.0.0.1", "file:///tmp", "x"])
def test_only_https_is_asked_but_on_this_machine(address):
    with pytest.raises(PackageError, match="over https"):
        install_from(address, "a.b", "1.0.0")


def test_a_registry_that_is_away_is_one_sentence():
    with pytest.raises(PackageError, match="cannot be read"):
        install_from("http://127.0.0.1:9", "a.b", "1.0.0")


def test_the_command_adds_from_the_registry_that_the_user_names_and_removes(server, archive):
    server.add(archive, "1.0.0")
    invoke = CliRunner().invoke
    missing = invoke(command, ["add", "a.b#1.0.0"])
    assert (missing.exit_code, "none is built in" in missing.output) == (2, True)
    added = invoke(command, ["add", "a.b#1.0.0", "--registry", server.url])
    assert (added.exit_code, added.output) == (0, "a.b#1.0.0\n")
    assert invoke(command, ["rm", "a.b#1.0.0"]).exit_code == 0
    assert installed() == []
    gone = invoke(command, ["rm", "a.b#1.0.0"])
    assert "no such package" in str(gone.exception)


def test_a_name_that_is_nearly_a_package_is_asked_after(archive, home):
    from bulkfhir.validators.definitions.standard_cache import install, locate

    install(archive)
    with pytest.raises(PackageError, match=r"did you mean a\.b#1\.0\.0\?"):
        locate("a.b#1.0.1")
    mistaken = CliRunner().invoke(command, ["rm", "a.bb#1.0.0"])
    assert str(mistaken.exception).endswith("; did you mean a.b#1.0.0?")
    assert [path.name for path in installed()] == ["a.b#1.0.0"]


def test_a_registry_whose_certificate_is_trusted_is_asked_over_https(
    secured, archive, certificate, monkeypatch
):
    """SSL_CERT_FILE names what is trusted, for a registry inside a company."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secured.add(archive, "1.0.0")
    assert run(["packages", "add", "a.b#1.0.0", "--registry", secured.url]) == 0
    assert [path.name for path in installed()] == ["a.b#1.0.0"]


def test_a_registry_whose_certificate_nobody_trusts_is_refused(
    secured, archive, home, monkeypatch, capsys
):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    secured.add(archive, "1.0.0")
    assert run(["packages", "add", "a.b#1.0.0", "--registry", secured.url]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "cannot be read" in sentence
    assert "CERTIFICATE_VERIFY_FAILED" in sentence
    assert installed() == []
    assert not (home / ".fhir").exists()


def test_no_redirect_leads_from_https_to_http(secured, archive, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secured.add(archive, "1.0.0")
    secured.answers["/a.b"] = secured.url.replace("https:", "http:") + "/moved"
    refused(secured, "leads to another host")
