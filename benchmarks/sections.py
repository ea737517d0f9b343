"""Sections: the parts of a whole run, each kept in a file once it is measured, so that a run that
was ended goes on where it stopped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jobs import Alone, Job, Pair
from rounds import Run

__all__ = ["GUIDES", "JOBS", "TRAITS", "Results", "kept", "summed", "taken"]

JOBS, TRAITS, GUIDES = "jobs", "traits", "guides"
"""Sections beside those of the inputs, which have the inputs' names."""


@dataclass
class Results:
    """What has been measured so far.

    traits, guides  round by round, the share of each by its name
    left_out        candidate -> why it could not be measured
    """

    runs: list[Run] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    alone: list[Alone] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    traits: list[dict[str, float]] = field(default_factory=list)
    guides: list[dict[str, float]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def summed(several: Iterable[Results]) -> Results:
    """Return the results of several sections as one."""
    found = Results()
    for one in several:
        for name in ("runs", "jobs", "alone", "pairs", "traits", "guides"):
            getattr(found, name).extend(getattr(one, name))
        found.left_out.update(one.left_out)
    return found


def kept(folder: Path, name: str, settings: object, results: Results) -> None:
    """Keep what a section came to, and the settings that it was measured by."""
    folder.mkdir(exist_ok=True)
    document = {"settings": settings, **asdict(results)}
    _place(folder, name).write_text(json.dumps(document) + "\n")


def taken(folder: Path, name: str, settings: object) -> Results | None:
    """Return what a section came to earlier; None where it was not measured by these settings."""
    place = _place(folder, name)
    if not place.exists():
        return None
    document: dict[str, Any] = json.loads(place.read_text())
    if document.pop("settings") != settings:
        return None
    runs = [Run(**{**one, "refused": tuple(one["refused"])}) for one in document.pop("runs")]
    for kind, name in ((Job, "jobs"), (Alone, "alone"), (Pair, "pairs")):
        document[name] = [kind(**one) for one in document[name]]
    return Results(runs=runs, **document)


def _place(folder: Path, name: str) -> Path:
    return folder / f"{re.sub(r'[^a-z0-9]+', '-', name)}.json"
