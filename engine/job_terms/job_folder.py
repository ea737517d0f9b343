"""The folder of an import job: its name, and the names of what lies in it while the job runs.

<output>/<data store>-FHIR_IMPORT-<job>/.work/plan.json       what the job does
                                             /000012.json     the group of shards from 12 on is
                                                              finished: the counts of each
                                             /000012.SUCCESS  its part of that log
                                             /000012.keys     the keys of what it accepted
                                             /000012.run      the keys of a row of groups
                                             /000012.causes   its findings, grouped
                                             /000012.relations  what that says of others
                                             /tasks/…         a plan of many shards, in pieces
                                             /live/…          what tasks on an engine have come to

On S3 all that is of a group lies one folder deeper: .work/3f/000012.json.

A work folder that the user chose elsewhere is <place>/<data store>-FHIR_IMPORT-<job>.work.
"""

from __future__ import annotations

import zlib

from ..storage import Storage, storage_for

__all__ = [
    "ACCESS_CHECK",
    "CAUSES",
    "CHECKS_TABLE",
    "FINDINGS",
    "JOB_FOLDER_MARK",
    "KEYS",
    "LOCK",
    "MANIFEST",
    "PLAN",
    "RECORD",
    "RELATIONS",
    "REPORT_JSON",
    "REPORT_PAGE",
    "WORK",
    "folder_of_job_file",
    "job_file",
    "job_folder_name",
    "part_uri",
    "work_folder_of",
]

JOB_FOLDER_MARK = "-FHIR_IMPORT-"
"""HealthLake puts it between the ids of the data store and of the job."""

ACCESS_CHECK = ".healthlake_write_access_check_file.temp"
"""HealthLake writes this file into an output folder to see whether it may."""

MANIFEST = "Manifest.json"
"""File of the job's folder that is written last: the job is complete."""

REPORT_PAGE = "report.html"
REPORT_JSON = "report.json"
"""Files of the job's folder that say what was found, for a person and for a program, where a report
was asked for. They hold times, and are no part of what two runs have alike.
"""

WORK = ".work"
"""Folder for parts and the checkpoint, or the end of its name. It is removed once the Manifest is
written.
"""

JOB_FILE = "job.json"
"""File of the job's folder by which the processes of an array scheduler find an array job."""

LOCK = "lock"
"""File of the work folder by which one process holds the job: a lock, or a lease on S3."""

PLAN = "plan.json"
"""File of the work folder that says what the job does."""

RECORD = "json"
"""File of a group that is finished: the counts of its shards."""

KEYS = "keys"
"""Part of an import: the keys of the accepted lines."""

RELATIONS = "relations"
"""Part of a job with checks: what its resources say of others."""

CHECKS_TABLE = "checks.parquet"
"""File of the job's folder: the findings of the checks over the whole job."""

FINDINGS = "findings"
"""Part of a validation: the verdicts that have issues."""

CAUSES = "causes"
"""Part of an import or a validation: its findings, grouped by what was found."""


def job_folder_name(datastore_id: str, job_id: str) -> str:
    """Return the name of a job's folder below the output folder."""
    return f"{datastore_id}{JOB_FOLDER_MARK}{job_id}"


def work_folder_of(job_folder: str, place: str | None) -> str:
    """Return the work folder of a job: in the job's own, or in a place of the user's choice, which
    jobs may share.
    """
    if place is None:
        return storage_for(job_folder).join(job_folder, WORK)
    return storage_for(place).join(place, job_folder.rpartition("/")[2] + WORK)


def job_file(job_folder: str) -> str:
    """Return where the ``job.json`` of an array job lies."""
    return storage_for(job_folder).join(job_folder, JOB_FILE)


def folder_of_job_file(uri: str) -> str:
    """Return the job's folder, given where its ``job.json`` lies."""
    return uri.rpartition("/")[0]


def part_uri(
    storage: Storage, work_folder: str, index: int, name: str, *, spread: bool = False
) -> str:
    """Return where the part ``name`` of the group lies whose first shard is ``index``.

    It depends on these alone, so that a group that is run again replaces what it left before.

    spread   below one of 256 prefixes: a store of objects serves thousands of requests a second of
             each
    """
    place = f"{index:06d}.{name}"
    if spread:
        place = f"{zlib.crc32(b'%d' % index) & 0xFF:02x}/{place}"
    return storage.join(work_folder, place)
