"""One FHIR package: what it calls itself, what it needs, and its definitions, trimmed and kept in
the user's cache.

.tgz | folder | file -> sha256 of the contents -> cached archive, or: read, trim, pack, keep
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import zstandard

from ..economy.light_dataclass import dataclass
from ..errors import PackageError
from .archive import Archive, pack
from .exact_decimals import with_exact_decimals
from .shapes import misshapen
from .tarball import Member, read_folder, read_tarball
from .trim import KINDS, trim

__all__ = ["Package", "cache_folder", "open_package"]

_log = logging.getLogger(__name__)
_MANIFEST = "Package"  # the kind under which a package's own description lies in its archive
_DIGEST = hashlib.sha256().digest_size
_NAMED = 3
"""Files of a kind that a sentence names."""

_BOM = b"\xef\xbb\xbf"

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Package:
    """A FHIR package, or a plain folder of resources (then ``name`` is empty).

    path           where it was read from
    name, version  from package.json; ``hl7.fhir.us.core`` and ``3.1.1``
    fhir_versions  from package.json; none in a plain folder
    stated         the FHIR versions that its StructureDefinitions state, each once
    dependencies   name -> version wanted
    references     kind -> canonical urls that its definitions refer to and that decide verdicts
    left_out       names of its files that are links, or devices, and were not read
    definitions    its resources, by kind and canonical url
    digest         of its contents, and of the code that reads them
    """

    path: Path
    name: str
    version: str
    title: str
    fhir_versions: Sequence[str]
    stated: Sequence[str]
    dependencies: Mapping[str, str]
    references: Mapping[str, Sequence[str]]
    left_out: Sequence[str]
    definitions: Archive
    digest: str

    @property
    def label(self) -> str:
        """``name#version``, or the path of a plain folder."""
        return f"{self.name}#{self.version}" if self.name else str(self.path)

    def left_out_sentence(self) -> str | None:
        """Return one sentence that names what was not read; None where all was."""
        if not self.left_out:
            return None
        names = ", ".join(self.left_out[:_NAMED]) + (", …" if len(self.left_out) > _NAMED else "")
        return f"{self.path}: links are not followed, and what they stand for is left out: {names}"


def cache_folder() -> Path:
    """Return the folder where prepared packages are kept: ``$XDG_CACHE_HOME/bulkfhir/packages``, by
    default in ``~/.cache``.

    Safe to delete at any time.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    return (
        (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache")
        / "bulkfhir"
        / "packages"
    )


def open_package(path: Path) -> Package:
    """Open the package at ``path``: a ``.tgz``, a folder (unpacked package or plain resources) or
    one ``.json`` file.

    The same contents are read and trimmed once, then come from the cache. Raises PackageError for
    what is no such thing.
    """
    try:
        if path.is_dir():
            inner = path / "package"
            members = list(read_folder(inner if inner.is_dir() else path))
            key = _key(part for name, content in members for part in _parts(name, content))
            archive = _cached(key) or _prepare(path, key, members)
        elif path.is_file():
            data = path.read_bytes()
            single = path.suffix == ".json"
            key = _key([path.suffix.encode(), data])
            archive = _cached(key) or _prepare(
                path,
                key,
                [(PurePosixPath(path.name), data)] if single else _package_files(path, data),
            )
        else:
            raise PackageError(f"{path}: no such package, folder or file")
    except OSError as error:
        raise PackageError(f"{path}: cannot be read ({error})") from error
    return _described(path, archive, key)


def _parts(name: PurePosixPath, content: bytes | None) -> tuple[bytes, ...]:
    """Return what stands for a file in the digest of its folder."""
    if content is None:
        return (str(name).encode(), b"left out")
    return (str(name).encode(), len(content).to_bytes(8, "little"), content)


def _package_files(path: Path, data: bytes) -> Iterator[Member]:
    """Of an archive's files those that a package's definitions lie in: ``package/*.json``, neither
    examples nor other material.
    """
    for name, content in read_tarball(path, data):
        if len(name.parts) == 2 and name.parts[0] == "package" and name.suffix == ".json":
            yield PurePosixPath(name.name), content


def _key(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256(_recipe())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


@cache
def _recipe() -> bytes:
    """Changes whenever the code does that makes archives, so that no stale cache is ever read."""
    folder = files(__package__)
    return b"\0".join(
        (folder / name).read_bytes()
        for name in ("archive.py", "exact_decimals.py", "package.py", "shapes.py", "trim.py")
    )


def _cached(key: str) -> Archive | None:
    try:
        data = (cache_folder() / f"{key}.zst").read_bytes()
    except OSError:
        return None
    digest, body = data[:_DIGEST], data[_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        return None  # cut short or damaged: made again
    try:
        return Archive(body)
    except ValueError:
        return None  # of another format: made again


def _prepare(path: Path, key: str, members: Iterable[Member]) -> Archive:
    manifest: Resource = {}
    resources: list[Resource] = []
    left_out: list[str] = []
    for name, content in members:
        if content is None:
            left_out.append(name.name)
            continue
        resource = _parsed(path, name, content)
        if name.name == "package.json":
            manifest = resource
        elif _kind(resource) in KINDS and isinstance(resource.get("url"), str):
            resources.append(_trimmed(path, name, resource, content))
    if not manifest and not resources:
        raise PackageError(f"{path}: holds neither package.json nor conformance resources")
    body = pack([*resources, _description(path, manifest, resources) | {"leftOut": left_out}])
    _keep(key, body)
    return Archive(body)


def _kind(resource: Resource) -> str:
    kind = resource.get("resourceType")
    return kind if isinstance(kind, str) else ""


def _parsed(path: Path, name: PurePosixPath, content: bytes) -> Resource:
    try:
        resource = orjson.loads(content.removeprefix(_BOM))
    except orjson.JSONDecodeError as error:
        raise PackageError(f"{path}: {name} is not JSON ({error})") from error
    return resource if isinstance(resource, dict) else {}


def _trimmed(path: Path, name: PurePosixPath, resource: Resource, content: bytes) -> Resource:
    fault = misshapen(resource)
    if fault:
        raise PackageError(
            f"{path}: {name} is not a well-formed {resource['resourceType']}: {fault} "
            f"({resource['url']})"
        )
    try:
        return trim(with_exact_decimals(resource, content.removeprefix(_BOM)))
    except (
        AttributeError,
        KeyError,
        TypeError,
        RecursionError,
    ) as error:  # objects where lists belong and the like: the package's fault
        raise PackageError(
            f"{path}: {name} is not a well-formed {resource['resourceType']} "
            f"({type(error).__name__})"
        ) from error


def _description(path: Path, manifest: Resource, resources: Sequence[Resource]) -> Resource:
    dependencies = manifest.get("dependencies") or {}
    versions = manifest.get("fhirVersions") or manifest.get("fhir-version-list") or []
    if (
        not isinstance(dependencies, dict)
        or not isinstance(versions, list)
        or not all(isinstance(v, str) for v in (*dependencies.values(), *versions))
    ):
        raise PackageError(f"{path}: package.json is malformed")
    return {
        "resourceType": _MANIFEST,
        "url": str(manifest.get("name", "")),
        "version": str(manifest.get("version", "")),
        "title": str(manifest.get("title", "")),
        "fhirVersions": versions,
        "stated": _stated(resources),
        "dependencies": list(
            dependencies.items()
        ),  # pairs: an archive sorts the keys of objects, and the order of dependencies counts
        "references": _references(resources),
    }


def _stated(resources: Iterable[Resource]) -> list[str]:
    found = {
        resource.get("fhirVersion")
        for resource in resources
        if resource["resourceType"] == "StructureDefinition"
    }
    return sorted(version for version in found if isinstance(version, str))


def _references(resources: Iterable[Resource]) -> dict[str, list[str]]:
    profiles: set[str] = set()
    value_sets: set[str] = set()
    for resource in resources:
        if resource["resourceType"] != "StructureDefinition":
            continue
        profiles.add(resource.get("baseDefinition", ""))
        for element in (resource.get("snapshot") or resource.get("differential") or {}).get(
            "element", ()
        ):
            for element_type in element.get("type", ()):
                profiles.update(
                    element_type.get("profile", ()), element_type.get("targetProfile", ())
                )
            binding = element.get("binding", {})
            if binding.get("strength") == "required":
                value_sets.add(binding.get("valueSet", ""))
    return {"StructureDefinition": sorted(profiles - {""}), "ValueSet": sorted(value_sets - {""})}


def _keep(key: str, body: bytes) -> None:
    """Writes the archive whole or not at all; a cache that cannot be written costs time, never the
    run.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            whole = Path(scratch) / key
            whole.write_bytes(hashlib.sha256(body).digest() + body)
            whole.replace(folder / f"{key}.zst")
    except OSError as error:
        _log.warning(
            "packages cannot be kept in %s, the next start will be slow: %s", folder, error
        )


def _described(path: Path, archive: Archive, key: str) -> Package:
    try:
        described = next(archive.all(_MANIFEST))
    except (StopIteration, zstandard.ZstdError) as error:
        raise PackageError(
            f"{path}: its cached form is damaged; delete {cache_folder()}"
        ) from error
    return Package(
        path=path,
        name=described["url"],
        version=described["version"],
        title=described["title"],
        fhir_versions=tuple(described["fhirVersions"]),
        stated=tuple(described["stated"]),
        dependencies=dict(described["dependencies"]),
        references=described["references"],
        left_out=tuple(described["leftOut"]),
        definitions=archive,
        digest=key,
    )
