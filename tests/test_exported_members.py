"""What a package's door names can be imported from it, and nothing public that it defines is left
out.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = tomllib.loads((Path(__file__).resolve().parents[1] / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["setuptools"]["packages"]
DOORS = [name for name in PACKAGES if hasattr(importlib.import_module(name), "__all__")]


def defined(module: ModuleType) -> set[str]:
    """The public classes and functions that a module defines itself."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    }


@pytest.mark.parametrize("name", DOORS)
def test_every_name_of_a_door_can_be_imported(name):
    door = importlib.import_module(name)
    assert len(set(door.__all__)) == len(door.__all__)
    for member in door.__all__:
        assert getattr(door, member) is not None, member


@pytest.mark.parametrize("name", DOORS)
def test_a_door_names_all_that_it_defines(name):
    door = importlib.import_module(name)
    assert defined(door) - set(door.__all__) == set()


@pytest.mark.parametrize("name", sorted(set(PACKAGES) - set(DOORS)))
def test_a_package_without_a_door_defines_nothing(name):
    assert defined(importlib.import_module(name)) == set()


def test_the_version_is_the_installed_one():
    import bulkfhir

    assert bulkfhir.__version__ == importlib.metadata.version("bulkfhir")
