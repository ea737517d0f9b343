"""Our own plug-ins stand twice: where an installer reads them, and where a worker finds them."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from bulkfhir.engine import plugins
from bulkfhir.engine.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_table_is_that_of_the_entry_points() -> None:
    assert {
        (group, name): target
        for group, entries in PROJECT["entry-points"].items()
        for name, target in entries.items()
    } == plugins._OWN, "an entry point of ours also stands in _OWN of engine/plugins.py"


@pytest.mark.parametrize(("group", "name"), [key for key in plugins._OWN if key[1] == "futures"])
def test_an_own_plug_in_is_loaded_without_looking_through_what_is_installed(
    monkeypatch: pytest.MonkeyPatch, group: str, name: str
) -> None:
    def refuse(group: str) -> None:
        raise AssertionError("what is installed was looked through")

    monkeypatch.setattr(plugins, "_installed", refuse)
    assert callable(plugins.load(group, name))


def install(folder: Path, target: str, version: str = "1") -> Path:
    """Install a version of a distribution whose validator ``mended`` is ``target``."""
    described = folder / f"mended-{version}.dist-info"
    described.mkdir(exist_ok=True)
    (described / "METADATA").write_text(f"Name: mended\nVersion: {version}\n")
    entry = f"[{plugins.VALIDATORS}]\nmended = {target}\n"
    (described / "entry_points.txt").write_text(entry)
    return described


def test_one_that_cannot_be_loaded_is_named_and_looked_for_again_once_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    for target in ("json:Absent", "no_such_module:Absent"):
        install(tmp_path, target)
        with pytest.raises(ConfigurationError, match="mended: this plug-in cannot be imported: "):
            plugins.load(plugins.VALIDATORS, "mended")
    install(tmp_path, "json:loads")
    assert plugins.load(plugins.VALIDATORS, "mended") is json.loads


def test_one_that_was_replaced_or_removed_meanwhile_is_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = install(tmp_path, "json:loads")
    assert plugins.load(plugins.VALIDATORS, "mended") is json.loads
    shutil.rmtree(before)
    after = install(tmp_path, "json:dumps", "2")
    assert plugins.load(plugins.VALIDATORS, "mended") is json.dumps
    shutil.rmtree(after)
    with pytest.raises(ConfigurationError, match="mended: no such validator"):
        plugins.load(plugins.VALIDATORS, "mended")
