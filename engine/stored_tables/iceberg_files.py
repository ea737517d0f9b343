"""StorageFiles: pyiceberg's files, read and written by the project's storage: with its credentials,
its patience and its encryption.
"""

from __future__ import annotations

from typing import Final

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.typedef import EMPTY_DICT, Properties

from ..storage import Storage, normal, storage_for
from .stored_file import StoredFile, WrittenFile

__all__ = ["KEY", "StorageFiles"]

KEY: Final = "bulkfhir.encryption-key-id"
"""Property of a catalogue, in this process only: the key of what is written to S3."""


class StorageFiles(FileIO):
    """A FileIO whose files are those of the project's storage. Raises StorageError."""

    def __init__(self, properties: Properties = EMPTY_DICT) -> None:
        super().__init__(properties)
        self._key = properties.get(KEY) or None

    def new_input(self, location: str) -> InputFile:
        """Return a file to read."""
        uri = normal(location)
        return _Input(location, storage_for(uri, self._key), uri)

    def new_output(self, location: str) -> OutputFile:
        """Return a file to write."""
        uri = normal(location)
        return _Output(location, storage_for(uri, self._key), uri)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file; no error where it is gone already."""
        place = location if isinstance(location, str) else location.location
        uri = normal(place)
        storage_for(uri, self._key).delete(uri)


class _Input(InputFile):
    def __init__(self, location: str, storage: Storage, uri: str) -> None:
        super().__init__(location)
        self._storage, self._uri = storage, uri

    def __len__(self) -> int:
        found = self._storage.stat(self._uri)
        if found is None:
            raise FileNotFoundError(self._uri)
        return found.size

    def exists(self) -> bool:
        """Return whether the file is there."""
        return self._storage.stat(self._uri) is not None

    def open(self, seekable: bool = True) -> InputStream:
        """Return the file's bytes."""
        return StoredFile(self._storage, self._uri)


class _Output(OutputFile):
    def __init__(self, location: str, storage: Storage, uri: str) -> None:
        super().__init__(location)
        self._storage, self._uri = storage, uri

    def __len__(self) -> int:
        return len(self.to_input_file())

    def exists(self) -> bool:
        """Return whether the file is there."""
        return self._storage.stat(self._uri) is not None

    def to_input_file(self) -> InputFile:
        """Return the file, to be read."""
        return _Input(self.location, self._storage, self._uri)

    def create(self, overwrite: bool = False) -> OutputStream:
        """Return the file, to be written.

        Raises FileExistsError where it is there and may not be replaced.
        """
        if not overwrite and self.exists():
            raise FileExistsError(self._uri)
        return WrittenFile(self._storage.writer(self._uri))
