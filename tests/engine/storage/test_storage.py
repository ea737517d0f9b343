"""Storage: the same behaviour on a local disk and on S3 (moto's server)."""

from __future__ import annotations

import errno
import http.server
import os
import pickle
import threading

import pytest

from bulkfhir.engine.errors import Changed, ConfigurationError, NotFound, StorageError
from bulkfhir.engine.storage import normal, storage_for


@pytest.fixture(params=["local", "s3"])
def place(request, tmp_path):
    """(storage, a folder in it)."""
    if request.param == "local":
        return storage_for(str(tmp_path)), str(tmp_path / "folder")
    bucket = request.getfixturevalue("bucket")
    return storage_for(bucket), f"{bucket}/folder"


def read_all(reader, size=1000):
    return b"".join(iter(lambda: reader.read(size), b""))


def test_what_was_put_is_read(place):
    storage, folder = place
    uri = storage.join(folder, "deep/er/a.txt")
    storage.put(uri, b"first")
    storage.put(uri, b"second")
    assert storage.read(uri) == b"second"
    entry = storage.stat(uri)
    assert (entry.uri, entry.size) == (uri, 6)
    assert storage.unchanged(uri, entry.etag)


def test_a_listing_is_deep_and_in_order(place):
    storage, folder = place
    for name in ("b.txt", "a/z.txt", "a.txt", "a-b/c.txt"):
        storage.put(storage.join(folder, name), b"x")
    assert [entry.uri.removeprefix(folder) for entry in storage.list(folder + "/")] == [
        "/a-b/c.txt",
        "/a.txt",
        "/a/z.txt",
        "/b.txt",
    ]
    assert [
        entry.uri.removeprefix(folder) for entry in storage.list(storage.join(folder, "a") + "/")
    ] == ["/a/z.txt"]


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, None), (0, 1), (5, 10), (9_999_999, None), (10_000_000, None), (10_000_001, 10_000_002)],
)
def test_a_range_is_read_from_its_start_and_may_go_on_beyond_its_end(place, start, end):
    storage, folder = place
    uri = storage.join(folder, "a")
    data = bytes(range(250)) * 40_000
    storage.put(uri, data)
    reader = storage.open(uri, start, end, etag=storage.stat(uri).etag)
    assert read_all(reader, 1 << 20) == data[start:]
    reader.close()


def test_a_replaced_object_is_not_read_under_its_old_etag(place):
    storage, folder = place
    uri = storage.join(folder, "a")
    storage.put(uri, b"old")
    etag = storage.stat(uri).etag
    storage.put(uri, b"new and longer")
    with pytest.raises(Changed):
        read_all(storage.open(uri, 0, 3, etag=etag))


@pytest.mark.parametrize("size", [0, 10, 20 << 20])
def test_nothing_is_seen_of_a_writer_before_it_commits(place, size):
    storage, folder = place
    uri = storage.join(folder, "a")
    writer = storage.writer(uri)
    for _ in range(size // 1_000_000 + 1):
        writer.write(b"x" * min(size, 1_000_000))
    assert storage.stat(uri) is None
    writer.commit()
    assert storage.stat(uri).size == (size // 1_000_000 + 1) * min(size, 1_000_000)


def test_an_aborted_writer_leaves_nothing(place, tmp_path):
    storage, folder = place
    uri = storage.join(folder, "a")
    writer = storage.writer(uri)
    writer.write(b"x" * (9 << 20))
    writer.abort()
    writer.abort()
    assert storage.stat(uri) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_sweeping_removes_what_a_killed_writer_left(place, tmp_path, monkeypatch):
    storage, folder = place
    storage.put(storage.join(folder, "kept"), b"x")
    writer = storage.writer(storage.join(folder, "a"))
    writer.write(b"x" * (9 << 20))
    storage.sweep(folder)
    assert [entry.uri.removeprefix(folder) for entry in storage.list(folder)] == ["/kept"]
    assert not list(tmp_path.rglob("*.partial"))
    if folder.startswith("s3://"):
        # S3 answers NoSuchUpload; moto an error of its own, which is tried again for a while.
        monkeypatch.setattr(storage._client, "retry_seconds", 0.1)
        with pytest.raises(StorageError):
            writer.commit()


def test_deleting_is_done_once_and_may_be_done_twice(place):
    storage, folder = place
    for name in ("a", "sub/b", "sub/c"):
        storage.put(storage.join(folder, name), b"x")
    storage.delete(storage.join(folder, "a"))
    storage.delete(storage.join(folder, "a"))
    storage.delete_folder(storage.join(folder, "sub"))
    storage.delete_folder(storage.join(folder, "sub"))
    assert storage.stat(storage.join(folder, "sub/b")) is None


def test_what_is_not_there_is_not_found(place):
    storage, folder = place
    uri = storage.join(folder, "nothing")
    assert storage.stat(uri) is None
    with pytest.raises(NotFound):
        storage.read(uri)
    with pytest.raises(NotFound):
        read_all(storage.open(uri))


def test_a_bucket_that_is_not_there_is_named(bucket):
    with pytest.raises(NotFound, match="s3://no-such-bucket/x: no such bucket"):
        list(storage_for("s3://no-such-bucket").list("s3://no-such-bucket/x"))
    with pytest.raises(NotFound, match="no such bucket"):
        storage_for("s3://no-such-bucket").put("s3://no-such-bucket/x", b"")


def test_what_is_written_with_a_key_is_encrypted_by_it(bucket, s3):
    storage = storage_for(bucket, "alias/mine")
    storage.put(f"{bucket}/small", b"x")
    writer = storage.writer(f"{bucket}/large")
    writer.write(b"x" * (9 << 20))
    writer.commit()
    for key in ("small", "large"):
        head = s3.head_object(Bucket=bucket.removeprefix("s3://"), Key=key)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"].endswith("alias/mine")) == (
            "aws:kms",
            True,
        )


def test_errors_travel_between_processes():
    error = pickle.loads(pickle.dumps(NotFound("there", "gone")))
    assert (type(error), str(error)) == (NotFound, "there: gone")


class _Awkward(http.server.BaseHTTPRequestHandler):
    """A store that answers every range with 200 and the whole object, and breaks off the first
    answers half way.
    """

    data = bytes(range(200)) * 10_000
    broken = 0

    def do_GET(self):
        self.send_response(200)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(self.data)))
        self.end_headers()
        if type(self).broken:
            type(self).broken -= 1
            self.wfile.write(self.data[: len(self.data) // 2])
            self.close_connection = True
        else:
            self.wfile.write(self.data)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def awkward(monkeypatch):
    from bulkfhir.engine.storage.s3 import S3Storage

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Awkward)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name, value in (
        ("ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}"),
        ("ACCESS_KEY_ID", "x"),
        ("SECRET_ACCESS_KEY", "x"),
        ("DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    yield S3Storage()
    server.shutdown()
    server.server_close()


def test_a_store_that_ignores_ranges_is_read_rightly(awkward):
    assert (
        read_all(awkward.open("s3://bucket/key", 1_234_567, 1_300_000, etag='"one"'), 1 << 16)
        == _Awkward.data[1_234_567:]
    )


def test_a_connection_that_breaks_off_is_taken_up_again(awkward):
    _Awkward.broken = 2
    assert (
        read_all(awkward.open("s3://bucket/key", 0, None, etag='"one"'), 1 << 16) == _Awkward.data
    )


def test_a_store_that_forgets_the_condition_is_still_caught(awkward):
    with pytest.raises(Changed):
        read_all(awkward.open("s3://bucket/key", 0, None, etag='"other"'))


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/a/../b/", "/b/"),
        ("/a//b", "/a/b"),
        ("file:///a%20b/", "/a b/"),
        ("file://localhost/a", "/a"),
        ("s3://b", "s3://b/"),
        ("s3://b/k", "s3://b/k"),
        ("/", "/"),
    ],
)
def test_places_have_one_form(place, expected):
    assert normal(place) == expected


@pytest.mark.parametrize(
    "place", ["http://host/x", "gs://bucket/x", "s3:///key", "file://elsewhere/x"]
)
def test_places_that_nothing_serves_are_refused(place):
    with pytest.raises(ConfigurationError):
        normal(place)


def test_a_file_is_put_in_a_second_place_without_a_copy_where_there_is_such_a_thing(place):
    storage, folder = place
    uri, second = storage.join(folder, "a"), storage.join(folder, "deep/b")
    storage.put(uri, b"first")
    storage.put(second, b"earlier")
    on_a_disk = not folder.startswith("s3://")
    assert storage.link(uri, second, 5) is on_a_disk
    assert storage.link(uri, second, 5) is on_a_disk  # once more: it is there already
    assert storage.read(second) == (b"first" if on_a_disk else b"earlier")
    assert len(list(storage.list(folder + "/"))) == 2
    storage.put(uri, b"anew")
    assert storage.read(second) == (b"first" if on_a_disk else b"earlier")


@pytest.mark.parametrize("why", ["other bytes", "no file", "another file system"])
def test_what_cannot_be_linked_leaves_the_place_as_it_is(tmp_path, why, monkeypatch):
    storage, uri, second = storage_for(str(tmp_path)), str(tmp_path / "a"), str(tmp_path / "b/c")
    storage.put(second, b"earlier")
    if why != "no file":
        storage.put(uri, b"first")
    if why == "another file system":

        def refused(*_):
            raise OSError(errno.EXDEV, "another file system")

        monkeypatch.setattr(os, "link", refused)
    assert storage.link(uri, second, 6 if why == "other bytes" else 5) is False
    assert storage.read(second) == b"earlier"
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["c"]


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 5_000])
def test_large_pieces_of_a_file_end_where_a_line_does(tmp_path, size):
    path = tmp_path / "a"
    data = b"".join(b"x" * (number * 37 % 5_000) + b"\n" for number in range(2_000))
    data += b"y" * 3_000_000 + b"\nz"
    path.write_bytes(data)
    reader = storage_for(str(path)).open(str(path), 1_234)
    pieces = list(iter(lambda: reader.read(size), b""))
    assert b"".join(pieces) == data[1_234:]
    assert all(len(piece) == size or piece.endswith(b"\n") for piece in pieces[:-1])
    assert sum(piece.endswith(b"\n") for piece in pieces) >= 4
