"""What a shell completes: the scripts that docs/command-line.md has it load, in the shells that are
here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
LOADING = {
    "bash": 'eval "$(_BULKFHIR_COMPLETE=bash_source bulkfhir)"',
    "zsh": 'eval "$(_BULKFHIR_COMPLETE=zsh_source bulkfhir)"',
    "fish": "_BULKFHIR_COMPLETE=fish_source bulkfhir | source",
}
BASH = """
compopt() { local IFS=' '; echo "compopt $*"; }  # the real one works only where Tab was pressed
COMP_WORDS=(TYPED) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_bulkfhir_completion bulkfhir
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs what a shell is told in a folder with an export, once it has loaded the script."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "export one.ndjson").touch()

    def call(name: str, told: str) -> list[str]:
        if shutil.which(name) is None:
            pytest.skip(f"no {name} here")
        made = subprocess.run(
            [name, "-c", f"{LOADING[name]}\n{told}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert made.stderr == ""
        return made.stdout.splitlines()

    return call


@pytest.mark.parametrize("name", LOADING)
def test_the_page_says_how_a_shell_loads_its_script(name):
    assert f"\n{LOADING[name]}\n" in PAGE


COMPLETED = {
    "command": ("valid", ["validate"]),
    "choice": ("validate --level str", ["strict", "structure-only"]),
    "option": ("import --rejec", ["--rejected"]),
    "rule": ("explain blank-", ["blank-string"]),
}


@pytest.mark.parametrize("what", COMPLETED)
def test_bash_completes(shell, what):
    typed, offered = COMPLETED[what]
    words = " ".join(["bulkfhir", *typed.split()])
    found = shell("bash", BASH.replace("TYPED", words))
    assert [each for each in found if each in offered] == offered


@pytest.mark.parametrize("place", ["validate exp", "import --package exp", "packages show exp"])
def test_bash_completes_files_by_itself(shell, place):
    found = shell("bash", BASH.replace("TYPED", f"bulkfhir {place}"))
    assert found[0] == "compopt -o default"


@pytest.mark.parametrize("what", COMPLETED)
def test_fish_completes(shell, what):
    typed, offered = COMPLETED[what]
    found = shell("fish", f'complete -C "bulkfhir {typed}"')
    assert [each for each in (line.split("\t")[0] for line in found) if each in offered] == offered


def test_fish_completes_files(shell):
    assert shell("fish", 'complete -C "bulkfhir validate exp"') == ["export one.ndjson"]
