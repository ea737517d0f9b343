"""Another revision of the project: its packages under their real names, and how its verdicts differ
from ours.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["checked_out", "difference"]

ROOT = pathlib.Path(__file__).resolve().parents[2]


@contextmanager
def checked_out(revision: str) -> Iterator[pathlib.Path]:
    """Yield a folder for PYTHONPATH that holds the packages of a git revision; it needs what is
    installed for the working tree, and has no native module, so that everything is explained.

    Raises subprocess.CalledProcessError for a revision that git does not know.
    """
    with tempfile.TemporaryDirectory() as temporary:
        tree = pathlib.Path(temporary) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", str(tree), revision], check=True)
        try:
            yield _packages(tree, pathlib.Path(temporary) / "packages")
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def _packages(tree: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Link the packages of a checkout as its pyproject.toml names them; return their folder."""
    settings = tomllib.loads((tree / "pyproject.toml").read_text())["tool"]["setuptools"]
    places = {name: tree / place for name, place in settings["package-dir"].items()}
    front = folder / "bulkfhir"
    front.mkdir(parents=True)
    for path in places.get("bulkfhir", pathlib.Path("none")).glob("*"):
        (front / path.name).symlink_to(path)
    for name in ("engine", "validators"):
        (front / name).symlink_to(places[f"bulkfhir.{name}"])
    return folder


def difference(before: pathlib.Path, after: pathlib.Path) -> list[str]:
    """Return the issues that only one of two files of issues (jsonl) has, in the order of their
    lines: ``- line …`` for what is no longer found, ``+ line …`` for what is new.
    """
    one, other = _issues(before), _issues(after)
    gone = ((key, "-", count) for key, count in (one - other).items())
    new = ((key, "+", count) for key, count in (other - one).items())
    return [
        f"{sign} line {line}  {severity} {rule}  {location}  {text}"
        for (line, location, rule, severity, text), sign, count in sorted([*gone, *new])
        for _ in range(count)
    ]


def _issues(path: pathlib.Path) -> Counter[tuple[int, str, str, str, str]]:
    rows = map(json.loads, path.read_text().splitlines())
    members = ("line", "location", "rule", "severity", "diagnostics")
    return Counter(tuple(row[name] for name in members) for row in rows)
