"""Parts of an upload: an object of any size fits into 10,000 parts of 5 MiB to 5 GiB, in a store
that takes nothing else and counts bytes only, so that terabytes can be written to it.
"""

from __future__ import annotations

import pytest

from bulkfhir.engine.storage.s3_writer import S3Writer

MIB, GIB, TB = 1 << 20, 1 << 30, 10**12


class Store:
    """S3's limits of a multipart upload (the table "Amazon S3 multipart upload limits")."""

    sends_checksums = False

    def __init__(self):
        self.parts, self.size, self.completed = [], 0, False

    def call(self, _uri, act):
        return act(self)

    def create_multipart_upload(self, **_):
        return {"UploadId": "u"}

    def upload_part(self, PartNumber, Body, **_):  # noqa: N803 as boto3 calls them
        assert PartNumber == len(self.parts) + 1 <= 10_000
        assert len(Body) <= 5 * GIB
        self.parts.append(len(Body))
        return {"ETag": "e"}

    def complete_multipart_upload(self, **_):
        assert all(size >= 5 * MIB for size in self.parts[:-1])
        assert sum(self.parts) <= 5 * 1024 * GIB
        self.completed = True


class Zeros(bytes):
    """Bytes of which only the length is there: a slice is another length."""

    def __new__(cls, size):
        made = super().__new__(cls)
        made.size = size
        return made

    def __len__(self):
        return self.size


class CountingWriter(S3Writer):
    """The project's writer, with bytes that are only counted."""

    def write_zeros(self, size):
        """Write so many bytes, in pieces as large as a part."""
        while size:
            part = min(size, self._part_size())
            if part < self._part_size():
                self._held, self._size = [Zeros(part)], part
                return
            self._send(Zeros(part))
            size -= part


def written(size, expected):
    store = Store()
    writer = CountingWriter(store, "s3://b/k", {}, size=expected)
    writer.write_zeros(size)
    if writer._size:
        writer._send(Zeros(writer._size))
    writer._complete(writer._upload)
    assert (store.completed, sum(store.parts)) == (True, size)
    return store.parts


@pytest.mark.parametrize("error", [1.0, 1.125])
@pytest.mark.parametrize("size", [10**9, 62 * GIB, 540 * 10**9, 5 * TB])
def test_parts_are_of_one_size_where_it_is_known_about(size, error):
    parts = written(size, int(size * error))
    assert len(set(parts[:-1])) == 1
    assert parts[-1] <= parts[0]


def test_the_log_of_a_file_of_5_tb_has_parts_of_68_mb():
    parts = written(540 * 10**9, 540 * 10**9)
    assert (len(parts), parts[0]) == (8_000, 67_500_000)


@pytest.mark.parametrize("expected", [0, 0.5, 0.9], ids=["unknown", "half", "nearly"])
@pytest.mark.parametrize("size", [10**9, 62 * GIB, 540 * 10**9, 5 * TB])
def test_parts_grow_where_more_comes_than_was_known(size, expected):
    parts = written(size, int(size * expected) or None)
    assert parts[:-1] == sorted(parts[:-1])


def test_pieces_of_any_length_become_the_same_object(monkeypatch):
    monkeypatch.setattr("bulkfhir.engine.storage.uploads.LEAST_PART", 100)
    for lengths in ([1] * 1_234, [1_234], [99, 1, 100, 101, 933], [0, 350, 884]):
        store, sent = Store(), []
        store.upload_part = lambda sent=sent, **of: sent.append(of["Body"]) or {"ETag": "e"}
        store.complete_multipart_upload = lambda **_: None
        data = bytes(number % 251 for number in range(sum(lengths)))
        writer, at = S3Writer(store, "s3://b/k", {}), 0
        for length in lengths:
            writer.write(data[at : at + length])
            at += length
        writer.commit()
        assert b"".join(sent) == data
        assert {len(part) for part in sent[:-1]} == {100}
