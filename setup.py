"""The one step of a build that pyproject.toml cannot say: a wheel gets the table of all types
(validators/native/type_table.py), made by the packages that go into it.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TABLE = "validators/native/types.table"


class BuildWithTable(build_py):
    """The step ``build_py``, and the table in what it built."""

    def run(self) -> None:
        """Copy the packages, then make the table; an editable install has none."""
        super().run()
        if not self.editable_mode:
            make_table(Path(self.build_lib).resolve())


def make_table(built: Path) -> None:
    """Make the table in a folder that holds the packages.

    Without the libraries that it takes, as in an environment where somebody builds without
    isolation, the wheel has none: types are lowered when data have them.
    """
    missing = [name for name in ("orjson", "zstandard") if find_spec(name) is None]
    if missing:
        logging.getLogger("bulkfhir").warning(
            "no table of types in this wheel, it would start slower: %s not installed here",
            " and ".join(missing),
        )
        return
    path = os.pathsep.join(filter(None, (str(built), os.environ.get("PYTHONPATH"))))
    file = built / "bulkfhir" / TABLE
    if Path(TABLE).exists():  # what a checkout has made is taken where it is of these sources
        shutil.copy(TABLE, file)
    maker = "bulkfhir.validators.native.type_table_build"
    subprocess.run(  # noqa: S603  # this Python, a module of ours
        [sys.executable, "-B", "-m", maker, str(file)],  # -B: no caches to pack
        env={**os.environ, "PYTHONPATH": path},
        cwd=built,
        check=True,
    )


setup(cmdclass={"build_py": BuildWithTable})
