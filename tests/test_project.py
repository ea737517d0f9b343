"""The project as it is packaged: what an install holds, and that lists written out by hand are
true.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bulkfhir.validators.native.type_table import TypeTable
from tests.conftest import Make

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = ("engine", "validators")
FRONT = Path("engine/front")
"""The folder of the package `bulkfhir` itself."""
TABLE = "validators/native/types.table"
"""What the build of a wheel makes, but for the crate."""


def shipped(folder: Path) -> list[Path]:
    """Every file under one of the package folders, except caches and what a build makes."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.suffix not in {".so", ".pyc", ".table"}
    ]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a build reads, so that building leaves nothing in the tree and finds nothing
    stale in it.
    """
    return copied(tmp_path_factory.mktemp("checkout"))


def copied(copy: Path) -> Path:
    """Fill a folder with what a build reads."""
    for name in ("pyproject.toml", "setup.py", "Makefile", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    for name in FOLDERS:
        shutil.copytree(
            ROOT / name,
            copy / name,
            ignore=shutil.ignore_patterns("__pycache__", "target", "*.so", "*.table"),
        )
    return copy


def installed(path: Path) -> str:
    """The place in an install of a file of the checkout, by its path from the root."""
    if path.is_relative_to(FRONT):
        return f"bulkfhir/{path.relative_to(FRONT)}"
    return f"bulkfhir/{path}"


def build(checkout: Path, hook: str, **settings: str) -> Path:
    """The wheel that a PEP 517/660 hook of the build backend makes."""
    code = f"from setuptools import build_meta; print(build_meta.{hook}('dist', {settings!r}))"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return checkout / "dist" / made.stdout.split()[-1]


def made_by_one_command(checkout: Path) -> None:
    """Make a wheel in dist/ as ``make wheels`` does, of what is installed here."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as a yes
    }
    subprocess.run(["make", "-s", "wheels"], cwd=checkout, env=environment, check=True)


def offered(wheel: Path, environment: Path) -> dict[str, str | None]:
    """Name -> file it is imported from, for the names that an install must and must not offer.

    A bare environment holds that wheel and nothing else.
    """
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--no-compile",
        str(wheel),
    ]
    subprocess.run(pip, check=True, capture_output=True)
    names = ("engine", "validators", "bulkfhir", "bulkfhir.engine", "bulkfhir.validators")
    code = (
        "import importlib.util as i, json; print(json.dumps({n: getattr(i.find_spec(n), "
        f"'origin', None) for n in {names}}}))"
    )
    return json.loads(
        subprocess.run(
            [python, "-I", "-c", code], cwd=environment, check=True, capture_output=True
        ).stdout
    )


def test_package_list_names_every_folder_with_modules() -> None:
    found = {
        str(Path(installed(path.relative_to(ROOT))).parent).replace("/", ".")
        for folder in FOLDERS
        for path in shipped(ROOT / folder)
        if path.suffix == ".py"
    }
    assert sorted(found) == PROJECT["tool"]["setuptools"]["packages"]


@pytest.fixture(scope="module")
def wheel(once: Callable[[str, Make], Path]) -> Path:
    made = once("wheel", lambda folder: made_by_one_command(copied(folder)))
    (wheel,) = (made / "dist").glob("*.whl")
    return wheel


def test_wheel_holds_the_table_of_all_types_as_this_checkout_makes_it(
    wheel: Path, type_tables: tuple[dict[bool, TypeTable], bytes]
) -> None:
    assert zipfile.ZipFile(wheel).read(f"bulkfhir/{TABLE}") == type_tables[1]


def test_without_the_libraries_that_the_table_takes_a_build_makes_none_and_says_so(
    checkout: Path,
) -> None:
    code = (
        "import sys, importlib.util as util; found = util.find_spec; "
        "util.find_spec = lambda name, *more: None if name == 'orjson' else found(name, *more); "
        "sys.argv = ['setup.py', '-q', 'build_py', '--build-lib', 'without']; "
        "exec(open('setup.py').read())"
    )
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert "no table of types in this wheel" in made.stderr
    assert (checkout / "without" / "bulkfhir" / "validators" / "native").is_dir()
    assert not (checkout / "without" / "bulkfhir" / TABLE).exists()


def test_wheel_holds_the_packages_whole_and_nothing_else_at_top_level(
    checkout: Path, wheel: Path, tmp_path: Path
) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {
        "bulkfhir",
        f"bulkfhir-{PROJECT['project']['version']}.dist-info",
    }
    expected = {
        installed(path.relative_to(checkout))
        for folder in FOLDERS
        for path in shipped(checkout / folder)
    } | {f"bulkfhir/{TABLE}"}
    assert {
        name for name in names if name.startswith("bulkfhir/") and not name.endswith(".so")
    } == expected
    found = offered(wheel, tmp_path / "environment")
    assert found["engine"] is None
    assert found["validators"] is None
    for name in ("bulkfhir", "bulkfhir.engine", "bulkfhir.validators"):
        assert found[name].endswith(f"/site-packages/{name.replace('.', '/')}/__init__.py")


@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_editable_install_offers_only_bulkfhir(checkout: Path, tmp_path: Path, mode: str) -> None:
    found = offered(build(checkout, "build_editable", editable_mode=mode), tmp_path / "environment")
    assert found["engine"] is None
    assert found["validators"] is None
    for name in FOLDERS:
        assert Path(found[f"bulkfhir.{name}"]).samefile(checkout / name / "__init__.py")
    assert Path(found["bulkfhir"]).samefile(checkout / FRONT / "__init__.py")
    assert not (checkout / "bulkfhir").exists()


def test_the_front_imports_nothing_and_offers_what_it_names() -> None:
    code = (
        "import sys, bulkfhir; "
        "print([m for m in sys.modules if m.startswith('bulkfhir.')]); "
        "print([getattr(bulkfhir, name) for name in bulkfhir.__all__])"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.splitlines()[0] == "[]"


@pytest.mark.parametrize(
    ("code", "exits"),
    [
        ("from bulkfhir.engine.cli import main; main()", 2),
        ("from bulkfhir import import_job", 1),
        ("from bulkfhir.engine import validate_files", 1),
    ],
    ids=["command", "front", "engine"],
)
def test_windows_is_refused_by_one_sentence(code: str, exits: int) -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.platform = 'win32'; {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == exits
    assert "bulkfhir runs on Linux and macOS" in said.stderr.splitlines()[-1]
    assert (len(said.stderr.splitlines()) == 1) is (exits == 2)


def test_licence_is_apache_2_in_full_and_notice_names_the_owners_of_quoted_codes() -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    notice = (ROOT / "NOTICE").read_text()
    for owner in (
        "CC0",
        "SNOMED International",
        "Regenstrief",
        "UCUM Organization",
        "SIX Financial",
        "ISO 3166",
        "NUCC",
        "NEMA",
    ):
        assert owner in notice


def test_version_is_the_same_for_pip_and_for_the_program() -> None:
    from importlib.metadata import version

    assert version("bulkfhir") == PROJECT["project"]["version"]
