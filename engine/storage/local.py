"""Local disks as a Storage: whole files by rename, byte ranges by seek."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from io import FileIO
from pathlib import Path

from ..errors import AccessDenied, Changed, NotFound, StorageError
from .file_lock import FileLock
from .interface import StoredObject
from .uploads import Upload, UploadedPart, part_size

__all__ = ["LocalStorage"]

_PARTIAL = ".partial"
"""Ending of a file in the making: hidden, in the target's own folder so that a rename is all it
takes to publish it.
"""

_WRITE_BUFFER = 1 << 18

_LARGE_PIECE = 1 << 20
_LOOKED_THROUGH = 1 << 13
"""Bytes of a piece that is to end where a line does, and of its end that are looked through."""


class LocalStorage:
    """A Storage on the disks of this machine; places are absolute paths."""

    def list(self, folder: str) -> Iterator[StoredObject]:
        """Yield the files below a folder. Links to folders are followed, each folder once; a link
        that leads nowhere is listed, and fails when it is read.
        """
        if not Path(folder).is_dir():
            raise NotFound(folder, "no such folder")
        return self._below(folder.rstrip("/"), {os.path.realpath(folder)})

    def _below(self, folder: str, visited: set[str]) -> Iterator[StoredObject]:
        """Yield the files below a folder in the order of their whole paths, a folder at a time."""
        try:
            with os.scandir(folder or "/") as entries:
                names = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries]
        except OSError as error:
            raise _translated(folder, error) from None
        names.sort()
        folders = {
            name for name in names if name[-1] == "/" and _first_visit(f"{folder}/{name}", visited)
        }
        for name in names:
            path = f"{folder}/{name.rstrip('/')}"
            if name[-1] == "/":
                yield from self._below(path, visited) if name in folders else ()
            elif entry := self.stat(path):
                yield entry
            elif Path(path).is_symlink():
                yield StoredObject(path, 0, "")

    def stat(self, uri: str) -> StoredObject | None:
        """Return the object at exactly this place, None where there is none."""
        try:
            status = Path(uri).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _translated(uri, error) from None
        return (
            StoredObject(uri, status.st_size, _etag(status))
            if stat.S_ISREG(status.st_mode)
            else None
        )

    def open(
        self, uri: str, start: int = 0, _end: int | None = None, /, etag: str | None = None
    ) -> _LocalReader:
        """Return a reader of the bytes from ``start`` on; raise Changed for another etag."""
        try:
            file = Path(uri).open("rb", buffering=0)  # noqa: SIM115 the reader closes it
            if etag is not None and _etag(os.fstat(file.fileno())) != etag:
                file.close()
                raise Changed(uri, "the file changed after it was listed")
            file.seek(start)
        except OSError as error:
            raise _translated(uri, error) from None
        return _LocalReader(uri, file, start)

    def unchanged(self, uri: str, etag: str, /) -> bool:
        """Return whether the object still is the one that was listed."""
        now = self.stat(uri)
        return now is not None and now.etag == etag

    def read(self, uri: str) -> bytes:
        """Return all bytes of an object."""
        try:
            return Path(uri).read_bytes()
        except OSError as error:
            raise _translated(uri, error) from None

    def put(self, uri: str, data: bytes, *, durable: bool = False) -> None:
        """Write an object whole, instead of any earlier one."""
        writer = self.writer(uri)
        writer.write(data)
        writer.commit(durable=durable)

    def writer(
        self, uri: str, media_type: str | None = None, size: int | None = None
    ) -> _LocalWriter:
        """Return a writer of a new object, of which nothing is seen before its ``commit``."""
        del media_type, size  # a file has none, and grows
        return _LocalWriter(uri)

    def link(self, uri: str, place: str, size: int) -> bool:
        """Put a file in another place of its file system too; return False where that cannot be."""
        try:
            if Path(uri).stat().st_size != size:
                return False
            number, name = _new_partial(place)
            os.close(number)
            partial = Path(name)
            try:
                partial.unlink()
                partial.hardlink_to(uri)
                partial.replace(place)
            finally:
                partial.unlink(missing_ok=True)  # what is there already is not replaced by itself
        except OSError:
            return False
        return True

    def begin_upload(self, uri: str, media_type: str | None, size: int) -> Upload:
        """Begin a file of just so many bytes, which several processes write."""
        del media_type  # a file has none
        try:
            number, partial = _new_partial(uri)
            os.fchmod(number, 0o666 & ~_umask())  # as all files of the job, for whoever writes it
            os.close(number)
        except OSError as error:
            raise _translated(uri, error) from None
        return Upload(uri, partial, size, part_size(size))

    def part_writer(self, upload: Upload, number: int) -> _PartInPlace:
        """Return a writer of a part of an upload."""
        return _PartInPlace(upload, number)

    def complete_upload(self, upload: Upload, parts: Sequence[UploadedPart]) -> None:
        """Put an upload in its place, whole, instead of any earlier file."""
        del parts  # what was written says it all
        partial = Path(upload.name)
        try:
            if (size := partial.stat().st_size) != upload.size:
                raise StorageError(upload.uri, f"{size:,} bytes are written of {upload.size:,}")
            partial.replace(upload.uri)
        except OSError as error:
            raise _translated(upload.uri, error) from None

    def abort_upload(self, upload: Upload) -> None:
        """Leave nothing of an upload; no error where it is gone already."""
        with contextlib.suppress(OSError):
            Path(upload.name).unlink()

    def settle(self, folder: str) -> None:
        """See to it that all that was written below a folder outlives a power cut: at once, since a
        job may have published twenty thousand files.
        """
        try:
            _sync_file_system(folder)
        except OSError as error:
            raise _translated(folder, error) from None

    def delete(self, uri: str) -> None:
        """Remove one object; no error where it is gone already."""
        try:
            Path(uri).unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise _translated(uri, error) from None

    def delete_folder(self, folder: str, *, keep: Collection[str] = ()) -> None:
        """Remove everything below a folder; no error where it is gone already."""
        try:
            for path in Path(folder).iterdir() if keep else ():
                if path.name not in keep:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            if not keep:
                shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _translated(folder, error) from None

    def sweep(self, folder: str) -> None:
        """Remove what interrupted writers left below a folder."""
        for parent, _, names in os.walk(folder):
            for name in names:
                if name.startswith(".") and name.endswith(_PARTIAL):
                    self.delete(f"{parent}/{name}")

    def claim(self, uri: str, owner: str, *, take_over: bool = False) -> FileLock:
        """Hold a place by a lock of the operating system."""
        del take_over  # a lock that is held has a living process
        try:
            return FileLock(uri, owner)
        except OSError as error:
            raise _translated(uri, error) from None

    def join(self, folder: str, relative: str) -> str:
        """Return the place of ``relative`` (with ``/``) below a folder."""
        return f"{folder.rstrip('/')}/{relative}"

    def public(self, uri: str) -> str:
        """Return the place as a URI in published documents."""
        return Path(uri).as_uri() + ("/" if uri.endswith("/") and uri != "/" else "")


class _LocalReader:
    """A reader whose large pieces end where a line does, if one ends there at all: what follows it
    would have to be copied to the next piece's start, and with it the piece.
    """

    def __init__(self, uri: str, file: FileIO, start: int) -> None:
        self._uri = uri
        self._file, self._position = file, start

    def read(self, size: int, /) -> bytes:
        try:
            data = self._file.read(size if size < _LARGE_PIECE else self._to_line_end(size)) or b""
        except OSError as error:
            raise _translated(self._uri, error) from None
        self._position += len(data)
        return data

    def _to_line_end(self, size: int) -> int:
        before = size - _LOOKED_THROUGH
        tail = os.pread(self._file.fileno(), _LOOKED_THROUGH, self._position + before)
        return before + tail.rfind(b"\n") + 1 if b"\n" in tail else size

    def close(self) -> None:
        self._file.close()


class _LocalWriter:
    def __init__(self, uri: str) -> None:
        self._uri = uri
        try:
            number, partial = _new_partial(uri)
            self._partial = Path(partial)
            self._file = os.fdopen(number, "wb", buffering=_WRITE_BUFFER)
        except OSError as error:
            raise _translated(uri, error) from None

    def write(self, data: bytes, /) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            self.abort()
            raise _translated(self._uri, error) from None

    def commit(self, *, durable: bool = False) -> None:
        try:
            if durable:  # the bytes first, then the name: no power cut leaves a name without them
                self._file.flush()
                os.fsync(self._file.fileno())
            self._file.close()
            # mkstemp makes a file for its owner alone; an output is for whom the umask says.
            self._partial.chmod(0o666 & ~_umask())
            self._partial.replace(self._uri)
            if durable:
                _sync_folder(Path(self._uri).parent)
        except OSError as error:
            self.abort()
            raise _translated(self._uri, error) from None

    def abort(self) -> None:
        with contextlib.suppress(OSError):  # closing flushes, which fails again on a full disk
            self._file.close()
        with contextlib.suppress(OSError):
            self._partial.unlink()


class _PartInPlace:
    """A part of a file, written where it belongs."""

    def __init__(self, upload: Upload, number: int) -> None:
        self._uri, self._number = upload.uri, number
        self._position = (number - 1) * upload.part
        try:
            # Only to be written: processes of several machines then each write pages of their own,
            # which none of them reads before (NFS).
            self._descriptor = os.open(upload.name, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _translated(self._uri, error) from None

    def write(self, data: bytes | memoryview, /) -> None:
        rest = memoryview(data)
        try:
            while rest:
                written = os.pwrite(self._descriptor, rest, self._position)
                self._position, rest = self._position + written, rest[written:]
        except OSError as error:
            self.abort()
            raise _translated(self._uri, error) from None

    def commit(self) -> UploadedPart:
        descriptor, self._descriptor = self._descriptor, -1
        try:
            os.close(descriptor)
        except OSError as error:  # NFS says here what it could not write
            raise _translated(self._uri, error) from None
        return {"PartNumber": self._number}

    def abort(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _new_partial(uri: str) -> tuple[int, str]:
    """Make the file that will lie in this place; return its descriptor and its path until then."""
    target = Path(uri)
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name has 255 bytes at the most, and a letter up to four.
    hint = os.fsencode(target.name)[:60].decode("utf-8", "ignore")
    return tempfile.mkstemp(_PARTIAL, f".{hint}.", target.parent)


def _sync_folder(folder: Path) -> None:
    """See to it that a file's new name outlives a power cut; not every file system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(folder: str) -> None:
    """Have the file system of a folder written to its disk; where there is no such call, all."""
    import ctypes  # for this alone, at the end of a job

    one = getattr(ctypes.CDLL(None), "syncfs", None)
    if one is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        one(descriptor)
    finally:
        os.close(descriptor)


def _first_visit(folder: str, visited: set[str]) -> bool:
    place = os.path.realpath(folder)
    new = place not in visited
    visited.add(place)
    return new


def _etag(status: os.stat_result) -> str:
    # The inode tells a file that another was renamed over within one tick of the clock.
    return f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}"


@cache
def _umask() -> int:
    """The process's umask; reading it means setting it, so it is read once."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _translated(uri: str, error: OSError) -> StorageError:
    if error.errno == errno.ENOENT:
        return NotFound(uri, "no such file or folder")
    if error.errno == errno.ENOTDIR:
        return NotFound(uri, "a file lies where one of its folders should be")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return AccessDenied(uri, os.strerror(error.errno))
    return StorageError(uri, os.strerror(error.errno) if error.errno else str(error))
