"""Blocks and shards of four lines give the bytes that whole files give: what happens at a border
happens at nearly every line.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bulkfhir.engine import import_job
from bulkfhir.engine.reading import compression, lines

SAMPLE = Path(__file__).resolve().parents[2] / "fixtures/sample"
JOB = "e" * 32


@pytest.fixture
def export(tmp_path):
    """A part of the sample, defects included; one file is compressed, one has odd line ends."""
    folder = tmp_path / "in"
    folder.mkdir()
    patients = (SAMPLE / "Patient.ndjson").read_bytes()
    (folder / "Patient.ndjson").write_bytes(patients)
    (folder / "Condition.ndjson.gz").write_bytes(
        gzip.compress((SAMPLE / "Condition.ndjson").read_bytes())
    )
    (folder / "Odd.ndjson").write_bytes(
        b"\xef\xbb\xbf" + b"\r\n\n".join(patients.splitlines()[10:50])
    )
    return folder


@pytest.fixture
def made(export, tmp_path, tree):
    """Runs an import of the export and returns the bytes of its folder, but for its own path. What
    is stored has a part for every shard: those of a type are joined.
    """

    def of(name, **options):
        out = tmp_path / name
        import_job(export, out, job_id=JOB, sink="ndjson", level="structure-only", **options)
        own = out.as_uri().encode()
        found: dict[str, bytes] = {}
        for path, data in sorted(tree(out).items()):
            name = path.partition("/part-")[0]
            found[name] = found.get(name, b"") + data.replace(own, b"")
        return found

    return of


def four_lines(export):
    data = (export / "Patient.ndjson").read_bytes()
    return len(data) * 4 // data.count(b"\n")


def test_blocks_of_four_lines_give_the_same_bytes(export, made, monkeypatch):
    whole = made("whole", workers=1)
    assert sum(b"birthDate" in data for data in whole.values()) > 1
    size = four_lines(export)
    for module in (lines, compression):
        monkeypatch.setattr(module, "BLOCK_BYTES", size)
    assert made("blocks", workers=1) == whole


@pytest.mark.parametrize("workers", [1, 2])
def test_shards_of_four_lines_give_the_same_bytes(export, made, workers):
    shards = made("shards", workers=workers, shard_bytes=four_lines(export))
    assert shards == made("whole", workers=1)
