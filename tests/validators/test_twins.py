"""A twin carries a digest of the code of its Python rule: an edit of the rule fails here, until
somebody has looked at the twin and written the new digest into it.

Formatting, comments, docstrings, imports and the words of declarations do not count.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = sorted(path for path in (ROOT / "native/src/twins").glob("*.rs") if path.stem != "mod")
TWINS = [*RULES, ROOT / "native/src/xhtml/mod.rs"]
"""Files that say whose twins they are: rules, and the reader of narratives."""
STATED = re.compile(r"^//! Twin of ([\w/., ]+?)\n(?://! )?\(digest ([0-9a-f]+)\)\.$", re.MULTILINE)


def tokens(node: object) -> Iterator[str]:
    """The code of a tree: names of nodes and fields, and what the leaves hold."""
    if isinstance(node, ast.AST):
        yield type(node).__name__
        for name, value in ast.iter_fields(node):
            if value not in (None, []) and name not in ("ctx", "kind", "type_comment"):
                yield name
                yield from tokens(value)
    elif isinstance(node, list):
        for each in node:
            yield from tokens(each)
    else:
        yield repr(node)


def is_no_code(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring, an import, or declares what a broken rule says."""
    match statement:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(ast.Constant(str())):
            return True
        case ast.Assign(_, ast.Call(ast.Name("Declaration"))):
            return True
        case ast.Assign(_, ast.Call(ast.Attribute(_, "also"))):
            return True
        case _:
            return False


def code(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [each for each in node.body if not is_no_code(each)] or [ast.Pass()]
    return " ".join(tokens(tree))


def digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(map(code, texts)).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    "twin", TWINS, ids=lambda path: path.parent.stem if path.stem == "mod" else path.stem
)
def test_a_twin_is_of_its_rule_as_it_stands(twin: Path) -> None:
    stated = STATED.search(twin.read_text())
    assert stated is not None, f"{twin.name} does not say whose twin it is"
    files = stated[1].split(" and ")
    found = digest(*((ROOT / name).read_text() for name in files))
    assert found == stated[2], (
        f"{stated[1]} has changed: look whether {twin.relative_to(ROOT)} still says the same, then "
        f"write (digest {found}) into it"
    )


@pytest.mark.parametrize("twin", RULES, ids=lambda path: path.stem)
def test_a_twin_is_named_for_its_rule(twin: Path) -> None:
    stated = STATED.search(twin.read_text())
    assert stated is not None
    assert stated[1].split(" and ")[0] == f"validators/rules/{twin.stem}.py"


RULE = '''
"""Sizes."""
from ..declaration import Declaration
BIG = Declaration("big", "error", "{size} is too big")

def check(value, scope):
    """Whether it is too big."""
    if value.get("size", 0) > 100:  # a limit
        return [BIG]
    return None
'''


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("  # a limit", "", False),
        ("from ..declaration", "from ..verdicts.declaration", False),
        ('"""Whether it is too big."""', "'''Whether.'''", False),
        ("is too big", "is much too big", False),
        ('value.get("size", 0)', 'value.get(\n        "size",\n        0,\n    )', False),
        ("> 100", ">= 100", True),
        ('"size"', '"length"', True),
        ("return None", "return []", True),
    ],
    ids=["comment", "import", "docstring", "declaration", "format", "operator", "member", "result"],
)
def test_only_code_counts(old: str, new: str, counts: bool) -> None:
    assert old in RULE
    assert (digest(RULE) != digest(RULE.replace(old, new))) is counts
