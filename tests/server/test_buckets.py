"""S3 on a local folder: the same listings as S3, and nothing in a key leads outside."""

from __future__ import annotations

import pytest

from bulkfhir.engine.errors import AccessDenied, NotFound, StorageError
from bulkfhir.engine.storage.buckets import BucketFolders


@pytest.fixture
def place(tmp_path):
    (tmp_path / "root" / "bucket" / "a" / "b").mkdir(parents=True)
    (tmp_path / "root" / "bucket" / "a" / "one").write_bytes(b"1")
    (tmp_path / "root" / "bucket" / "a" / "b" / "two").write_bytes(b"22")
    (tmp_path / "root" / "bucket" / "ab").write_bytes(b"333")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    return tmp_path


@pytest.fixture
def buckets(place):
    return BucketFolders(str(place / "root"))


@pytest.mark.parametrize(
    ("folder", "keys"),
    [
        ("s3://bucket/", ["a/b/two", "a/one", "ab"]),
        ("s3://bucket/a", ["a/b/two", "a/one", "ab"]),
        ("s3://bucket/a/", ["a/b/two", "a/one"]),
        ("s3://bucket/a/b/t", ["a/b/two"]),
        ("s3://bucket/none/", []),
    ],
)
def test_listings_go_by_key_prefix(buckets, folder, keys):
    assert [entry.uri for entry in buckets.list(folder)] == [f"s3://bucket/{key}" for key in keys]


def test_a_bucket_that_is_not_there_is_said(buckets):
    with pytest.raises(NotFound, match="s3://none/x"):
        list(buckets.list("s3://none/x"))


def test_objects_are_written_whole_and_read_back(buckets, place):
    writer = buckets.writer("s3://bucket/new/deep/object")
    writer.write(b"part")
    assert buckets.stat("s3://bucket/new/deep/object") is None
    writer.commit()
    assert buckets.read("s3://bucket/new/deep/object") == b"part"
    assert (place / "root" / "bucket" / "new" / "deep" / "object").read_bytes() == b"part"
    entry = buckets.stat("s3://bucket/new/deep/object")
    assert (entry.uri, entry.size) == ("s3://bucket/new/deep/object", 4)
    buckets.delete_folder("s3://bucket/new/")
    assert buckets.stat("s3://bucket/new/deep/object") is None


@pytest.mark.parametrize(
    "key",
    ["../outside/secret", "a/../../outside/secret", "./ab", "a//one", "../../etc/passwd", "a/\0"],
)
def test_steps_that_lead_elsewhere_are_refused(buckets, place, key):
    uri = f"s3://bucket/{key}"
    for act in (
        buckets.stat,
        buckets.read,
        buckets.open,
        buckets.writer,
        buckets.delete,
        buckets.delete_folder,
        lambda uri: buckets.put(uri, b"x"),
    ):
        with pytest.raises(AccessDenied):
            act(uri)
    with pytest.raises(AccessDenied):
        list(buckets.list(f"{uri}/"))
    assert (place / "outside" / "secret").read_bytes() == b"secret"


@pytest.mark.parametrize("bucket", ["..", ".", ""])
def test_a_bucket_is_one_folder_below_the_root(buckets, bucket):
    with pytest.raises(StorageError):
        buckets.read(f"s3://{bucket}/outside/secret")


def test_links_out_of_the_root_are_not_followed(buckets, place):
    (place / "root" / "bucket" / "link").symlink_to(place / "outside")
    (place / "root" / "bucket" / "a" / "file").symlink_to(place / "outside" / "secret")
    (place / "root" / "bucket" / "inner").symlink_to(place / "root" / "bucket" / "ab")
    with pytest.raises(AccessDenied):
        buckets.read("s3://bucket/link/secret")
    with pytest.raises(AccessDenied):
        buckets.put("s3://bucket/link/new", b"x")
    with pytest.raises(AccessDenied):
        buckets.open("s3://bucket/a/file")
    assert "s3://bucket/a/file" not in [entry.uri for entry in buckets.list("s3://bucket/")]
    assert buckets.read("s3://bucket/inner") == b"333"
    assert not (place / "outside" / "new").exists()


def test_errors_name_the_address_and_not_the_disk(buckets, place):
    with pytest.raises(NotFound) as missing:
        buckets.read("s3://bucket/none")
    assert "s3://bucket/none" in str(missing.value)
    assert str(place) not in str(missing.value)
