"""The standard cache: where every FHIR tool of a user's machine keeps unpacked packages
(``~/.fhir/packages``).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..economy.lazy_pattern import lazy_pattern
from ..errors import PackageError
from ..near_name import near_name
from .package import open_package
from .package_versions import version_order, version_pattern
from .tarball import Member, read_folder, read_tarball

__all__ = [
    "find",
    "install",
    "installed",
    "locate",
    "remove",
    "standard_cache",
    "usable_name",
]

_log = logging.getLogger(__name__)
_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_LONGEST = 200
"""Letters of the longest name and version: the name of a folder may have 255."""


def standard_cache() -> Path:
    """Return the folder of the standard cache; packages lie in it as
    ``<name>#<version>/package/``.
    """
    return Path.home() / ".fhir" / "packages"


def installed() -> list[Path]:
    """Return the packages of the standard cache, by name and then by version, newest last."""
    folder = standard_cache()
    if not folder.is_dir():
        return []
    return sorted(
        (path for path in folder.iterdir() if "#" in path.name and path.is_dir()),
        key=_name_and_version,
    )


def _name_and_version(path: Path) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    name, _, version = path.name.partition("#")
    return name, version_order(version)


def usable_name(name: str) -> bool:
    """Return whether a package may be called so."""
    return len(name) <= _LONGEST and _NAME.fullmatch(name) is not None


def locate(source: str) -> Path:
    """Return where a package lies that the user named: a path, or ``name#version`` (or ``name``:
    its newest) of the standard cache.

    Raises PackageError when there is no such thing.
    """
    path = Path(source).expanduser()
    if path.exists():
        return path
    # name@version is what npm and its like write
    name, _, version = source.replace("@", "#").partition("#")
    found = find(name, version or "latest")
    if found is None:
        raise PackageError(
            f"package {source!r}: no such file or folder, and not in {standard_cache()}"
            f"{_perhaps_meant(source)}"
        )
    return found


def _perhaps_meant(label: str) -> str:
    """Return the end of a sentence that names the package of the cache which ``label`` nearly
    names; empty where none is near.
    """
    labels = [path.name for path in installed()]
    near = near_name(label.replace("@", "#"), labels)
    return f"; did you mean {near}?" if near else ""


def find(name: str, version: str) -> Path | None:
    """Return the folder of the newest package of the standard cache with that name and version,
    which may be a pattern as package.json has it; None where there is none.
    """
    wanted = version_pattern(version)
    matching = [
        path
        for path in installed()
        if path.name.partition("#")[0] == name and wanted.fullmatch(path.name.partition("#")[2])
    ]
    return matching[-1] if matching else None


def install(path: Path) -> Path:
    """Put the package at ``path`` (a ``.tgz`` or an unpacked folder) into the standard cache, whole
    or not at all, and return its folder there.

    Raises PackageError for what is no package, for one that is there already, and when the cache
    cannot be written.
    """
    package = open_package(path)
    if (
        not _NAME.fullmatch(package.name)
        or not _VERSION.fullmatch(package.version)
        or len(package.label) > _LONGEST
    ):
        raise PackageError(
            f"{path}: its package.json names no usable name and version ({package.label})"
        )
    folder = standard_cache() / package.label
    if folder.exists():
        raise PackageError(f"{package.label} is there already: {folder}")
    if sentence := package.left_out_sentence():
        _log.warning("%s", sentence)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            whole = Path(scratch) / "whole"
            for name, content in _files(path):
                if content is None:
                    continue
                target = whole / "package" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            # at once and on one disk: nobody sees a package of which a part is missing
            whole.rename(folder)
    except OSError as error:
        raise PackageError(f"{folder}: cannot be written ({error})") from error
    return folder


def remove(label: str) -> Path:
    """Remove the package ``name#version`` from the standard cache, and return where it lay.

    Raises PackageError where it is not there, or cannot be removed.
    """
    folder = next((path for path in installed() if path.name == label.replace("@", "#")), None)
    if folder is None:
        raise PackageError(f"{label}: no such package in {standard_cache()}{_perhaps_meant(label)}")
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            # at once: nobody sees a package of which a part is missing
            folder.rename(Path(scratch) / "whole")
    except OSError as error:
        raise PackageError(f"{folder}: cannot be removed ({error})") from error
    return folder


def _files(path: Path) -> Iterator[Member]:
    """The package's files, relative to its ``package`` folder."""
    if path.is_dir():
        inner = path / "package"
        yield from read_folder(inner if inner.is_dir() else path)
        return
    for name, content in read_tarball(path, path.read_bytes()):
        if name.parts[0] == "package" and len(name.parts) > 1:
            yield name.relative_to("package"), content
