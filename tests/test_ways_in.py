"""Ways in: the steps of the container file, the GitHub Action and the pre-commit hook are run, but
for those that need a registry or root.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Make

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "fixtures" / "sample"
BAD = SAMPLE / "Patient.ndjson"
GOOD = SAMPLE / "Organization.ndjson"
BINARIES = Path(sys.executable).parent
INSTALLED = os.pathsep.join(place for place in sys.path if place.endswith("site-packages"))
"""What pip would fetch: it is here already, so that nothing is asked of a registry."""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BULKFHIR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{BINARIES}{os.pathsep}{os.environ['PATH']}")


def without_registry() -> dict[str, str]:
    """The environment of an install that fetches nothing and compiles no crate."""
    return os.environ | {
        "PYTHONPATH": INSTALLED,
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as a yes
        "PIP_NO_DEPS": "1",
        "PIP_NO_COMPILE": "0",  # as above: little of what is installed is imported
        "CARGO": "no-cargo",
    }


def ran(command: str, **how: Any) -> subprocess.CompletedProcess[str]:
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]
    return subprocess.run(shell, capture_output=True, text=True, check=False, **how)


# --- the container file

CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
AS_ROOT = ("apt-get", "useradd")
"""Commands of RUN lines that are not tried here: they change the machine."""


def instructions(word: str) -> Iterator[str]:
    """What follows a word, stage by stage, in order."""
    for line in CONTAINERFILE.splitlines():
        name, _, rest = line.partition(" ")
        if name == word:
            yield rest


def copied(target: Path) -> Path:
    """A folder with what the build stage copies, as it lies in a fresh checkout."""
    for rest in instructions("COPY"):
        if rest.startswith("--from"):
            continue
        *sources, place = rest.split()
        for source in sources:
            to = target / place
            if (ROOT / source).is_dir():
                leave = shutil.ignore_patterns("__pycache__", "*.so")
                shutil.copytree(ROOT / source, to, ignore=leave, dirs_exist_ok=True)
            else:
                to.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, to)
    return target


def test_a_container_is_built_and_validates_what_is_mounted(tmp_path: Path) -> None:
    source = copied(tmp_path / "source")
    place = str(tmp_path / "opt")
    runs = [each for each in instructions("RUN") if not each.startswith(AS_ROOT)]
    making, installing, checking = (each.replace("/opt", place) for each in runs)
    for command in (making, installing):
        made = ran(command, cwd=source, env=without_registry())
        assert made.returncode == 0, made.stderr
    checked = ran(checking, cwd=tmp_path, env=without_registry())
    assert checked.returncode != 0, "an image without the native acceptor passes"
    assert "AssertionError" in checked.stderr
    if native := native_module():
        (packages,) = Path(place).glob("bulkfhir/lib/python*/site-packages/bulkfhir")
        shutil.copy(native, packages)
        assert ran(checking, cwd=tmp_path, env=without_registry()).returncode == 0
    (path,) = (each.partition("=")[2] for each in instructions("ENV"))
    started = ran(
        shlex.join([*entry_point(), "validate", "."]),
        cwd=SAMPLE,
        env=without_registry() | {"PATH": path.replace("/opt", place).replace("$PATH", "/bin")},
    )
    assert started.returncode == 1, started.stderr
    assert "5,136 resources in 13 files" in started.stdout


def native_module() -> str | None:
    try:
        from bulkfhir import _native
    except ImportError:
        return None
    return _native.__file__


def entry_point() -> list[str]:
    (words,) = instructions("ENTRYPOINT")
    return yaml.safe_load(words)


def test_a_container_runs_as_nobody_in_particular_from_images_of_one_version() -> None:
    assert [user for user in instructions("USER") if user in ("0", "root")] == []
    images = {rest.split()[0] for rest in instructions("FROM")}
    assert len(images) == 1
    assert re.search(r":3\.\d+-", images.pop())


# --- the GitHub Action

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def runner(once: Callable[[str, Make], Path]) -> Path:
    """The temporary folder of a GitHub runner, where the action has installed bulkfhir."""

    def make(folder: Path) -> None:
        checkout = str(copied(folder / "action"))
        where = {"github.action_path": checkout, "steps.python.outputs.python-path": sys.executable}
        made = step("Install bulkfhir", where, folder, folder, without_registry())
        assert made.returncode == 0, made.stderr

    return once("runner", make)


def step(
    name: str,
    known: Mapping[str, str],
    folder: Path,
    temporary: Path,
    environment: Mapping[str, str],
) -> subprocess.CompletedProcess[str]:
    """Run a step as a runner does: its expressions stand in its environment, never in its text."""
    (found,) = (each for each in ACTION["runs"]["steps"] if each.get("name") == name)
    assert "${{" not in found["run"], "what somebody else wrote would become a part of the script"
    own = {
        key: re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: known[match[1]], value)
        for key, value in found["env"].items()
    }
    return ran(found["run"], cwd=folder, env={**environment, **own, "RUNNER_TEMP": str(temporary)})


def validated(runner: Path, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """What the action says with some inputs, the others as they are when nobody gives them."""
    assert inputs.keys() <= ACTION["inputs"].keys()
    given = {name: declared["default"] for name, declared in ACTION["inputs"].items()} | inputs
    known = {f"inputs.{name}": value for name, value in given.items()}
    return step("Validate", known, folder, runner, os.environ | {"PYTHONPATH": INSTALLED})


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The checkout of somebody who has a good file and a bad one, with a blank in its name."""
    shutil.copy(BAD, tmp_path / "bad patients.ndjson")
    shutil.copy(GOOD, tmp_path)
    return tmp_path


def test_the_action_marks_every_finding_and_fails(runner: Path, work: Path) -> None:
    said = validated(runner, work)
    assert said.returncode == 1
    marks = [line for line in said.stdout.splitlines() if line.startswith("::error ")]
    assert len(marks) == 4
    assert marks[0].startswith("::error file=bad patients.ndjson,line=17,title=date::")


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        pytest.param(
            {"sources": "\nOrganization.ndjson\nbad patients.ndjson\n"}, 1, id="two-files"
        ),
        pytest.param({"arguments": "--exit-zero\n--max-issues\n5"}, 0, id="options"),
        pytest.param({"sources": "Organization.ndjson"}, 0, id="the-good-file"),
        pytest.param({"level": "minimal"}, 0, id="level-at-which-all-is-good"),
        pytest.param({"packages": "no such package"}, 2, id="package-that-is-not-there"),
        pytest.param({"sources": "--help"}, 2, id="source-that-looks-like-an-option"),
        pytest.param({"sources": "$(touch made); touch made"}, 2, id="source-that-is-a-script"),
    ],
)
def test_inputs_of_the_action(runner: Path, work: Path, inputs: dict[str, str], code: int) -> None:
    said = validated(runner, work, **inputs)
    assert said.returncode == code, said.stderr
    assert not (work / "made").exists()


# --- the pre-commit hook

(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("data/Patient.ndjson", True),
        ("Patient.jsonl", True),
        ("Patient.ndjson.gz", True),
        ("Patient.json", False),
        ("ndjson", False),
        ("Patient.ndjson.md", False),
    ],
)
def test_files_that_the_hook_is_given(name: str, *, taken: bool) -> None:
    assert bool(re.search(HOOK["files"], name)) is taken


@pytest.mark.parametrize(("names", "code"), [([GOOD], 0), ([GOOD, BAD], 1)], ids=["good", "bad"])
def test_the_hook_fails_where_a_line_is_rejected(
    names: list[Path], code: int, tmp_path: Path
) -> None:
    said = ran(shlex.join([*shlex.split(HOOK["entry"]), *map(str, names)]), cwd=tmp_path)
    assert said.returncode == code
    assert len(said.stdout.splitlines()) == 4 * code
    assert HOOK["language"] == "python"
    assert HOOK["require_serial"]
