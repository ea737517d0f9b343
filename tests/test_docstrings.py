"""Docstrings of the product name their subject: none begins with a pronoun in place of one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WORDS = ("What ", "Whether ", "The same ")


def headless(path: Path) -> Iterator[str]:
    """Yield where each docstring stands that begins so."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text and text.startswith(WORDS):
                line = node.body[0].lineno
                yield f"{path.relative_to(ROOT)}:{line}: {text.splitlines()[0]}"


@pytest.mark.parametrize("folder", ["engine", "validators"])
def test_a_docstring_begins_with_its_subject_or_its_verb(folder: str) -> None:
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    assert [found for path in paths for found in headless(path)] == []
