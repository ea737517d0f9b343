"""Examples that a page shows: what is typed, and what it prints, told apart and compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

__all__ = [
    "PAGES",
    "ROOT",
    "Fence",
    "blocks",
    "console_examples",
    "fences",
    "reader_of",
    "run_console_examples",
]

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted(ROOT.glob("*/README.md")),
        *sorted(ROOT.glob("*/*/README.md")),
    )
    if "pages" not in path.parts  # tests/validators/test_pages.py judges every line of those
}
"""Name -> text of every page whose examples a reader may try."""


class Fence(NamedTuple):
    """An example of a page: ``sh``, ``yaml``, ``python``; "" where it says no language."""

    page: str
    language: str
    text: str

    @property
    def head(self) -> str:
        """The first line, by which a fence is told from the others of its page."""
        return self.text.partition("\n")[0].strip()


def fences(page: str) -> list[Fence]:
    """Every fence of a page but those that are directives of the site."""
    found = re.findall(r"^( *)```([^\n`]*)\n(.*?)^\1```$", PAGES[page], re.MULTILINE | re.DOTALL)
    return [
        Fence(page, language.strip(), text)
        for _, language, text in found
        if not language.startswith("{")
    ]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def console_examples(text: str) -> list[tuple[str, str]]:
    """(command, output as the page shows it), but for what installs."""
    found = []
    for block in blocks(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if "<<'END'" in command:  # what a command is given stands behind it
                command, output = part, ""
            if "pip install" not in command:
                found.append((command, output))
    return found


def reader_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder the place where a page's reader works, beside nothing of the reader's own."""
    if not (folder / "fixtures").exists():
        (folder / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(folder)


def run_console_examples(text: str, folder: Path) -> int:
    """Run each command of a page in order, and hold what it prints beside what the page shows. A
    variable that a line exports holds for those that follow.

    Returns how many there are.
    """
    examples = console_examples(text)
    exported = ""
    for command, shown in examples:
        ran = subprocess.run(
            ["/bin/sh", "-c", f"{exported}{command}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stderr == "", command
        assert _pattern(shown).fullmatch(_plain(ran.stdout)), f"{command}\n{ran.stdout}"
        if command.startswith("export ") and ";" not in command:
            exported += f"{command}\n"
    return len(examples)


def _pattern(shown: str) -> re.Pattern[str]:
    """``...`` stands for anything, also for whole lines; white space at line ends and the widths of
    columns do not count.
    """
    escaped = re.escape(_plain(shown)).replace(re.escape("..."), ".*")
    return re.compile(escaped, re.DOTALL)


def _plain(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
