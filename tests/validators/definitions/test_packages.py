"""FHIR packages: where they come from, which version answers, what is refused."""

import gzip
import io
import json
import pathlib
import shutil
import tarfile

import pytest
from click.testing import CliRunner

from bulkfhir.engine.cli.package_commands import command
from bulkfhir.engine.judging.chosen_packages import check_packages
from bulkfhir.validators.definitions import package as package_module
from bulkfhir.validators.definitions import tarball
from bulkfhir.validators.definitions.package import open_package
from bulkfhir.validators.definitions.packages import Packages
from bulkfhir.validators.definitions.standard_cache import (
    find,
    install,
    installed,
    locate,
    standard_cache,
)
from bulkfhir.validators.errors import BulkfhirError, PackageError

SHARED = pathlib.Path(__file__).resolve().parents[3] / "../shared/packages"
US_CORE = "hl7.fhir.us.core-3.1.1.tgz"
URL = "http://example.org/StructureDefinition/p"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Neither the user's packages nor the user's cache."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return home


def profile(url=URL, version="1.0.0", **more):
    patient = "http://hl7.org/fhir/StructureDefinition/Patient"
    element = {"id": "Patient", "path": "Patient"}
    base = {
        "resourceType": "StructureDefinition",
        "kind": "resource",
        "type": "Patient",
        "derivation": "constraint",
        "baseDefinition": patient,
    }
    return {**base, "url": url, "version": version, "differential": {"element": [element]}, **more}


def value_set(url="http://example.org/ValueSet/v", code="a", version="1.0.0"):
    return {
        "resourceType": "ValueSet",
        "url": url,
        "version": version,
        "compose": {"include": [{"system": "http://example.org/s", "concept": [{"code": code}]}]},
    }


def tgz(path, files):
    """A .tgz of (name, bytes or object) or of TarInfo."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files:
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data))
    return path


def make(
    tmp_path, name="a.b", version="1.0.0", resources=(), dependencies=None, fhir="4.0.1", file=None
):
    manifest = {
        "name": name,
        "version": version,
        "fhirVersions": [fhir],
        "dependencies": dependencies or {},
    }
    members = [
        ("package/package.json", manifest),
        *((f"package/{i}.json", resource) for i, resource in enumerate(resources)),
    ]
    return tgz(tmp_path / (file or f"{name}-{version}.tgz"), members)


def test_a_package_is_read_from_an_archive_a_folder_and_the_standard_cache(tmp_path, home):
    archive = make(tmp_path, resources=[profile()])
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(archive, unpacked)
    assert install(archive) == home / ".fhir/packages/a.b#1.0.0"
    for source in (
        str(archive),
        str(unpacked),
        str(unpacked / "package"),
        "a.b#1.0.0",
        "a.b@1.0.0",
        "a.b",
    ):
        packages = Packages([source])
        assert packages.packages[0].label == "a.b#1.0.0"
        assert packages.fetch("StructureDefinition", URL)["type"] == "Patient"


def test_a_plain_folder_or_file_of_resources_is_a_source(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "v.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(value_set()).encode())
    (folder / "patient.json").write_text(json.dumps({"resourceType": "Patient"}))
    (folder / "notes.txt").write_text("not read")
    for source in (folder, folder / "v.json"):
        assert Packages([str(source)]).fetch("ValueSet", "http://example.org/ValueSet/v")[
            "compose"
        ]["include"][0]["concept"] == [{"code": "a"}]


def test_the_core_is_below_every_package():
    assert (
        Packages([]).fetch(
            "StructureDefinition", "http://hl7.org/fhir/StructureDefinition/Patient"
        )["kind"]
        == "resource"
    )


def test_a_package_cannot_change_the_core(tmp_path):
    patient = "http://hl7.org/fhir/StructureDefinition/Patient"
    packages = Packages([str(make(tmp_path, resources=[profile(url=patient, version="9")]))])
    assert packages.fetch("StructureDefinition", patient)["version"] == "4.0.1"
    assert packages.fetch("StructureDefinition", patient + "|9")["version"] == "9"


def test_a_plain_folders_value_sets_go_before_a_packages_and_the_cores(tmp_path):
    gender = "http://hl7.org/fhir/ValueSet/administrative-gender"
    package = make(tmp_path, resources=[value_set()])
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "1.json").write_text(json.dumps(value_set(code="mine")))
    (folder / "2.json").write_text(json.dumps(value_set(url=gender, code="mine")))
    packages = Packages([str(package), str(folder)])
    for url in ("http://example.org/ValueSet/v", gender):
        assert packages.fetch("ValueSet", url)["compose"]["include"][0]["concept"] == [
            {"code": "mine"}
        ]


def test_the_first_version_given_answers_a_bare_url_and_each_answers_its_own(tmp_path):
    first, second = (
        str(make(tmp_path, version=v, resources=[profile(version=v)])) for v in ("2.0.0", "10.0.0")
    )
    packages = Packages([first, second])
    assert packages.fetch("StructureDefinition", URL)["version"] == "2.0.0"
    assert packages.fetch("StructureDefinition", URL + "|10.0.0")["version"] == "10.0.0"
    assert packages.fetch("StructureDefinition", URL + "|2.0.0")["version"] == "2.0.0"
    assert packages.fetch("StructureDefinition", URL + "|3.0.0") is None


def test_a_configured_default_version_goes_before_the_first_given(tmp_path):
    sources = [
        str(make(tmp_path, version=v, resources=[profile(version=v)])) for v in ("1.0.0", "2.0.0")
    ]
    assert (
        Packages(sources, defaults={"a.b": "2.0.0"}).fetch("StructureDefinition", URL)["version"]
        == "2.0.0"
    )
    assert (
        Packages(sources, defaults={"other": "1"}).fetch("StructureDefinition", URL)["version"]
        == "1.0.0"
    )
    with pytest.raises(PackageError, match=r"default version 3\.0\.0 of a\.b is not among"):
        Packages(sources, defaults={"a.b": "3.0.0"})


def test_urls_and_all_cover_every_layer(tmp_path):
    sources = [
        str(make(tmp_path, version=v, resources=[profile(version=v)])) for v in ("1.0.0", "2.0.0")
    ]
    packages = Packages(sources)
    assert list(packages.urls("StructureDefinition")).count(URL) == 1
    assert [r["version"] for r in packages.all("StructureDefinition") if r["url"] == URL] == [
        "1.0.0",
        "2.0.0",
    ]


def test_dependencies_come_from_the_standard_cache_through_several_steps(tmp_path):
    install(
        make(
            tmp_path,
            "c",
            "1.2.3",
            [profile(url="http://example.org/c")],
            {"hl7.fhir.r4.core": "4.0.1"},
        )
    )
    install(
        make(
            tmp_path,
            "b",
            "1.0.0",
            [profile(url="http://example.org/b")],
            {"c": "1.2.x", "a": "1.0.0"},
        )
    )
    packages = Packages([str(make(tmp_path, "a", "1.0.0", dependencies={"b": "1.0.0"}))])
    assert [package.label for package in packages.packages] == ["a#1.0.0", "b#1.0.0", "c#1.2.3"]
    assert packages.missing == ()
    assert packages.warning() is None


def test_a_dependency_that_was_given_is_not_looked_for(tmp_path):
    sources = [
        str(make(tmp_path, "a", dependencies={"b": "1.0.x"})),
        str(make(tmp_path, "b", "1.0.4")),
    ]
    assert Packages(sources).missing == ()


def test_a_missing_dependency_is_one_warning_that_names_what_cannot_be_checked(tmp_path):
    lost = "http://example.org/lost"
    binding = {
        "id": "Patient.gender",
        "path": "Patient.gender",
        "binding": {"strength": "required", "valueSet": "http://example.org/vs|1"},
    }
    needy = profile(
        baseDefinition=lost,
        differential={"element": [{"id": "Patient", "path": "Patient"}, binding]},
    )
    packages = Packages([str(make(tmp_path, "a", resources=[needy], dependencies={"b": "1.0.0"}))])
    assert [missing.package for missing in packages.missing] == ["b#1.0.0"]
    assert packages.unchecked() == {
        "StructureDefinition": [lost],
        "ValueSet": ["http://example.org/vs|1"],
    }
    warning = packages.warning()
    assert "b#1.0.0 (wanted by a#1.0.0)" in warning
    assert (
        "1 profiles and extensions (http://example.org/lost); 1 required value sets (http://example.org/vs|1)"
        in warning
    )


def test_a_package_for_another_fhir_version_is_refused_and_not_taken_as_a_dependency(tmp_path):
    other = make(tmp_path, "r5", fhir="5.0.0")
    with pytest.raises(PackageError, match=r"r5#1\.0\.0 is for FHIR 5\.0\.0"):
        Packages([str(other)])
    install(other)
    assert [
        m.package
        for m in Packages([str(make(tmp_path, "a", dependencies={"r5": "1.0.0"}))]).missing
    ] == ["r5#1.0.0"]


def test_a_package_is_for_the_fhir_version_of_its_definitions_not_for_that_of_its_package_json(
    tmp_path,
):
    ours = make(tmp_path, "ours", resources=[profile(fhirVersion="4.0.1")], fhir="5.0.0")
    packages = Packages([str(ours)])
    assert packages.fetch("StructureDefinition", URL)["fhirVersion"] == "4.0.1"
    (sentence,) = packages.mislabelled()
    assert sentence == (
        "package.json of ours#1.0.0 names FHIR 5.0.0, its StructureDefinitions are for 4.0.1: "
        "the definitions count"
    )
    other = make(tmp_path, "other", resources=[profile(fhirVersion="5.0.0")], fhir="4.0.1")
    with pytest.raises(
        PackageError,
        match=r"names FHIR 4\.0\.1, its StructureDefinitions are for 5\.0\.0; only R4 \(4",
    ):
        Packages([str(other)])


@pytest.mark.parametrize(
    ("said", "stated", "taken"),
    [("5.0.0", "4.0.1", True), ("4.0.1", "3.0.2", False)],
    ids=["only by its name for R5", "only by its name for R4"],
)
def test_a_dependency_goes_by_its_definitions_too(tmp_path, said, stated, taken):
    install(make(tmp_path, "b", resources=[profile(fhirVersion=stated)], fhir=said))
    packages = Packages([str(make(tmp_path, "a", dependencies={"b": "1.0.0"}))])
    assert [package.label for package in packages.packages[1:]] == ["b#1.0.0"] * taken
    assert [missing.package for missing in packages.missing] == ["b#1.0.0"] * (not taken)
    (sentence,) = packages.mislabelled()
    assert sentence.endswith("count" if taken else "the package is left out")


@pytest.mark.parametrize(
    ("fhir", "resources"),
    [
        ("4.0.1", [profile(fhirVersion="4.0.0")]),
        ("4.0.1", [profile(fhirVersion="4.0.1"), profile(url=URL + "2", fhirVersion="5.0.0")]),
        ("4.0.1", [profile()]),
        ("4.0.1", []),
    ],
    ids=["a patch", "one of them", "nothing stated", "no definitions"],
)
def test_a_package_that_says_what_its_definitions_state_is_taken_without_a_word(
    tmp_path, fhir, resources
):
    assert Packages([str(make(tmp_path, resources=resources, fhir=fhir))]).mislabelled() == []


def test_the_newest_version_is_found_by_semver(tmp_path):
    for version in ("2.0.0", "10.0.0-ballot", "9.1.0", "10.0.0"):
        install(make(tmp_path, "a", version))
    assert [path.name for path in installed()] == [
        "a#2.0.0",
        "a#9.1.0",
        "a#10.0.0-ballot",
        "a#10.0.0",
    ]
    assert locate("a").name == "a#10.0.0"
    assert find("a", "9.1.x").name == "a#9.1.0"
    assert find("a", "9.2.x") is None


@pytest.mark.parametrize(
    "source", ["no.such.package#1.0.0", "no.such.package", "/no/such/file.tgz"]
)
def test_a_source_that_is_nowhere_is_a_configuration_error(source):
    with pytest.raises(BulkfhirError, match="no such file or folder"):
        Packages([source])


@pytest.mark.parametrize(
    "name",
    [
        "../escape.json",
        "package/../../escape.json",
        "/etc/escape.json",
        "package/..\\escape.json",
        "C:/escape.json",
    ],
)
def test_an_archive_whose_paths_escape_is_refused(tmp_path, name):
    with pytest.raises(PackageError, match="points out of the package"):
        open_package(
            tgz(
                tmp_path / "evil.tgz",
                [("package/package.json", {"name": "a", "version": "1"}), (name, b"{}")],
            )
        )


def test_links_and_devices_in_an_archive_are_left_out_and_named(tmp_path, caplog):
    (tmp_path / "secret.json").write_text(json.dumps(profile(url="http://example.org/secret")))
    link = tarfile.TarInfo("package/link.json")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.json")
    device = tarfile.TarInfo("package/device.json")
    device.type = tarfile.CHRTYPE
    archive = tgz(
        tmp_path / "evil.tgz",
        [
            ("package/package.json", {"name": "a", "version": "1"}),
            (link, b""),
            (device, b""),
            ("package/p.json", profile()),
        ],
    )
    assert list(open_package(archive).definitions.urls("StructureDefinition")) == [URL]
    assert sorted(p.name for p in (install(archive) / "package").iterdir()) == [
        "p.json",
        "package.json",
    ]
    said = f"{archive}: links are not followed, and what they stand for is left out: "
    assert caplog.messages == [f"{said}link.json, device.json"]
    for _ in range(2):  # read anew, and from what was kept of it
        assert open_package(archive).left_out == ("link.json", "device.json")


def test_a_job_says_which_links_of_a_package_it_does_not_follow(tmp_path, caplog):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "p.json").write_text(json.dumps(profile()))
    check_packages([str(folder)], ())
    assert caplog.messages == []
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    check_packages([str(folder)], ())
    assert caplog.messages == [
        f"{folder}: links are not followed, and what they stand for is left out: link.json"
    ]


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    (tmp_path / "secret.json").write_text(json.dumps(profile(url="http://example.org/secret")))
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "p.json").write_text(json.dumps(profile()))
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    assert list(open_package(folder).definitions.urls("StructureDefinition")) == [URL]


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tarball, "TOTAL_LIMIT", 1 << 20)
    with pytest.raises(PackageError, match="unpacks to more than 1 MB"):
        open_package(
            tgz(
                tmp_path / "bomb.tgz",
                [
                    ("package/package.json", {"name": "a"}),
                    ("package/other/big.bin", bytes(2 << 20)),
                ],
            )
        )
    monkeypatch.setattr(tarball, "FILE_LIMIT", 100)
    with pytest.raises(PackageError, match=r"big\.json has more than"):
        open_package(tgz(tmp_path / "large.tgz", [("package/big.json", bytes(101))]))


@pytest.mark.parametrize(
    "data",
    [b"", b"not gzip at all", gzip.compress(b"not tar" * 200), gzip.compress(b"x" * 4096)[:-12]],
    ids=["empty", "text", "no tar", "cut short"],
)
def test_a_damaged_archive_is_a_configuration_error_that_names_it(tmp_path, data):
    path = tmp_path / "bad.tgz"
    path.write_bytes(data)
    with pytest.raises(PackageError, match=r"bad\.tgz"):
        open_package(path)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[" * 100_000,
        b'{"resourceType":"StructureDefinition","url":"u","snapshot":[]}',
        b'{"resourceType":"CodeSystem","url":"u","concept":7}',
    ],
    ids=["cut", "deep", "list for object", "number for list"],
)
def test_a_broken_resource_is_a_configuration_error_that_names_the_file(tmp_path, content):
    with pytest.raises(PackageError, match=r"broken\.json"):
        open_package(
            tgz(
                tmp_path / "a.tgz",
                [("package/package.json", {"name": "a"}), ("package/broken.json", content)],
            )
        )


def test_examples_and_other_material_of_a_package_are_not_definitions(tmp_path):
    archive = tgz(
        tmp_path / "a.tgz",
        [
            ("package/package.json", {"name": "a"}),
            ("package/example/p.json", profile()),
            ("other/q.json", profile()),
        ],
    )
    assert list(open_package(archive).definitions.urls("StructureDefinition")) == []


def test_a_folder_without_definitions_is_refused(tmp_path):
    with pytest.raises(PackageError, match=r"neither package\.json nor conformance resources"):
        open_package(tmp_path / "home")


def test_the_cache_is_used_for_the_same_contents_only(tmp_path, monkeypatch):
    path = make(tmp_path, resources=[profile()])
    open_package(path)
    (cached,) = (tmp_path / "cache/bulkfhir/packages").iterdir()
    monkeypatch.setattr(package_module, "trim", None)  # would fail if the package were read again
    assert list(open_package(path).definitions.urls("StructureDefinition")) == [URL]
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    make(tmp_path, resources=[profile(url="http://example.org/new")])
    assert list(open_package(path).definitions.urls("StructureDefinition")) == [
        "http://example.org/new"
    ]
    assert cached.read_bytes()[32:].startswith(b"BFHIRDEF")


def test_a_damaged_cache_is_made_again(tmp_path):
    path = make(tmp_path, resources=[profile()])
    open_package(path)
    (cached,) = (tmp_path / "cache/bulkfhir/packages").iterdir()
    whole = cached.read_bytes()
    cached.write_bytes(whole[:-20])
    assert open_package(path).definitions.fetch("StructureDefinition", URL)["type"] == "Patient"
    assert cached.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_a_warning_only(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert open_package(make(tmp_path, resources=[profile()])).label == "a.b#1.0.0"
    assert "cannot be kept" in caplog.text


def test_installing_twice_or_under_a_hostile_name_is_refused(tmp_path):
    path = make(tmp_path)
    install(path)
    with pytest.raises(PackageError, match="is there already"):
        install(path)
    for name, version in (("../../x", "1"), ("a/b", "1"), ("a", ".."), ("", "1")):
        with pytest.raises(PackageError, match="no usable name and version"):
            install(make(tmp_path, name, version, [profile()], file="hostile.tgz"))
    assert [p.name for p in standard_cache().iterdir()] == ["a.b#1.0.0"]


@pytest.mark.skipif(not (SHARED / US_CORE).exists(), reason=f"needs {US_CORE} beside the project")
def test_us_core_is_read_whole():
    packages = Packages([str(SHARED / US_CORE)])
    assert packages.missing == ()
    assert len(list(packages.packages[0].definitions.urls("StructureDefinition"))) == 30
    race = packages.fetch(
        "StructureDefinition", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race|3.1.1"
    )
    assert race["context"] == [{"type": "element", "expression": "Patient"}]


def run(*arguments):
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


def test_the_command_line_adds_lists_and_shows_packages(tmp_path):
    assert run("list").stdout == ""
    extension = profile(url="http://example.org/e", type="Extension")
    path = make(
        tmp_path,
        resources=[profile(), extension, value_set()],
        dependencies={"hl7.fhir.r4.core": "4.0.1", "b": "2.0.0"},
    )
    assert run("add", str(path)).stdout == "a.b#1.0.0\n"
    assert run("list").stdout == "a.b#1.0.0\n"
    assert json.loads(run("list", "--json").stdout) == {
        "cache": str(standard_cache()),
        "packages": ["a.b#1.0.0"],
    }
    assert run("show", "a.b").stdout.splitlines() == [
        "a.b#1.0.0",
        f"path          {standard_cache() / 'a.b#1.0.0'}",
        "FHIR          4.0.1",
        "depends on    hl7.fhir.r4.core#4.0.1",
        "depends on    b#2.0.0  (not in the standard cache)",
        "profiles      1",
        f"  {URL}|1.0.0  Patient",
        "extensions    1",
        "  http://example.org/e|1.0.0  Extension",
        "value sets    1",
        "  http://example.org/ValueSet/v|1.0.0",
        "code systems  0",
    ]
    shown = json.loads(run("show", "--json", str(path)).stdout)
    assert (shown["name"], shown["missing"], len(shown["definitions"]["StructureDefinition"])) == (
        "a.b",
        ["b#2.0.0"],
        2,
    )


def test_the_command_line_raises_what_its_wall_turns_into_one_line(tmp_path):
    with pytest.raises(BulkfhirError, match="no such file or folder"):
        run("show", "nowhere")
    with pytest.raises(BulkfhirError, match="no such package, folder or file"):
        run("add", str(tmp_path / "nowhere.tgz"))
