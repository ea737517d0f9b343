"""Roles that may less than everything: a job says so before it begins, and can do with what
HealthLake documents.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bulkfhir.engine import ConfigurationError, JobStatus, import_job
from bulkfhir.engine.cli.program import run
from bulkfhir.engine.errors import AccessDenied
from bulkfhir.engine.job.access import policy

JOB = "b" * 32
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"
LINES = b"".join(b'{"resourceType":"Patient","id":"p%d"}\n' % number for number in range(300))
OPTIONS = {"workers": 1, "job_id": JOB, "level": "structure-only", "shard_bytes": 4000}
LIST = "s3:ListBucket"
PUBLISHED = ["Manifest.json", "SUCCESS/a.ndjson"]


pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def client(bucket, s3_server):
    """A client that goes past the store that denies."""
    import boto3

    made = boto3.session.Session().client("s3", endpoint_url=s3_server)
    made.put_object(Bucket=bucket, Key="in/a.ndjson", Body=LINES)
    return made


@pytest.fixture
def left(client, bucket):
    """Lists what lies below a prefix, without the prefix."""

    def names(prefix):
        listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ())
        return [entry["Key"].removeprefix(prefix) for entry in listed]

    return names


@pytest.fixture
def deny(store, bucket):
    """Denies the role some actions below a prefix, until the test ends."""

    def refuse(prefix, *actions):
        def asks(said, path):
            key, _, query = path.partition("?")
            if key == f"/{bucket}":
                listing = "list-type" in query and f"prefix={prefix}%2F" in query
                return ("list" in actions and listing) or (
                    "delete-many" in actions and said == "POST" and "delete" in query
                )
            below = key.startswith(f"/{bucket}/{prefix}/")
            return below and {"HEAD": "get"}.get(said, said.lower()) in actions

        return store.fail(matches=asks, times=10_000, status=403, code="AccessDenied")

    return refuse


DOC = (Path(__file__).parents[2] / "docs/permissions.md").read_text(encoding="utf-8")


def places(bucket):
    return f"s3://{bucket}/in/", f"s3://{bucket}/out/"


def policy_in(text):
    """The statements of the policy that a message holds."""
    return json.JSONDecoder().raw_decode(text[text.index("[{") :])[0]


def test_a_message_asks_for_what_the_documentation_has(tmp_path):
    documented = [
        json.loads(text)["Statement"] for text in re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)
    ]
    work = ("s3:PutObject", "s3:GetObject", "s3:DeleteObject", LIST)
    assert json.loads(policy("s3://WORK/", work)) == documented[3]
    assert json.loads(policy("s3://OUTPUT/", ("s3:PutObject", LIST))) == documented[2]
    assert json.loads(policy("s3://INPUT/", ("s3:GetObject", LIST))) == documented[0]


@pytest.mark.parametrize(
    ("denied", "lacks"),
    [
        (("get",), "s3:GetObject"),
        (("get", "delete"), "s3:GetObject"),
        (("list",), None),
    ],
    ids=["get", "get-and-delete", "list"],
)
def test_what_a_job_cannot_do_without_is_said_before_it_begins(
    store, bucket, client, deny, left, denied, lacks
):
    deny("out", *denied)
    with pytest.raises(AccessDenied) as refused:
        import_job(*places(bucket), **OPTIONS)
    message = str(refused.value)
    if lacks:
        assert f"the job lacks {lacks} here; it needs " in message
        assert policy_in(message) == [
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
                "Resource": f"arn:aws:s3:::{bucket}/out/{FOLDER}/.work/*",
            },
            {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": f"arn:aws:s3:::{bucket}"},
        ]
        assert message.endswith(
            "--work-folder name another place: the output then needs no more than s3:PutObject"
        )
    assert not [path for said, path, _ in store.requests if said == "GET" and "/in/a" in path]


def test_an_output_that_nobody_may_write_is_said_with_its_policy(bucket, client, deny):
    deny("out", "put")
    with pytest.raises(AccessDenied, match="the job lacks s3:PutObject here") as refused:
        import_job(*places(bucket), **OPTIONS)
    assert policy_in(str(refused.value)) == [
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject"],
            "Resource": f"arn:aws:s3:::{bucket}/out/*",
        }
    ]


def test_the_command_ends_with_2_for_a_role_that_may_not(bucket, client, deny, capsys):
    deny("out", "get")
    source, out = places(bucket)
    assert run(["import", source, "-o", out, "--workers", "1"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"bulkfhir: {out}")


def test_a_role_that_may_not_delete_is_warned_and_the_job_ends(bucket, client, deny, left, caplog):
    deny("out", "delete", "delete-many")
    result = import_job(*places(bucket), sink="ndjson", **OPTIONS)
    assert result.status is JobStatus.COMPLETED
    assert f"{FOLDER}/.work will stay when the job is done: access denied" in caplog.text
    assert "the sink cannot take back the lines of a file" in caplog.text
    assert f"{FOLDER}/.work stays, and may be deleted: " in caplog.text
    published = [name.removeprefix(f"{FOLDER}/") for name in left("out/")]
    assert {name for name in published if not name.startswith(".work/")} == {
        ".healthlake_write_access_check_file.temp",
        "resources/Patient/part-000000.ndjson",
        "resources/Patient/part-000001.ndjson",
        "resources/Patient/part-000002.ndjson",
        *PUBLISHED,
    }


@pytest.mark.parametrize("place", ["a folder", "another prefix"])
@pytest.mark.parametrize("denied", [("get", "delete"), ("get", "delete", "list")])
def test_an_output_needs_put_alone_where_the_work_lies_elsewhere(
    store, bucket, client, deny, left, tmp_path, place, denied, caplog
):
    deny("out", *denied)
    work = str(tmp_path / "work") if place == "a folder" else f"s3://{bucket}/work"
    source, out = places(bucket)
    with_work = {**OPTIONS, "work_folder": work}
    outage = store.fail(
        matches=lambda said, path: said == "PUT" and "/SUCCESS/" in path,
        times=10_000,
        status=503,
        code="SlowDown",
    )
    broken = import_job(source, out, **with_work)
    assert broken.status is JobStatus.FAILED
    assert "nothing is published and nothing is lost" in broken.message
    store.faults.remove(outage)
    resumed = import_job(source, out, resume=True, **with_work)
    assert (resumed.status, resumed.manifest.resources_imported) == (JobStatus.COMPLETED, 300)
    asked = {said for said, path, _ in store.requests if path.startswith(f"/{bucket}/out/{FOLDER}")}
    assert asked == {"PUT"}
    assert [name.removeprefix(f"{FOLDER}/") for name in left("out/")] == [
        ".healthlake_write_access_check_file.temp",
        *PUBLISHED,
    ]
    assert left("work/") == []
    assert not list((tmp_path / "work").glob("*"))
    assert ("whether this job folder exists already" in caplog.text) == ("list" in denied)


def test_a_work_folder_belongs_to_one_job(store, bucket, client, tmp_path):
    source, out = places(bucket)
    with_work = {**OPTIONS, "work_folder": tmp_path}
    store.fail(
        matches=lambda said, path: said == "PUT" and "Manifest" in path,
        times=10_000,
        status=503,
        code="SlowDown",
    )
    assert import_job(source, out, **with_work).status is JobStatus.FAILED
    with pytest.raises(ConfigurationError, match="work folder exists already"):
        import_job(source, out, **with_work)
    with pytest.raises(ConfigurationError, match="this job was begun with job folder"):
        import_job(source, f"s3://{bucket}/other/", resume=True, **with_work)
    with pytest.raises(ConfigurationError, match="name the work folder that the job was begun wi"):
        import_job(source, out, resume=True, **OPTIONS)
    store.faults.clear()
    assert import_job(source, out, resume=True, **with_work).status is JobStatus.COMPLETED
    with pytest.raises(ConfigurationError, match="it is complete"):
        import_job(source, out, resume=True, **with_work)


def test_a_work_folder_of_this_machine_serves_a_job_of_this_machine(tmp_path):
    (tmp_path / "a.ndjson").write_bytes(LINES)
    out, work = tmp_path / "out", tmp_path / "work"
    result = import_job(tmp_path / "a.ndjson", out, work_folder=work, **OPTIONS)
    assert result.status is JobStatus.COMPLETED
    assert sorted(path.name for path in (out / FOLDER).iterdir()) == ["Manifest.json", "SUCCESS"]
    assert list(work.iterdir()) == []
