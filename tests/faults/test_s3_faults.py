"""Stores that fail for a while, or for good: nothing is lost, and nobody is blamed wrongly."""

from __future__ import annotations

import random
import time

import pytest

from bulkfhir.engine.cli.program import run
from bulkfhir.engine.errors import (
    AccessDenied,
    Changed,
    ConfigurationError,
    NotFound,
    Unavailable,
)
from bulkfhir.engine.storage import patience, s3
from bulkfhir.engine.storage.s3 import S3Storage

DATA = random.Random(7).randbytes(300_000)
PASSING = {
    "slow-down": {"status": 503, "code": "SlowDown"},
    "internal-error": {"status": 500, "code": "InternalError"},
    "request-timeout": {"status": 400, "code": "RequestTimeout"},
    "clock-skew": {"status": 403, "code": "RequestTimeTooSkewed"},
    "expired-token": {"status": 400, "code": "ExpiredToken"},
    "reset": {"reset": True},
    "answer-lost": {"lost": True},
}

EXPECTED = {"HEAD": 1, "DELETE": 2, "POST": 2}
"""How often each kind of request fails, where it is not five times: a HEAD is asked once."""


pytestmark = pytest.mark.usefixtures("hurried")


def method(name):
    return lambda said, path: said == name and "?list-type" not in path


def read_all(storage, uri, etag=None):
    reader = storage.open(uri, 0, None, etag=etag)
    pieces = []
    while piece := reader.read(1 << 18):
        pieces.append(piece)
    reader.close()
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [("GET", fault) for fault in PASSING]
    + [
        (asked, fault)
        for asked in ("PUT", "HEAD", "DELETE", "POST")
        for fault in ("slow-down", "expired-token", "answer-lost")
    ],
)
def test_a_store_that_recovers_costs_only_time(store, bucket, fault, asked):
    storage = S3Storage(patience=20)
    uri = f"s3://{bucket}/folder/a"
    happened = store.fail(
        matches=lambda said, path: said == asked, times=EXPECTED.get(asked, 5), **PASSING[fault]
    )
    storage.put(uri, DATA)
    storage.put(f"{uri}-second", b"")
    assert storage.stat(uri).size == len(DATA)
    assert read_all(storage, uri) == DATA
    assert [entry.uri for entry in storage.list(f"s3://{bucket}/")] == [uri, f"{uri}-second"]
    storage.delete(uri)
    storage.delete_folder(f"s3://{bucket}/folder")
    assert list(storage.list(f"s3://{bucket}/")) == []
    assert happened.happened == EXPECTED.get(asked, 5)


@pytest.mark.parametrize("fault", ["slow-down", "reset", "answer-lost"])
@pytest.mark.parametrize("asked", ["PUT", "POST"])
def test_a_large_object_is_whole_after_faults_in_the_middle(store, bucket, fault, asked):
    storage = S3Storage(patience=20)
    uri = f"s3://{bucket}/large"
    writer = storage.writer(uri)
    writer.write(DATA * 20)
    happened = store.fail(matches=lambda said, path: said == asked, times=3, **PASSING[fault])
    writer.write(DATA * 40)
    writer.commit()
    assert read_all(storage, uri) == DATA * 60
    assert happened.happened == 3


@pytest.mark.parametrize("fault", ["slow-down", "reset", "answer-lost"])
@pytest.mark.parametrize("asked", ["PUT", "POST"])
def test_an_object_that_several_write_is_whole_after_faults(store, bucket, fault, asked):
    storage, others = S3Storage(patience=20), [S3Storage(patience=20) for _ in range(2)]
    uri, data = f"s3://{bucket}/large", DATA * 60
    happened = store.fail(matches=lambda said, path: said == asked, times=2, **PASSING[fault])
    upload = storage.begin_upload(uri, None, len(data))
    parts = {}
    for number in [*reversed(upload.numbers()), 1]:  # a part that was written twice is one
        begin = (number - 1) * upload.part
        part = data[begin : begin + upload.length_of(number)]
        writer = others[number % 2].part_writer(upload, number)
        writer.write(part)
        parts[number] = writer.commit()
    assert storage.stat(uri) is None
    storage.complete_upload(upload, [parts[number] for number in upload.numbers()])
    assert read_all(storage, uri) == data
    assert happened.happened == 2


@pytest.mark.parametrize("cut", [0, 1, 100_000])
def test_an_answer_that_breaks_off_goes_on_where_it_broke(store, bucket, cut):
    storage = S3Storage(patience=20)
    uri = f"s3://{bucket}/a"
    storage.put(uri, DATA)
    store.fail(matches=method("GET"), times=5, cut=cut)
    assert read_all(storage, uri, storage.stat(uri).etag) == DATA


def test_a_store_that_stays_away_is_given_up_with_a_sentence(store, bucket, caplog):
    storage = S3Storage(patience=0.3)
    uri = f"s3://{bucket}/a"
    storage.put(uri, b"x")
    store.fail(matches=method("GET"), times=10_000, status=503, code="SlowDown")
    began = time.monotonic()
    with pytest.raises(Unavailable, match="SlowDown: on purpose"):
        storage.read(uri)
    assert 0.3 <= time.monotonic() - began < 30
    assert f"{uri}: SlowDown: on purpose: trying again for up to 0 seconds" in caplog.text


def test_what_is_denied_is_asked_once_more_with_fresh_credentials(store, bucket, monkeypatch):
    storage = S3Storage(patience=20)
    uri = f"s3://{bucket}/a"
    storage.put(uri, b"x")
    denied = store.fail(matches=method("GET"), times=1, status=403, code="AccessDenied")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "exchanged")
    store.requests.clear()
    assert storage.read(uri) == b"x"
    signed = [headers["Authorization"] for *_, headers in store.requests]
    keys = [said.partition("Credential=")[2].partition("/")[0] for said in signed]
    assert (denied.happened, keys) == (1, ["test", "exchanged"])
    store.fail(matches=method("GET"), times=2, status=403, code="AccessDenied")
    with pytest.raises(AccessDenied):
        storage.read(uri)


def test_an_object_that_is_gone_is_not_waited_for(store, bucket):
    storage = S3Storage(patience=60)
    began = time.monotonic()
    with pytest.raises(NotFound):
        storage.read(f"s3://{bucket}/none")
    assert time.monotonic() - began < 30


def test_a_changed_object_is_noticed_by_a_store_that_ignores_if_match(store, bucket):
    storage = S3Storage(patience=20)
    uri = f"s3://{bucket}/a"
    storage.put(uri, b"one")
    with pytest.raises(Changed):
        read_all(storage, uri, 'W/"0123456789"')  # weak: no condition is sent


def test_a_listing_without_etags_pins_by_the_time_of_the_last_change(store, bucket):
    storage = S3Storage(patience=20)
    uri = f"s3://{bucket}/a"
    storage.put(uri, DATA)
    store.fail(matches=method("HEAD"), times=1, without=("etag",))
    entry = storage.stat(uri)
    assert entry.etag.startswith("modified ")
    assert read_all(storage, uri, entry.etag) == DATA
    with pytest.raises(Changed):
        read_all(storage, uri, "modified 1970-01-01 00:00:00+00:00")


@pytest.mark.parametrize("changed", [False, True], ids=["same", "changed"])
def test_a_store_that_lists_no_etag_and_fractions_of_seconds_is_read(store, bucket, changed):
    storage = S3Storage(patience=20)
    uri = f"s3://{bucket}/a"
    storage.put(uri, DATA)
    written = rb"<ETag>.*?</ETag>|(?<=:\d\d)(\.\d+)?Z(?=</LastModified>)"
    store.fail(
        matches=lambda said, path: "list-type" in path,
        rewrite=(written, lambda found: b"" if b"ETag" in found[0] else b".345Z"),
    )
    (entry,) = storage.list(f"s3://{bucket}/")
    assert entry.etag.startswith("modified 20")
    if changed:
        time.sleep(1.1)
        storage.put(uri, DATA)
        with pytest.raises(Changed):
            read_all(storage, uri, entry.etag)
    else:
        assert read_all(storage, uri, entry.etag) == DATA


@pytest.mark.parametrize("data", [DATA, b""], ids=["some", "empty"])
def test_an_object_whose_head_is_refused_is_known_by_its_first_byte(store, bucket, data):
    storage = S3Storage(patience=20)
    uri = f"s3://{bucket}/a"
    storage.put(uri, data)
    known = storage.stat(uri)
    store.fail(matches=lambda said, path: said == "HEAD", times=99, status=403)
    store.requests.clear()
    assert storage.stat(uri) == known
    ranges = [headers.get("Range") for said, _, headers in store.requests if said == "GET"]
    assert ranges == (["bytes=0-0"] if data else ["bytes=0-0", None])
    assert storage.stat(f"{uri}-absent") is None


def test_an_etag_is_the_same_with_and_without_quotes(store, bucket):
    storage = S3Storage(patience=20)
    uri = f"s3://{bucket}/a"
    storage.put(uri, DATA)
    assert read_all(storage, uri, storage.stat(uri).etag.strip('"')) == DATA


def test_parts_of_an_upload_are_of_one_size_but_the_last(store, bucket):
    storage = S3Storage(patience=20)
    writer = storage.writer(f"s3://{bucket}/large")
    for size in (1, 5 << 20, 17 << 20, 3, 1 << 20):
        writer.write(b"x" * size)
    writer.commit()
    sizes = [
        int(headers["Content-Length"])
        for said, path, headers in store.requests
        if said == "PUT" and "partNumber" in path
    ]
    assert sizes == [8 << 20, 8 << 20, (23 << 20) + 4 - (16 << 20)]


def test_a_checksum_is_a_header_unless_the_user_wants_none(store, bucket, monkeypatch):
    S3Storage().put(f"s3://{bucket}/a", b"x")
    assert {name.lower() for name in store.requests[-1][2]} >= {"x-amz-checksum-crc32"}
    assert "x-amz-trailer" not in {name.lower() for name in store.requests[-1][2]}
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    S3Storage().put(f"s3://{bucket}/a", b"x")
    assert "x-amz-checksum-crc32" not in {name.lower() for name in store.requests[-1][2]}


def test_a_store_that_knows_no_checksums_is_told_apart(store, bucket):
    store.fail(matches=method("PUT"), times=1, status=411, code="MissingContentLength")
    with pytest.raises(Exception, match="AWS_REQUEST_CHECKSUM_CALCULATION=when_required"):
        S3Storage().put(f"s3://{bucket}/a", b"x")


@pytest.mark.https
def test_over_https_nothing_is_sent_behind_the_data(store, bucket):
    """What RGW 16 refuses; botocore does so by default, but only over HTTPS."""
    storage, uri = S3Storage(patience=20), f"s3://{bucket}/large"
    storage.put(f"{uri}-not", DATA)
    writer = storage.writer(uri)
    writer.write(DATA * 60)
    writer.commit()
    claim = storage.claim(f"{uri}-lock", "machine:1:1")
    claim.release()
    assert read_all(storage, uri) == DATA * 60
    storage.delete_folder(f"s3://{bucket}")
    names = [{name.lower() for name in headers} for _, _, headers in store.requests]
    assert not [sent for sent in names if sent & {"x-amz-trailer", "transfer-encoding"}]
    begun = [headers for said, path, headers in store.requests if path.endswith("large?uploads")]
    assert [headers["x-amz-checksum-algorithm"] for headers in begun] == ["CRC32"]


@pytest.mark.parametrize(
    ("status", "code", "ends"),
    [
        (403, "InvalidAccessKeyId", 2),
        (403, "SignatureDoesNotMatch", 2),
        (400, "AuthorizationHeaderMalformed", 2),
        (403, "RequestTimeTooSkewed", 2),
        (400, "ExpiredToken", 2),
        (503, "SlowDown", 3),
        (418, "", 3),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_setting_is_the_users_a_busy_store_is_not(
    store, bucket, monkeypatch, capsys, status, code, ends
):
    monkeypatch.setenv(patience.RETRY_SECONDS, "0")
    store.fail(matches=lambda said, path: said == "GET", times=99, status=status, code=code)
    assert run(["validate", f"s3://{bucket}/in/", "--workers", "1"]) == ends
    (said,) = capsys.readouterr().err.splitlines()
    assert (code or "418") in said
    assert "None" not in said


def test_versions_of_what_is_deleted_go_too(store, behind, bucket):
    behind.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    storage = S3Storage()
    for text in (b"1", b"2"):
        storage.put(f"s3://{bucket}/job/.work/plan.json", text)
    storage.delete(f"s3://{bucket}/job/.work/plan.json")
    storage.put(f"s3://{bucket}/job/Manifest.json", b"{}")
    storage.delete_folder(f"s3://{bucket}/job/.work")
    left = behind.list_object_versions(Bucket=bucket)
    assert [entry["Key"] for entry in left["Versions"]] == ["job/Manifest.json"]
    assert "DeleteMarkers" not in left


def test_versions_that_stay_are_said(store, behind, bucket, caplog):
    behind.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    storage = S3Storage()
    storage.put(f"s3://{bucket}/job/.work/plan.json", b"1")
    store.fail(
        matches=lambda said, path: "versions" in path, times=2, status=403, code="AccessDenied"
    )
    storage.delete_folder(f"s3://{bucket}/job/.work")
    assert "earlier versions of what is deleted here stay: access denied" in caplog.text


def test_versions_that_may_not_be_deleted_are_said_and_the_rest_goes(store, behind, bucket, caplog):
    behind.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    storage = S3Storage()
    storage.put(f"s3://{bucket}/job/.work/plan.json", b"1")
    store.fail(
        matches=lambda said, path: said == "POST" or "versionId" in path,
        times=4,  # all at once and one by one, each asked again with fresh credentials
        status=403,
        code="AccessDenied",
    )
    storage.delete_folder(f"s3://{bucket}/job/.work")
    stays = "stay: job/.work/plan.json could not be deleted: access denied"
    assert f"earlier versions of what is deleted here {stays}" in caplog.text
    assert list(storage.list(f"s3://{bucket}/job/")) == []


ERRORS = b"".join(
    b"<Error><Key>job/.work/%d.json</Key><Code>AccessDenied</Code></Error>" % number
    for number in range(3)
)
"""Of an answer to the request that deletes several objects: each is refused."""


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 403, "code": "AccessDenied"},
        {"status": 200, "body": b"<DeleteResult>" + ERRORS + b"</DeleteResult>"},
    ],
    ids=["the request", "each object"],
)
def test_a_store_that_deletes_only_one_object_at_a_time_is_asked_so(store, bucket, refusal):
    storage = S3Storage()
    for number in range(3):
        storage.put(f"s3://{bucket}/job/.work/{number}.json", b"{}")
    refused = store.fail(matches=lambda said, path: "?delete" in path, times=99, **refusal)
    storage.delete_folder(f"s3://{bucket}/job/.work")
    assert refused.happened
    assert list(storage.list(f"s3://{bucket}/job/")) == []


def test_uploads_of_another_job_are_left_alone(store, bucket):
    storage = S3Storage()
    writer = storage.writer(f"s3://{bucket}/job-2/large")
    writer.write(DATA * 60)
    storage.sweep(f"s3://{bucket}/job")
    writer.commit()
    assert storage.stat(f"s3://{bucket}/job-2/large").size == 60 * len(DATA)


REFUSED = {
    "unknown-profile": {"AWS_PROFILE": "nobody"},
    "endpoint-without-scheme": {"AWS_ENDPOINT_URL_S3": "no scheme"},
    "region-with-blanks": {"AWS_DEFAULT_REGION": "not a region"},
    "retry-mode": {"AWS_RETRY_MODE": "sometimes"},
    "attempts": {"AWS_MAX_ATTEMPTS": "many"},
}


@pytest.mark.parametrize("settings", REFUSED.values(), ids=REFUSED)
def test_settings_that_boto3_refuses_are_one_sentence(store, bucket, monkeypatch, settings):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises((ConfigurationError, AccessDenied), match="AWS settings"):
        S3Storage(patience=1).read(f"s3://{bucket}/a")


def test_a_config_file_that_cannot_be_read_is_one_sentence(store, bucket, monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[default\nregion = x\n=")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises((ConfigurationError, AccessDenied), match="AWS settings"):
        S3Storage(patience=1).read(f"s3://{bucket}/a")


@pytest.mark.parametrize("place", ["environment", "profile"])
def test_a_web_identity_without_its_token_is_one_sentence(
    store, bucket, monkeypatch, tmp_path, place
):
    role, token = "arn:aws:iam::123456789012:role/r", str(tmp_path / "no-token")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    if place == "environment":
        monkeypatch.setenv("AWS_ROLE_ARN", role)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token)
    else:
        lines = f"[default]\nrole_arn = {role}\nweb_identity_token_file = {token}\n"
        (tmp_path / "config").write_text(lines)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(ConfigurationError, match=r"AWS settings cannot be used: .*no-token"):
        S3Storage(patience=1).read(f"s3://{bucket}/a")


@pytest.mark.parametrize("listed", [7, 25, 100_000])
def test_pages_of_a_listing_that_break_are_asked_for_again(store, bucket, monkeypatch, listed):
    monkeypatch.setattr(s3, "_AT_ONCE", 10)
    monkeypatch.setattr(s3, "_LISTED", listed)
    storage = S3Storage(patience=20)
    names = [f"s3://{bucket}/many/{number:04d}" for number in range(25)]
    for name in names:
        storage.put(name, b"")
    store.fail(matches=lambda said, path: "list-type" in path, times=3, status=503, code="SlowDown")
    assert [entry.uri for entry in storage.list(f"s3://{bucket}/many/")] == names
    storage.delete_folder(f"s3://{bucket}/many", keep=("0003", "0024"))
    kept = [entry.uri.rpartition("/")[2] for entry in storage.list(f"s3://{bucket}/many/")]
    assert kept == ["0003", "0024"]
    storage.delete_folder(f"s3://{bucket}/many")
    assert list(storage.list(f"s3://{bucket}/many/")) == []
