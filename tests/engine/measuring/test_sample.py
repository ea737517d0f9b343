"""The sample: seeded ranges over all files and types, within them, and no byte twice."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkfhir.engine.measuring.sample import LEAST, draw
from bulkfhir.engine.reading.sources import InputFile, find_inputs

MB = 1 << 20


def file(name, size):
    return InputFile(name, f"/nowhere/{name}", size, "", name, None)


def spans(drawn):
    return {(one.shard.file, one.shard.start, one.shard.end) for one in drawn}


def test_the_same_seed_draws_the_same_and_another_another():
    inputs = [file("Patient.ndjson", 90 * MB), file("Observation.ndjson", 900 * MB)]
    assert draw(inputs, 0.05, 7) == draw(inputs, 0.05, 7)
    assert spans(draw(inputs, 0.05, 7).measured) != spans(draw(inputs, 0.05, 8).measured)


def test_every_file_and_every_type_is_drawn_from():
    inputs = [
        file(f"{name}.{number}.ndjson", size * MB)
        for name, size in (("Patient", 3), ("Device", 1), ("Observation", 700))
        for number in range(5)
    ]
    sample = draw(inputs, 0.01, 1)
    assert {one.shard.file for one in sample.measured} == set(range(15))
    assert [stratum.name for stratum in sample.strata] == ["Patient", "Device", "Observation"]


@given(
    sizes=st.lists(st.integers(0, 300 * MB), min_size=1, max_size=9),
    share=st.floats(0.0001, 1),
    seed=st.integers(0, 99),
)
def test_ranges_lie_in_their_files_and_have_no_byte_in_common(sizes, share, seed):
    inputs = [file(f"{'ABC'[place % 3]}-{place}.ndjson", size) for place, size in enumerate(sizes)]
    sample = draw(inputs, share, seed)
    ranges = sorted(spans(sample.measured + sample.before))
    for (number, start, end), following in zip(ranges, [*ranges[1:], None], strict=True):
        assert 0 <= start < end <= max(1, sizes[number])
        assert following is None or following[0] != number or end <= following[1]
    for drawn in (sample.measured, sample.before):
        assert [one.shard.index for one in drawn] == list(range(len(drawn)))
        assert [one.shard.file for one in drawn] == sorted(one.shard.file for one in drawn)
    read = sum(one.size for one in sample.measured)
    assert read >= min(sum(sizes), max(LEAST, share * sum(sizes))) * 0.9


def test_what_is_small_is_measured_whole_and_nothing_is_read_before():
    sample = draw([file("a.ndjson", 5000), file("b.ndjson", 0)], 0.01, 0)
    assert spans(sample.measured) == {(0, 0, 5000), (1, 0, 1)}
    assert sample.before == ()
    assert all(stratum.whole for stratum in sample.strata)


def test_of_very_many_files_some_of_each_name_are_drawn():
    inputs = [file(f"{'PO'[place % 2]}.{place}.ndjson", 50_000) for place in range(20_000)]
    sample = draw(inputs, 0.01, 3)
    assert {stratum.name for stratum in sample.strata} == {"P", "O"}
    drawn = [one.shard.file for one in sample.measured]
    assert 100 <= len(drawn) <= 300
    assert max(drawn) > 19_000
    assert min(drawn) < 1_000


def test_large_files_are_drawn_from_all_over():
    sample = draw([file("a.ndjson", 10_000 * MB)], 0.01, 0)
    tenths = {one.shard.start // (1_000 * MB) for one in sample.measured}
    assert tenths == set(range(10))
    assert 90 * MB < sum(one.size for one in sample.measured) < 110 * MB
    assert sum(one.size for one in sample.before) <= 32 * MB


@pytest.fixture
def archive(tmp_path):
    """Writes an archive of text that does not shrink to nothing; answers its input and its text."""

    def to(name, size):
        chance = random.Random(1)
        text = b"".join(b"%030x\n" % chance.getrandbits(120) for _ in range(size // 31))
        path = Path(tmp_path, name)
        path.write_bytes(gzip.compress(text, 1))
        return find_inputs(str(path)).inputs, len(text)

    return to


def test_a_small_archive_is_measured_whole_and_its_text_is_counted(archive):
    inputs, size = archive("a.ndjson.gz", 200_000)
    sample = draw(inputs, 0.01, 0)
    (one,) = sample.measured
    assert (one.shard.start, one.shard.end, one.shard.compression) == (0, None, "gz")
    assert one.size == pytest.approx(size)
    assert sample.before == ()


def test_of_a_large_archive_the_beginning_is_measured_and_tells_how_much_text_all_has(archive):
    inputs, size = archive("a.ndjson.gz", 24 * MB)
    sample = draw(inputs, 0.01, 0)
    (one,), (earlier,) = sample.measured, sample.before
    assert one.shard.start == 0
    assert 0 < earlier.shard.end < one.shard.end < size
    assert sample.strata[0].size == pytest.approx(size, rel=0.02)


def test_an_archive_without_the_name_of_one_is_found_out(archive, tmp_path):
    inputs, _ = archive("a.ndjson.gz", 4 * MB)
    Path(inputs[0].uri).rename(tmp_path / "b.ndjson")
    (one,) = draw(find_inputs(str(tmp_path / "b.ndjson")).inputs, 0.01, 0).measured
    assert one.shard.compression == "gz"
