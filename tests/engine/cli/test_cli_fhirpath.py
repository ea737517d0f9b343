"""`bulkfhir fhirpath`: one JSON array a resource, mistakes in one line."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pytest
import zstandard
from click.testing import CliRunner, Result

from bulkfhir.engine.cli.fhirpath_command import command

PATIENTS = [
    {
        "resourceType": "Patient",
        "id": "a",
        "birthDate": "2020-05",
        "name": [{"given": ["Ada", "B"]}],
    },
    {
        "resourceType": "Observation",
        "id": "b",
        "valueQuantity": {"value": 1.5, "code": "mg", "system": "http://unitsofmeasure.org"},
    },
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "patients.ndjson"
    path.write_text("\n".join(json.dumps(patient) for patient in PATIENTS) + "\n", encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_every_resource_gets_a_line(file: Path) -> None:
    assert run("name.given", str(file)).output == '["Ada", "B"]\n[]\n'


def test_dates_and_quantities_are_text(file: Path) -> None:
    assert run("birthDate | value", str(file)).output == '["2020-05"]\n["1.5 \'mg\'"]\n'


def test_a_single_resource_over_several_lines_is_read(tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_text(json.dumps(PATIENTS[0], indent=2), encoding="utf-8")
    assert run("id", str(path)).output == '["a"]\n'


def test_standard_input_is_read() -> None:
    assert (
        CliRunner().invoke(command, ["id", "-"], input=json.dumps(PATIENTS[1])).output == '["b"]\n'
    )


def test_a_mistake_names_its_place(file: Path) -> None:
    assert "at character 5" in str(run("name.", str(file)).exception)
    assert "Patient/a" in str(run("name.given.single()", str(file)).exception)
    assert "no element giben" in str(run("--strict", "name.giben", str(file)).exception)


PACKERS = {"gz": gzip.compress, "zst": zstandard.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("name", PACKERS)
def test_compressed_files_are_read_by_what_they_hold(file: Path, name: str) -> None:
    packed = file.with_suffix(".bin")
    packed.write_bytes(PACKERS[name](file.read_bytes()))
    assert run("id", str(packed)).output == '["a"]\n["b"]\n'
    whole = CliRunner().invoke(command, ["id", "-"], input=packed.read_bytes())
    assert whole.output == '["a"]\n["b"]\n'


def test_a_broken_archive_and_no_text_are_one_sentence(file: Path) -> None:
    file.write_bytes(gzip.compress(file.read_bytes())[:-9])
    assert "broken gz archive" in run("id", str(file)).output
    file.write_bytes(b'{"resourceType": "\xff"}')
    assert "is no UTF-8 text" in run("id", str(file)).output
