"""Examples that a page shows: what is typed, and what it prints, told apart and compared."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

__all__ = ["blocks", "console_examples", "run_console_examples"]


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


def run_console_examples(text: str, folder: Path) -> int:
    """Run each command of a page in order, and hold what it prints beside what the page shows.

    Returns how many there are.
    """
    examples = console_examples(text)
    for command, shown in examples:
        ran = subprocess.run(
            ["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False
        )
        assert ran.stderr == "", command
        assert _pattern(shown).fullmatch(_plain(ran.stdout)), f"{command}\n{ran.stdout}"
    return len(examples)


def _pattern(shown: str) -> re.Pattern[str]:
    """``...`` stands for anything, also for whole lines; white space at line ends and the widths of
    columns do not count.
    """
    escaped = re.escape(_plain(shown)).replace(re.escape("..."), ".*")
    return re.compile(escaped, re.DOTALL)


def _plain(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
