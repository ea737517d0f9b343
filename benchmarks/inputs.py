"""The lines that are measured: clean, one in five dirty, all dirty, and lines that claim profiles;
each whole and as a sample for slow peers.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = [
    "Input",
    "Labels",
    "copies",
    "distinct",
    "find_files",
    "make_dirty",
    "only_bad",
    "read_input",
    "read_labels",
    "sampled",
]

_MUTATE = Path(__file__).resolve().parents[1] / "tests" / "oracle" / "mutate.py"

_ID = re.compile(rb'^{"resourceType": ?"\w+", ?"id": ?"(?=[^"]{1,60}")')
"""Up to an id with room for a few characters more."""
_UUID = re.compile(rb"\b([0-9a-f]{8})(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)")
_MOMENT = re.compile(rb'(?<=")\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d)?(?=[".+Z-])')
_SPREAD = 0x9E3779B1
"""Odd, so that different numbers give different ids."""


@dataclass(frozen=True)
class Labels:
    """A reference's verdicts on the lines of a file, by line number from 1.

    bad     lines that it refuses
    either  lines on which it is not followed: counted on neither side
    """

    reference: str
    bad: frozenset[int]
    either: frozenset[int] = frozenset()
    sha256: str | None = None


@dataclass(frozen=True)
class Input:
    """Uncompressed lines, none of them blank.

    numbers     place in ``file``, from 0 -> number of the line where it came from
    whole       the input that this one is a sample of, None for a whole one
    """

    name: str
    file: Path
    numbers: Sequence[int]
    megabytes: float
    level: str = "structure-only"
    packages: tuple[str, ...] = ()
    labels: Labels | None = None
    whole: str | None = None

    def verdicts(self, refused: Iterable[int]) -> dict[str, int]:
        """What refusing the lines at these places is worth beside the labels."""
        numbers = {self.numbers[place] for place in refused}
        if self.labels is None:
            return {"refused": len(numbers)}
        here = set(self.numbers)
        bad = here & self.labels.bad
        return {
            "refused": len(numbers),
            "bad": len(bad),
            "caught": len(numbers & bad),
            "wrongly_refused": len(numbers - bad - self.labels.either),
        }


def find_files(given: Path) -> list[Path]:
    """A file, or the NDJSON files of a folder in name order."""
    return (
        [given]
        if given.is_file()
        else sorted(path for path in given.glob("*.ndjson*") if path.name != "log.ndjson")
    )


def read_labels(path: Path) -> Labels:
    """A label file: a header line, then a line for everything that is not plainly valid."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        header, *rows = (json.loads(line) for line in file)
    numbers = {
        verdict: frozenset(row["line"] for row in rows if row["verdict"] == verdict)
        for verdict in ("invalid", "either")
    }
    return Labels(header["settings"], numbers["invalid"], numbers["either"], header["sha256"])


def read_input(
    name: str,
    files: Sequence[Path],
    folder: Path,
    labels: Labels | None = None,
    *,
    level: str,
    packages: Sequence[str] = (),
) -> Input:
    """Copies the lines of the files, joined, to a file of the folder; raises ValueError where they
    are not those that were labelled.
    """
    digest = hashlib.sha256()
    target = _place(folder, name)
    numbers: list[int] = []
    with target.open("wb") as out:
        for number, line in enumerate(lines_of(files), 1):
            digest.update(line)
            if line.strip():
                out.write(line.rstrip(b"\r\n") + b"\n")
                numbers.append(number)
    if labels is not None and labels.sha256 not in (None, digest.hexdigest()):
        raise ValueError(f"{name}: the lines are not those that were labelled")
    return Input(name, target, numbers, target.stat().st_size / 1e6, level, tuple(packages), labels)


def _place(folder: Path, name: str) -> Path:
    return folder / f"{re.sub(r'[^a-z0-9]+', '-', name)}.ndjson"


def lines_of(files: Sequence[Path]) -> Iterator[bytes]:
    """The lines of files, compressed or not, with their ends."""
    for path in files:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            yield from lines


def copies(chosen: Input, count: int) -> list[Path]:
    """Its file so many times, with other ids in every copy: one id many times over is no export.

    The folder keeps them for the next call.
    """
    found = [chosen.file.with_suffix(f".{number:03}") for number in range(count)]
    for number, target in enumerate(found):
        if not target.exists():
            with chosen.file.open("rb") as lines, target.open("wb", buffering=1 << 20) as out:
                out.writelines(_ID.sub(rb"\g<0>%03d-" % number, line, count=1) for line in lines)
    return found


def distinct(line: bytes, number: int) -> bytes:
    """The line with UUIDs and dates of its own, each the same wherever it stands: for measuring on
    lines that a process has not seen.
    """

    def renamed(match: re.Match[bytes]) -> bytes:
        return b"%08x" % (int(match[1], 16) ^ number * _SPREAD & 0xFFFFFFFF)

    def moved(match: re.Match[bytes]) -> bytes:
        text = match[0].decode()
        form = "%Y-%m-%dT%H:%M:%S" if "T" in text else "%Y-%m-%d"
        try:
            then = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            return match[0]
        # days for dates, so that what stands in one period keeps its order
        return (then + timedelta(days=number % 500, seconds=number % 1000)).strftime(form).encode()

    return _MOMENT.sub(moved, _UUID.sub(renamed, _ID.sub(rb"\g<0>%d-" % number, line, count=1)))


def sampled(whole: Input, count: int) -> Input:
    """At most so many of its lines, evenly spread, always the same."""
    step = max(1, -(-len(whole.numbers) // count))
    chosen = _chosen(whole, range(0, len(whole.numbers), step), f"{whole.name}, sample")
    return replace(chosen, whole=whole.name)


def only_bad(name: str, whole: Input) -> Input:
    """Only those of its lines that the labels call bad."""
    assert whole.labels is not None
    return _chosen(
        whole,
        [place for place, number in enumerate(whole.numbers) if number in whole.labels.bad],
        name,
    )


def _chosen(whole: Input, places: Collection[int], name: str) -> Input:
    wanted = set(places)
    target = _place(whole.file.parent, name)
    target.write_bytes(b"".join(_lines_at(whole, wanted)))
    return replace(
        whole,
        name=name,
        file=target,
        numbers=[whole.numbers[place] for place in sorted(wanted)],
        megabytes=target.stat().st_size / 1e6,
    )


def make_dirty(
    clean: Input, name: str, count: int, refuses: Callable[[Input], Collection[int]]
) -> Input:
    """So many lines at the most, of which every fifth is a mutation of a clean one; good and bad is
    what ``refuses`` says.
    """
    known = set(refuses(clean))
    good = _chosen(
        clean, [place for place in range(len(clean.numbers)) if place not in known], "good"
    )
    count = min(count, len(good.numbers))
    broken = _mutated(good, count // 4)  # some mutations do no harm
    bad_lines = _lines_at(broken, sorted(refuses(broken)))[: count // 5]
    step = max(1, len(good.numbers) // (4 * len(bad_lines)))
    good_lines = _lines_at(good, range(0, len(good.numbers), step))
    target = _place(clean.file.parent, "mixed")
    with target.open("wb") as out:
        for place, line in enumerate(bad_lines):
            out.writelines([*good_lines[4 * place : 4 * place + 4], line])
    mixed = read_input(name, [target], clean.file.parent, level=clean.level)
    bad = frozenset(mixed.numbers[place] for place in refuses(mixed))
    return replace(
        mixed, labels=Labels("our explainer, on mutations by tests/oracle/mutate.py", bad)
    )


def _mutated(good: Input, count: int) -> Input:
    target = _place(good.file.parent, "mutated")
    subprocess.run(
        [
            sys.executable,
            str(_MUTATE),
            "lines",
            "--seed",
            "1",
            "--count",
            str(count),
            str(good.file),
            str(target),
        ],
        check=True,
    )
    return read_input("mutations", [target], good.file.parent, level=good.level)


def _lines_at(chosen: Input, places: Iterable[int]) -> list[bytes]:
    wanted = set(places)
    with chosen.file.open("rb") as lines:
        return [line for place, line in enumerate(lines) if place in wanted]
