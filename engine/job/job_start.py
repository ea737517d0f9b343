"""Job start: what is asked for becomes a plan, which one process holds from then on."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import AccessDenied, ConfigurationError, EngineError
from ..executors import default_workers
from ..job_terms.job_choices import Choices, ReportWish
from ..job_terms.job_folder import job_folder_name
from ..job_terms.settings import Settings
from ..process.temporary import sweep_temporary
from ..reading.limits import over_limits
from ..reading.sources import InputFile, Listing, SourceLike, find_inputs, source_uri
from ..reading.spool import Spool
from ..sharding.checkpoint import Checkpoint
from ..sharding.plan import Plan
from ..sharding.shard import group_sizes, shard_sizes
from ..sharding.shard_groups import plan_groups
from ..sharding.shard_list import plan_shards
from ..storage import Claim, is_remote, normal, storage_for
from ..stored_tables import check_tables
from ..writing.parts import open_sink
from .access import Access
from .job_run import JobRun
from .refusals import refuse_unusable

__all__ = ["JobId", "Sizes", "StartedJob", "started_job"]

_Answer = TypeVar("_Answer")

_ID = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_MAX_SHARD = 64 << 20
"""Bytes: large enough that a shard's own cost does not show, small enough that a killed job loses
little.
"""

_MAX_GROUP = 1 << 30
"""Bytes: where there is a sink, a group leaves a part of every type, and small ones serve nobody.
Without one a group is as large as a shard.
"""


@dataclass(frozen=True, slots=True)
class JobId:
    """The name of a job: a random id where none is given.

    Raises ConfigurationError for what cannot stand in the name of a folder.
    """

    job: str
    datastore: str

    def __post_init__(self) -> None:
        for name in (self.job, self.datastore):
            if not _ID.fullmatch(name):
                raise ConfigurationError(
                    f"{name}: an id is made of up to 64 letters, digits, '-', '_' and '.'"
                )

    @classmethod
    def of(cls, job: str | None, datastore: str) -> JobId:
        """Return the id that was asked for, or a new one."""
        return cls(job or secrets.token_hex(16), datastore)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How the inputs are cut; none of it decides a byte of the logs.

    workers      that are to share the work; None: one for each processor
    shard_bytes  of a byte range; None: by how much there is
    task_bytes   of a group at the most; None: by whether ``large`` ones serve
    large        a task costs more than a call: a group may be a gigabyte, sink or not
    """

    workers: int | None = None
    shard_bytes: int | None = None
    task_bytes: int | None = None
    large: bool = False

    def plan(self, settings: Settings, listing: Listing) -> Plan:
        """Return the plan of a job that reads these inputs."""
        count = self.workers or default_workers()
        sink = settings.choices.sink
        remote = is_remote(listing.inputs[0].uri)
        sizes = partial(shard_sizes, self.shard_bytes, count, remote=remote)
        shards = plan_shards(listing.inputs, sizes(_MAX_SHARD))
        if self.task_bytes:
            size = group_sizes(count, self.task_bytes)
        else:
            largest = _MAX_GROUP if sink or self.large else _MAX_SHARD
            size = sizes(largest, awaited=largest > _MAX_SHARD)  # a killed job loses a group
        sharers = count if sink and not (self.shard_bytes or self.task_bytes) else None
        groups = plan_groups(shards, size, sharers=sharers)
        return Plan(settings, listing.uri, listing.inputs, listing.skipped, shards, groups)


@dataclass(frozen=True, slots=True)
class StartedJob:
    """A job that this process holds.

    plan     None where HealthLake's limits refuse the job
    refusal  why, then
    resumed  whether the plan is that of an earlier run
    """

    run: JobRun
    folder: str
    checkpoint: Checkpoint
    claim: Claim
    plan: Plan | None = None
    refusal: str = ""
    resumed: bool = False


def _nothing_more(_settings: Settings, _inputs: Sequence[InputFile]) -> None:
    """A job on this machine needs no more than access."""


@contextmanager
def started_job(
    source: SourceLike | Sequence[SourceLike],
    output: SourceLike,
    choices: Choices,
    name: JobId,
    sizes: Sizes,
    *,
    include_all: bool = False,
    contract: bool = False,
    resume: bool = False,
    take_over: bool = False,
    report: ReportWish | None = None,
    keep_access_check: bool = False,
    before_work: Callable[[Settings, Sequence[InputFile]], None] = _nothing_more,
) -> Iterator[StartedJob]:
    """Hold a job whose plan lies in its work folder: a new one, or with ``resume`` that of an
    earlier run. The keywords of ``run_import`` say what each of them means.

    before_work   called with what is to be read, once nothing else stands in the way
    """
    sweep_temporary()
    choices = choices.absolute()
    refuse_unusable(choices, sizes.workers, sizes.shard_bytes, sizes.task_bytes)
    place = normal(os.fspath(output))
    storage = storage_for(place, choices.encryption_key_id)
    folder = storage.join(place, job_folder_name(name.datastore, name.job))
    checkpoint = Checkpoint(folder, choices.encryption_key_id, choices.work_folder)
    secret = secrets.token_hex(16) if choices.checks else ""
    settings = Settings(choices, checkpoint.work_folder, folder, secret=secret)
    job = JobRun(name.job, name.datastore, folder, storage, checkpoint, report=report)
    access = Access(place, settings, keep_check=keep_access_check)
    if not (resume or checkpoint.elsewhere):
        job.check_new(resume)  # before anything is written
    with ExitStack() as stack:
        claim = _or_policy(lambda: checkpoint.claim(take_over=take_over), access)
        stack.callback(claim.release)
        held = StartedJob(job, folder, checkpoint, claim)
        looked_for = resume or choices.work_folder is not None
        plan = _or_policy(checkpoint.load, access) if looked_for else None
        if plan is not None:
            job.check_same(plan, settings, source_uri(source), resume)
            access.check()
            before_work(plan.settings, plan.inputs)
            storage.sweep(folder)
            checkpoint.sweep()
            yield replace(held, plan=plan, resumed=True)
            return
        job.check_new(resume)
        open_sink(settings)  # refuses the values of its options
        check_tables(settings)
        spool = Spool(checkpoint.work_folder, choices.encryption_key_id)
        listing = find_inputs(
            source,
            include_all=include_all,
            include=choices.include,
            exclude=choices.exclude,
            contract=contract,
            spool=spool,
        )
        stack.callback(listing.close)
        message = over_limits(listing) if choices.limits == "healthlake" else None
        if message:
            spool.discard()
            yield replace(held, refusal=message)
            return
        try:
            access.check()
            before_work(settings, listing.inputs)
        except EngineError:
            spool.discard()
            raise
        plan = sizes.plan(settings, listing)
        checkpoint.save(plan)
        yield replace(held, plan=plan)


def _or_policy(act: Callable[[], _Answer], access: Access) -> _Answer:
    """Return what ``act`` does with the work folder; where it may not, say what is missing."""
    try:
        return act()
    except AccessDenied:
        access.check()
        raise
