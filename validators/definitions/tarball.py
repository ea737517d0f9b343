"""Files of a FHIR package, out of a ``.tgz`` or an unpacked folder; neither is trusted.

Nothing is written and no link is followed, which is said: what leaves the standard layout, or is
too large, is refused.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ..errors import PackageError

__all__ = ["FILE_LIMIT", "TOTAL_LIMIT", "Member", "read_folder", "read_tarball"]

Member = tuple[PurePosixPath, bytes | None]
"""The path of a member in its package, and its content: None where it is left out."""

FILE_LIMIT = 128 << 20
"""Bytes of one file. The largest known (a CodeSystem of a national terminology) has 60 MB."""

TOTAL_LIMIT = 1 << 30
"""Bytes of all files of a package, unpacked. The largest known package has 600 MB."""

_COUNT_LIMIT = (
    200_000  # files; a header costs 512 bytes, so a small bomb could otherwise hold millions
)


class _Unpacked(gzip.GzipFile):
    """A decompressed stream that ends in an error after TOTAL_LIMIT bytes: the guard against
    decompression bombs.
    """

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if self.tell() > TOTAL_LIMIT:
            raise PackageError(f"unpacks to more than {TOTAL_LIMIT >> 20} MB")
        return data


def _checked(member: tarfile.TarInfo, count: int) -> PurePosixPath:
    """The path of a member that may be read."""
    name = member.name
    path = PurePosixPath(name)
    if (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in name
        or "\0" in name
        or (path.parts and path.parts[0].endswith(":"))
    ):
        raise PackageError(f"holds a file that points out of the package: {name!r}")
    if member.size > FILE_LIMIT:
        raise PackageError(f"{name} has more than {FILE_LIMIT >> 20} MB")
    if count > _COUNT_LIMIT:
        raise PackageError(f"holds more than {_COUNT_LIMIT} files")
    return path


def read_tarball(archive: Path, data: bytes) -> Iterator[Member]:
    """Yield (path inside the archive, content) of every member but folders; the content is None of
    a link or a device, which is left out. ``data`` is the ``.tgz``; ``archive`` names it in errors.

    Raises PackageError for a damaged archive, a path that escapes, and sizes over the limits.
    """
    try:
        with (
            _Unpacked(fileobj=io.BytesIO(data)) as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            for count, member in enumerate(tar, start=1):
                path = _checked(member, count)
                content = tar.extractfile(member) if member.isreg() else None
                if not member.isdir():
                    yield path, None if content is None else content.read()
    except PackageError as error:
        raise PackageError(f"{archive}: {error}") from error
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeError) as error:
        raise PackageError(f"{archive}: not a readable .tgz ({error})") from error


def read_folder(folder: Path) -> Iterator[Member]:
    """Yield (name, content) of every ``.json`` file that lies directly in the folder, in the order
    of names; the content is None of a link, which is left out.

    Raises PackageError for sizes over the limits.
    """
    total = 0
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json" and path.is_symlink():
            yield PurePosixPath(path.name), None
            continue
        if path.suffix != ".json" or not path.is_file():
            continue
        size = path.stat().st_size
        total += size
        if size > FILE_LIMIT or total > TOTAL_LIMIT:
            raise PackageError(
                f"{path}: has {size >> 20} MB; a file may have {FILE_LIMIT >> 20}, its folder "
                f"{TOTAL_LIMIT >> 20}"
            )
        yield PurePosixPath(path.name), path.read_bytes()
