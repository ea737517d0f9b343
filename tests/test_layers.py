"""Imports only lead down, and a name stands for one thing: the figures of tests/layers.py are
nothing, and that script sees what it is to see.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_spec = importlib.util.spec_from_file_location("layers", ROOT / "tests/layers.py")
layers = importlib.util.module_from_spec(_spec)
sys.modules["layers"] = layers  # dataclasses look their module up there
_spec.loader.exec_module(layers)


@pytest.fixture(scope="module")
def figures():
    """The figures of this checkout; counting them takes seconds."""
    return dict(layers.figures(ROOT))


@pytest.mark.parametrize("figure", [name.replace("_", " ") for name in layers.Figures.__slots__])
def test_nothing_is_left_of(figures, figure):
    found = figures[figure]
    assert not found, "\n".join(found)


@pytest.fixture
def checkout(tmp_path):
    """Writes a checkout of the files it is given and returns its folder."""

    def made(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("/init", "/__init__")
            path = path.with_suffix(".rs" if name.startswith("native") else ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "native").mkdir(exist_ok=True)
        (tmp_path / "native/Cargo.toml").touch()
        return tmp_path

    return made


@pytest.mark.parametrize(
    "back",
    [
        "from ..rules import rule",
        "from bulkfhir.validators.rules import rule",
        "import bulkfhir.validators.rules.rule",
        "def later():\n    from ..rules.rule import Rule",
        "if TYPE_CHECKING:\n    from ..rules.rule import Rule",
    ],
    ids=["relative", "absolute", "import", "function", "type-checking"],
)
def test_a_circle_is_seen_however_it_is_closed(checkout, back):
    root = checkout(
        validators__rules__init="",
        validators__rules__rule="from ..checks.check import Check",
        validators__checks__init="",
        validators__checks__check=back,
    )
    found = layers.figures(root)
    assert found.circles == ("validators.checks.check, validators.rules.rule",)
    assert found.room_circles == ("validators.checks, validators.rules",)
    assert "validators.checks.check -> validators.rules.rule" in found.upward


def test_importing_a_file_runs_the_door_of_its_package(checkout):
    root = checkout(
        engine__job="from .jobs.status import Status",
        engine__jobs__init="from .recording import recorded",
        engine__jobs__recording="from ..job import job",
        engine__jobs__status="",
    )
    assert layers.figures(root).circles == (
        "engine.job, engine.jobs.__init__, engine.jobs.recording",
    )


def test_a_door_may_import_what_lies_behind_it(checkout):
    root = checkout(
        engine__jobs__init="from .store import Store",
        engine__jobs__store="from .database import Database\nfrom . import database",
        engine__jobs__database="",
    )
    assert layers.figures(root).circles == ()


def test_a_file_on_no_line_is_named(checkout):
    assert layers.figures(checkout(engine__utils="")).unplaced == ("engine.utils",)


def test_files_at_the_top_are_named_where_they_are_many(checkout):
    files = {f"engine__name{number}": "" for number in range(layers.LOOSE)}
    assert layers.figures(checkout(**files)).loose == ()
    found = layers.figures(checkout(**files, engine__one_more="", engine__room__init="")).loose
    assert len(found) == layers.LOOSE + 1


def test_names_for_two_things_are_named(checkout):
    root = checkout(
        engine__rows="class Row: ...",
        validators__values__rows="class Row: ...",
        validators__values__values="class _Row: ...",
        validators__values__queue="",
    )
    found = layers.figures(root)
    assert found.doubled_modules == ("rows: validators.values.rows, engine.rows",)
    assert found.doubled_types == ("Row: validators.values.rows, engine.rows",)
    assert set(found.misnamed) == {"validators.values.values", "validators.values.queue"}


@pytest.mark.parametrize(
    "back",
    [
        "use super::Outcome;",
        "use crate::walk::Outcome;",
        "use crate::{tape::Tape, walk::{Outcome, Place}};",
        "fn f() { crate::walk::judge() }",
    ],
    ids=["super", "crate", "braces", "path"],
)
def test_a_circle_in_the_crate_is_seen(checkout, back):
    root = checkout(
        native__src__lib="mod walk; mod tape;",
        native__src__tape="// use crate::walk::Outcome;",
        native__src__walk__mod="mod bundle;",
        native__src__walk__bundle=back,
    )
    assert layers.figures(root).crate_circles == ("walk, walk::bundle",)


ROOMS = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for side in layers.COLUMN
    for path in ROOT.glob(f"{side}/*/__init__.py")
)


@pytest.mark.parametrize("folder", ROOMS)
def test_the_guide_says_what_a_folder_is_for(folder):
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("## Where to find the place")[2]
    assert f"`{folder}/" in table, "add a line to the table"
