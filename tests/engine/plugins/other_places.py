"""Places that a worker may be in: another disk, no bulkfhir, another version of it. Nothing of
bulkfhir is imported here.
"""

import importlib.metadata
import os
import platform
import sys
from pathlib import Path


def at(root):
    """Another folder stands for S3."""
    os.environ["BULKFHIR_S3_ROOT"] = root


def at_one_answer_only(root):
    """Another folder stands for S3; the second time that the machine's name is asked for fails."""
    at(root)
    names = iter(["here"])
    platform.node = lambda: next(names, None) or _fail()


def _fail():
    raise OSError("gone")


def without_bulkfhir():
    """Python as it is where bulkfhir was never installed."""
    sys.path[:] = [path for path in sys.path if not list(Path(path or ".").glob("bulkfhir-*"))]
    sys.meta_path[:] = [one for one in sys.meta_path if "Editable" not in str(one)]
    for name in [name for name in sys.modules if name.startswith("bulkfhir")]:
        del sys.modules[name]


def of_another_version():
    """An installation that says another version."""
    importlib.metadata.version.__code__ = (lambda distribution_name: "0.0.1").__code__
