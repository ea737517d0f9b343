"""The short form of benchmarks/round_trip.py: lines that a reader of JSON would write otherwise."""

from __future__ import annotations

import dataclasses
import gzip
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from round_trip import Trip, round_trip

LINES = [
    (
        b'{"resourceType":"Observation","id":"d","status":"final","code":{"text":"t"},'
        b'"valueQuantity":{"value":1.50}}'
    ),
    (
        b'{"resourceType":"Observation","id":"e","status":"final","code":{"text":"t"},'
        b'"valueQuantity":{"value":0.10000000000000000000001e1}}'
    ),
    '{ "resourceType" : "Patient",\t"id":"a","name":[{"family":"Grün\\u0065\\/\\n"}]}'.encode(),
    b'{"resourceType":"Patient","id":"bad","birthDate":"1980-02-30"}',
    b'{"id":"z","resourceType":"Patient"}',
]


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.ndjson").write_bytes(b"\r\n".join(LINES))
    with gzip.open(folder / "b.ndjson.gz", "wb") as file:
        file.write(b"\n\n".join(LINES) + b"\n")
    return folder


def test_every_accepted_line_comes_back_as_it_was(source, tmp_path):
    trip = round_trip(source, tmp_path / "out", "structure-only", 1)
    assert (trip.lines, trip.accepted, trip.rows, trip.differing) == (10, 8, 8, "")
    assert trip.holds
    assert trip.json_bytes == 2 * sum(len(line) for line in LINES if b"bad" not in line)


def test_a_row_that_is_not_its_line_is_told(source, tmp_path, monkeypatch):
    monkeypatch.setattr("round_trip._line", lambda data, offset: data[offset : offset + 5])
    trip = round_trip(source, tmp_path / "out", "structure-only", 1)
    assert not trip.holds
    assert "a.ndjson at byte 0" in trip.differing


def test_a_row_too_few_is_told():
    assert not dataclasses.replace(Trip(rows=1), accepted=2).holds
