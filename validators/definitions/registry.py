"""A package registry: one package by name and version, over HTTPS, from the registry that the user
names. None is built in.

<registry>/<name> -> versions, each with the address of its .tgz and its sha -> the .tgz, checked
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import quote, urljoin, urlsplit

import orjson

from ..errors import PackageError
from .package import open_package
from .package_versions import version_order, version_pattern
from .standard_cache import install, usable_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["install_from"]

_SECONDS: Final = 60
"""Seconds that a registry may be silent."""

_LISTING: Final = 64 << 20
"""Bytes of the list of a package's versions."""

_ARCHIVE: Final = 512 << 20
"""Bytes of a .tgz. The largest known has 90 MB."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PIECE: Final = 1 << 20


def install_from(registry: str, name: str, version: str) -> Path:
    """Put a package of a registry into the standard cache, whole or not at all, and return its
    folder there.

    version   one version, ``latest``, or a pattern such as ``6.1.x``: the newest that it fits

    Raises PackageError for an address that is not https (http is for this machine alone), for one
    that leads to another host, for bytes that have not the sha which the registry states, for what
    is too large, and for a package that is not the one asked for.
    """
    if not usable_name(name):
        raise PackageError(f"{name!r} is no name of a package")
    address = f"{registry.rstrip('/')}/{quote(name, safe='')}"
    chosen, dist = _distribution(address, name, version)
    tarball = urljoin(address, str(dist.get("tarball", "")))
    if _place(tarball) != _place(address):
        raise PackageError(f"{name}#{chosen}: the registry names another host, {tarball}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.tgz"
        _download(tarball, path, dist, f"{name}#{chosen}")
        found = open_package(path).label
        if found != f"{name}#{chosen}":
            raise PackageError(f"{tarball}: holds {found}, and not {name}#{chosen}")
        return install(path)


def _distribution(address: str, name: str, version: str) -> tuple[str, Mapping[str, Any]]:
    """Return the version that is meant, and what the registry states of its archive."""
    with _opened(address) as answer:
        data = answer.read(_LISTING + 1)
    if len(data) > _LISTING:
        raise PackageError(f"{address}: answers with more than {_LISTING >> 20} MB")
    try:
        listing = orjson.loads(data)
        versions = {str(key): entry["dist"] for key, entry in listing["versions"].items()}
        latest = listing.get("dist-tags", {}).get("latest")
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        raise PackageError(f"{address}: answers with no list of versions") from None
    wanted = latest if version == "latest" and latest in versions else version
    fitting = [one for one in versions if version_pattern(wanted).fullmatch(one)]
    if not fitting:
        known = ", ".join(sorted(versions, key=version_order)[-5:])
        raise PackageError(f"{name}#{version}: the registry has no such version; it has {known}")
    chosen = max(fitting, key=version_order)
    dist = versions[chosen]
    return chosen, dist if isinstance(dist, dict) else {}


def _download(address: str, path: Path, dist: Mapping[str, Any], label: str) -> None:
    """Write the archive to a file; raise where it is too large, or not what the registry states."""
    digest, stated = _stated(dist, label)
    size = 0
    with _opened(address) as answer, path.open("wb") as file:
        while piece := answer.read(_PIECE):
            size += len(piece)
            if size > _ARCHIVE:
                raise PackageError(f"{address}: has more than {_ARCHIVE >> 20} MB")
            digest.update(piece)
            file.write(piece)
    if digest.digest() != stated:
        raise PackageError(f"{label}: its {digest.name} is not the one that the registry states")


def _stated(dist: Mapping[str, Any], label: str) -> tuple[hashlib._Hash, bytes]:
    """Return a hash of the kind that the registry states, and what it must come to."""
    kind, _, value = str(dist.get("integrity", "")).partition("-")
    try:
        if kind in ("sha256", "sha384", "sha512"):
            return hashlib.new(kind), base64.b64decode(value, validate=True)
        if shasum := dist.get("shasum"):
            # The older registries state SHA-1 alone: it finds damage, and HTTPS is the guard.
            return hashlib.sha1(usedforsecurity=False), bytes.fromhex(str(shasum))
    except ValueError:
        pass
    raise PackageError(f"{label}: the registry states no sha that can be checked")


def _place(address: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port; raise where neither https nor this machine."""
    try:
        parts = urlsplit(address)
        place = parts.scheme, parts.hostname, parts.port
    except ValueError:
        raise PackageError(f"{address}: no address of a registry") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise PackageError(f"{address}: a registry is asked over https (http on this machine only)")
    return place


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect within a host, and refuses every other."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if _place(newurl) != _place(req.full_url):
            raise PackageError(f"{req.full_url}: leads to another host, {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _opened(address: str) -> Iterator[IO[bytes]]:
    """Open an address for reading; what goes wrong on the way is a PackageError."""
    _place(address)
    request = urllib.request.Request(address, headers={"Accept": "application/json, */*"})  # noqa: S310 _place has seen to the scheme
    try:
        with urllib.request.build_opener(_SameHost).open(request, timeout=_SECONDS) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        raise PackageError(f"{address}: the registry answers {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise PackageError(f"{address}: cannot be read ({reason})") from error
