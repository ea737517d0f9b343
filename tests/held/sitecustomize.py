"""Holds a job of a test: a thread that opens a file with HELD_FILE in its path stands still, and
says so by a file ``held`` in the folder HELD_IN, until a file ``go`` is there.

Python imports it at its start where this folder is in PYTHONPATH. So a job stands in the middle of
its work for as long as a test wants, on the path that it takes without tests.
"""

import os
import sys
import time
from pathlib import Path


def _hold(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _FILE in str(arguments[0]) and not _GO.exists():
        _HELD.touch()
        while not _GO.exists():
            time.sleep(0.005)


if "HELD_FILE" in os.environ:
    _FILE, _FOLDER = os.environ["HELD_FILE"], Path(os.environ["HELD_IN"])
    _HELD, _GO = _FOLDER / "held", _FOLDER / "go"
    sys.addaudithook(_hold)
