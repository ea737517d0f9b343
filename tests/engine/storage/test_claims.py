"""Claims: one process holds a place, on a disk by a lock that ends with it, on S3 by a lease."""

from __future__ import annotations

import json
import multiprocessing
import platform
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bulkfhir.engine.errors import Held, StorageError
from bulkfhir.engine.process.process_identity import this_process
from bulkfhir.engine.storage import s3_lease, storage_for
from bulkfhir.engine.storage.buckets import BucketFolders
from bulkfhir.engine.storage.local import LocalStorage
from tests.engine.test_survival import wait_for

ELSEWHERE = "another-machine:12:345"

HOLDER = """
import sys, time
from bulkfhir.engine.process.process_identity import this_process
from bulkfhir.engine.storage import storage_for
claim = storage_for(sys.argv[1]).claim(sys.argv[1], this_process())
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(params=["disk", "bucket folders"])
def place(request, tmp_path):
    if request.param == "disk":
        return LocalStorage(), str(tmp_path / "job/.work/lock")
    (tmp_path / "bucket").mkdir()
    return BucketFolders(str(tmp_path)), "s3://bucket/job/.work/lock"


def test_a_place_is_held_once_and_nothing_stays_of_it(place, tmp_path):
    storage, uri = place
    before = sorted(tmp_path.rglob("*"))
    claim = storage.claim(uri, this_process())
    claim.confirm()
    with pytest.raises(Held, match=f"process .* of {platform.node()} runs it") as refused:
        storage.claim(uri, this_process(), take_over=True)
    assert refused.value.uri == uri
    claim.release()
    claim.release()
    assert sorted(tmp_path.rglob("*")) == before
    storage.claim(uri, this_process()).release()


def test_a_folder_that_holds_something_stays(tmp_path):
    uri = str(tmp_path / "job/.work/lock")
    claim = LocalStorage().claim(uri, this_process())
    plan = tmp_path / "job/.work/plan.json"
    plan.write_bytes(b"{}")
    claim.release()
    assert list(plan.parent.iterdir()) == [plan]


def held_by_another_process(uri):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, uri], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_lock_ends_with_its_process(tmp_path):
    uri = str(tmp_path / "lock")
    holder = held_by_another_process(uri)
    with pytest.raises(Held, match=f"process {holder.pid} of "):
        LocalStorage().claim(uri, this_process())
    holder.kill()
    holder.communicate()
    LocalStorage().claim(uri, this_process()).release()


def test_a_forked_child_does_not_keep_the_lock(tmp_path):
    uri = str(tmp_path / "lock")
    claim = LocalStorage().claim(uri, this_process())
    forks = multiprocessing.get_context("fork")
    begun = forks.Event()
    child = forks.Process(target=lambda: (begun.set(), time.sleep(60)))
    child.start()
    try:
        assert begun.wait(30)
        claim._close()  # as if this process had been killed
        LocalStorage().claim(uri, this_process()).release()
    finally:
        child.kill()
        child.join()


def test_a_lock_that_was_removed_is_noticed(tmp_path):
    uri = tmp_path / "lock"
    claim = LocalStorage().claim(str(uri), this_process())
    uri.unlink()
    with pytest.raises(Held, match="was removed while it ran"):
        claim.confirm()
    claim.release()


def test_a_folder_that_may_not_be_written_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="file/lock: "):
        LocalStorage().claim(str(tmp_path / "file/lock"), this_process())


class TestLease:
    @pytest.fixture
    def uri(self, bucket):
        return f"{bucket}/job/.work/lock"

    @pytest.fixture
    def claim(self, uri):
        made = []

        def of(owner=ELSEWHERE, **how):
            made.append(storage_for(uri).claim(uri, owner, **how))
            return made[-1]

        yield of
        for each in made:
            each.release()

    def said(self, uri):
        return json.loads(storage_for(uri).read(uri))

    def test_is_held_once_and_leaves_nothing(self, uri, claim, bucket, caplog):
        held = claim()
        held.confirm()
        with pytest.raises(Held, match=r"process 12 of another-machine runs it.* --take-over"):
            claim()
        held.release()
        assert list(storage_for(uri).list(bucket)) == []
        claim()
        assert "conditional writes" not in caplog.text

    def test_of_a_process_that_is_gone_is_taken_over_at_once(self, uri, claim):
        holder = held_by_another_process(uri)
        with pytest.raises(Held):
            claim()
        holder.kill()
        holder.communicate()
        claim().confirm()

    def test_lapses(self, uri, claim, monkeypatch):
        first = claim()
        first._ended.set()  # it is not renewed, as if its machine were gone
        with pytest.raises(Held):
            claim()
        now, later = s3_lease._clock, timedelta(seconds=s3_lease._SECONDS + 1)
        monkeypatch.setattr(s3_lease, "_clock", lambda answer: now(answer) + later)
        claim()
        with pytest.raises(Held, match="has taken the job over"):
            first.confirm()

    def test_is_renewed_as_long_as_it_is_held(self, uri, claim, s3, monkeypatch):
        def written():
            bucket, key = uri.removeprefix("s3://").split("/", 1)
            return s3.head_object(Bucket=bucket, Key=key)["LastModified"]

        monkeypatch.setattr(s3_lease, "_RENEWALS", s3_lease._SECONDS * 10)
        claim()
        first = written()
        wait_for(lambda: written() > first)
        with pytest.raises(Held):
            claim()

    def test_is_taken_over_when_that_is_asked_for(self, uri, claim):
        first = claim()
        second = claim(take_over=True)
        with pytest.raises(Held):
            first.confirm()
        assert first.lost == f"process {ELSEWHERE} has taken the job over"
        first.release()
        second.confirm()
        assert self.said(uri)["owner"] == ELSEWHERE

    def test_that_cannot_be_read_holds_until_it_lapses(self, uri, claim):
        storage_for(uri).put(uri, b"\0" * 20)
        with pytest.raises(Held):
            claim()
        claim(take_over=True)

    @pytest.mark.parametrize("store", ["ignores", "refuses"])
    def test_on_a_store_without_conditions_is_best_effort(
        self, uri, claim, monkeypatch, caplog, store
    ):
        put = s3_lease.Lease._put

        def plain(self, condition):
            if condition and store == "refuses":
                raise s3_lease._NoConditions
            return put(self, {})

        monkeypatch.setattr(s3_lease.Lease, "_put", plain)
        first = claim()
        assert "does not know conditional writes" in caplog.text
        first.confirm()
        with pytest.raises(Held):
            claim()
        claim(take_over=True)
        with pytest.raises(Held):
            first.confirm()


def test_the_file_says_whose_it_is(tmp_path):
    uri = tmp_path / "lock"
    claim = LocalStorage().claim(str(uri), this_process())
    assert Path(uri).read_text() == this_process()
    claim.release()
