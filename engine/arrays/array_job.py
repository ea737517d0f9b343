"""ArrayJob: the small file ``job.json`` in a job's folder, by which processes that know nothing of
one another find the job and see that they would judge alike.
"""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from importlib.metadata import version

from bulkfhir.validators.definitions.packages import Packages
from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.errors import BulkfhirError

from ..errors import ConfigurationError
from ..job_terms.job_choices import Choices, default_versions
from ..job_terms.job_folder import MANIFEST, folder_of_job_file, job_file
from ..job_terms.settings import Settings
from ..sharding.checkpoint import Checkpoint
from ..storage import normal, storage_for
from ..storage.sealed import Damaged, sealed, unsealed

__all__ = ["ArrayEnd", "ArrayJob", "packages_here"]

_LAYOUT = 2
"""Raised when job.json says other things: the processes of one array may have other versions."""

PackageDigests = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ArrayEnd:
    """How the job ended, for whoever asks again."""

    status: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class ArrayJob:
    """All that every process of an array job has to know; no credentials are in it.

    version    of bulkfhir, by which the plan was made
    packages   (label, digest) of every FHIR package, dependencies too
    fail_on    findings that make the merge exit with 1
    source     what is read, as the Manifest says it
    shards     how many there are
    ended      None until the last merge has written the Manifest
    """

    version: str
    job_id: str
    datastore_id: str
    settings: Settings
    packages: PackageDigests
    fail_on: tuple[str, ...]
    source: str
    shards: int
    ended: ArrayEnd | None = None

    @classmethod
    def read(cls, uri: str) -> ArrayJob:
        """Read ``job.json``, which ``bulkfhir plan`` has printed the place of.

        Raises ConfigurationError for what is no such file.
        """
        place = normal(uri)
        if place != job_file(folder_of_job_file(place)):
            raise ConfigurationError(f"{uri}: give the job.json that bulkfhir plan has printed")
        try:
            data = unsealed(storage_for(place).read(place))
            if data.pop("layout") != _LAYOUT:
                raise ConfigurationError(f"{uri}: it was written by another version of bulkfhir")
            ended = data.pop("ended")
            data["settings"] = Settings.from_json(data["settings"])
            data["packages"] = tuple((label, digest) for label, digest in data["packages"])
            data["fail_on"] = tuple(data["fail_on"])
            job = cls(**data, ended=ArrayEnd(**ended) if ended else None)
        except (Damaged, KeyError, TypeError, ValueError, AttributeError):
            raise ConfigurationError(
                f"{uri}: this is no job.json of bulkfhir plan, or a damaged one: delete it, and "
                "plan the job again with its --job-id, which keeps what is done"
            ) from None
        if job.folder != folder_of_job_file(place):
            raise ConfigurationError(f"{uri}: the job lies in {job.folder}: it cannot be moved")
        return job

    @property
    def folder(self) -> str:
        """Return the job's folder."""
        return self.settings.job_folder or ""

    @property
    def checkpoint(self) -> Checkpoint:
        """Return what the job's work folder holds."""
        choices = self.settings.choices
        return Checkpoint(self.folder, choices.encryption_key_id, choices.work_folder)

    @property
    def uri(self) -> str:
        """Return where the file lies, as a URI."""
        return storage_for(self.folder).public(job_file(self.folder))

    def save(self) -> None:
        """Write the file."""
        storage = storage_for(self.folder, self.settings.choices.encryption_key_id)
        data = {"layout": _LAYOUT, **dataclasses.asdict(self)}
        storage.put(job_file(self.folder), sealed(data), durable=True)

    def is_published(self) -> bool:
        """Return whether the Manifest is written: the job is complete."""
        storage = storage_for(self.folder)
        return storage.stat(storage.join(self.folder, MANIFEST)) is not None

    def check_same(self, source: str, choices: Choices) -> None:
        """Raise ConfigurationError where the job was planned for another source or by other
        choices.
        """
        if self.source != source:
            raise ConfigurationError(f"this job was planned for the source {self.source}")
        for name, before, now in self.settings.differences(replace(self.settings, choices=choices)):
            raise ConfigurationError(f"this job was planned with {name} {before!r}, not {now!r}")

    def check(self) -> None:
        """Raise ConfigurationError where this process would not judge as the plan says: it is
        another version of bulkfhir, or a package is another one here.
        """
        here = version("bulkfhir")
        if self.version != here:
            raise ConfigurationError(
                f"the job was planned by bulkfhir {self.version}, and this is {here}: install the "
                "same version everywhere"
            )
        if (found := packages_here(self.settings.choices)) == self.packages:
            return
        differing = sorted({label for label, _ in {*found} ^ {*self.packages}})
        raise ConfigurationError(
            f"{', '.join(differing)}: not the same here as when the job was planned: give every "
            "process the same packages"
        )


def packages_here(choices: Choices) -> PackageDigests:
    """Return (label, digest) of every FHIR package that the choices mean on this machine."""
    if not choices.packages:
        return ()
    try:
        opened = Packages(
            choices.packages, defaults=default_versions(choices.default_versions)
        ).packages
    except BulkfhirError as error:
        raise ConfigurationError(str(error)) from None
    return tuple((package.label, package.digest) for package in opened)
