"""The README is true: its console examples print what it says, its Python runs, and CI runs its two
commands.
"""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from tests.shown_examples import ROOT, blocks, reader_of, run_console_examples

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder as the README's reader has it, beside nothing of the reader's own."""
    reader_of(tmp_path, monkeypatch)
    return tmp_path


def test_console_examples_print_what_the_readme_shows(folder: Path) -> None:
    assert run_console_examples(README, folder) >= 4


def test_python_examples_run(folder: Path) -> None:
    (text,) = blocks(README, "pycon")
    example = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
    said: list[str] = []
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert results.attempted >= 8
    assert results.failed == 0, "".join(said)


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    installing = [
        line.removeprefix("$ ")
        for block in blocks(README, "console")
        for line in block.splitlines()
        if "pip install" in line
    ]
    assert len(installing) == 2
    script = (ROOT / ".ci" / "run").read_text()
    for command in installing:
        assert command in script


def test_exit_codes_of_the_readme_are_those_of_the_program() -> None:
    from bulkfhir.engine.cli import exits

    table = README[README.index("## Exit codes") : README.index("## Configuration")]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == {
        getattr(exits, name) for name in exits.__all__
    }


def test_output_formats_of_the_readme_are_those_of_the_program() -> None:
    from bulkfhir.engine.cli.reports import FORMATS

    table = README[
        README.index("| `--output-format` |") : README.index("The result goes to standard output")
    ]
    rows = [row.split("|")[1] for row in table.splitlines()[2:] if row.startswith("|")]
    told = sorted(name for row in rows for name in re.findall(r"`([\w-]+)`", row))
    assert told == sorted(FORMATS), "the table below `--output-format` in README.md"


def test_readme_names_every_command() -> None:
    from bulkfhir.engine.cli.program import COMMANDS

    assert [name for name in COMMANDS if f"bulkfhir {name}" not in README] == []


def test_places_that_contributing_names_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = "benchmarks|docs|engine|native|tests|validators"
    named = re.findall(rf"`((?:{folders})/[\w./-]+)`", text)
    kinds = ("NAME", "attachment_limit")  # what a reader is to make
    gone = {one for one in named if not (ROOT / one).exists() and not any(k in one for k in kinds)}
    assert gone == set()
    assert len(named) > 80


def test_links_of_the_readme_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
