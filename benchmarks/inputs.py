"""The lines that are measured: clean, dirty, with narratives, with profiles, and what is named;
each whole and as a sample for slow peers.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from variants import distinct, made

from bulkfhir.engine.errors import ConfigurationError, NothingToRead

__all__ = [
    "CLAIMS",
    "CLEAN",
    "DIRTY",
    "DOCUMENTS",
    "HEAVY",
    "NARRATIVES",
    "ONLY_BAD",
    "PROFILED",
    "Input",
    "Labels",
    "copies",
    "find_files",
    "make_dirty",
    "only_bad",
    "only_valid",
    "read_input",
    "read_labels",
    "sample_name",
    "thinned",
    "valid_name",
    "with_form",
    "with_sample",
]

CLEAN, DIRTY, ONLY_BAD = "clean", "20 % dirty", "100 % dirty"
NARRATIVES, CLAIMS = "narratives", "claims"
PROFILED, DOCUMENTS, HEAVY = "profiled", "documents", "heavy profiles"

_MUTATE = Path(__file__).resolve().parents[1] / "tests" / "oracle" / "mutate.py"


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
    form        of the variants of its lines that are measured, see variants.py
    """

    name: str
    file: Path
    numbers: Sequence[int]
    megabytes: float
    level: str = "structure-only"
    packages: tuple[str, ...] = ()
    labels: Labels | None = None
    whole: str | None = None
    form: str | None = None

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
    """Copies the lines of the files, joined, to a file of the folder. Raises NothingToRead where
    there are none, and ConfigurationError where they are not those that were labelled.
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
        raise ConfigurationError(f"{name}: the lines are not those that were labelled")
    if not numbers:
        raise NothingToRead(f"{name}: no line is here")
    return Input(name, target, numbers, target.stat().st_size / 1e6, level, tuple(packages), labels)


def _place(folder: Path, name: str) -> Path:
    return folder / f"{re.sub(r'[^a-z0-9]+', '-', name)}.ndjson"


def lines_of(files: Sequence[Path]) -> Iterator[bytes]:
    """The lines of files, compressed or not, with their ends. Raises ConfigurationError for a file
    that cannot be read.
    """
    for path in files:
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
                yield from lines
        except (OSError, EOFError, zlib.error) as error:
            raise ConfigurationError(f"{path}: cannot be read: {error}") from None


def stripped(place: Path) -> list[bytes]:
    """The lines of a file or folder that are not blank, without their ends."""
    return [line.rstrip(b"\r\n") for line in lines_of(find_files(place)) if line.strip()]


def spread(lines: Sequence[bytes], most: int) -> Sequence[bytes]:
    """About so many of the lines, evenly spread, where there are more."""
    return lines[:: max(1, len(lines) // most)]


def copies(chosen: Input, count: int) -> list[Path]:
    """Its file so many times, each with ids and dates of its own: no process has seen its lines.

    The folder keeps them for the next call.
    """
    found = [chosen.file.with_suffix(f".{number:03}") for number in range(count)]
    for number, target in enumerate(found, 1):
        if not target.exists():
            with chosen.file.open("rb") as lines, target.open("wb", buffering=1 << 20) as out:
                out.writelines(distinct(line, number) for line in lines)
    return found


def sample_name(name: str) -> str:
    """Of the sample of an input."""
    return f"{name}, sample"


def valid_name(name: str) -> str:
    """Of the valid lines of an input."""
    return f"{name}, valid"


def sampled(whole: Input, count: int) -> Input:
    """The input's sample: at most so many of its lines, evenly spread, always the same."""
    return replace(_spread_out(sample_name(whole.name), whole, count), whole=whole.name)


def with_sample(whole: Input, count: int) -> list[Input]:
    """The input, and its sample where that has fewer lines."""
    return [whole] if len(whole.numbers) <= count else [whole, sampled(whole, count)]


def thinned(whole: Input, count: int) -> Input:
    """The input with at most so many of its lines, evenly spread."""
    return whole if len(whole.numbers) <= count else _spread_out(whole.name, whole, count)


def _spread_out(name: str, whole: Input, count: int) -> Input:
    return _chosen(
        whole, range(0, len(whole.numbers), max(1, -(-len(whole.numbers) // count))), name
    )


def only_bad(name: str, whole: Input) -> Input:
    """Only those of its lines that the labels call bad. Raises NothingToRead where none is."""
    found = _labelled(name, whole, bad=True)
    if not found.numbers:
        raise NothingToRead(f"{whole.name}: the labels call none of the lines bad")
    return found


def only_valid(whole: Input) -> Input:
    """Only those of its lines that the labels do not call bad, which may be none."""
    return _labelled(valid_name(whole.name), whole, bad=False)


def _labelled(name: str, whole: Input, *, bad: bool) -> Input:
    assert whole.labels is not None
    wanted = [
        place for place, number in enumerate(whole.numbers) if (number in whole.labels.bad) is bad
    ]
    return _chosen(whole, wanted, name)


def with_form(name: str, whole: Input, form: str) -> Input:
    """Its lines in another form."""
    target = _place(whole.file.parent, name)
    lines = whole.file.read_bytes().splitlines()
    target.write_bytes(b"".join(line + b"\n" for line in made(lines, form, 0)))
    megabytes = target.stat().st_size / 1e6
    return replace(whole, name=name, file=target, megabytes=megabytes, form=form)


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
    what ``refuses`` says. Raises NothingToRead where there are not enough clean ones for that.
    """
    known = set(refuses(clean))
    good = _chosen(
        clean, [place for place in range(len(clean.numbers)) if place not in known], "good"
    )
    count = min(count, len(good.numbers))
    bad_lines: list[bytes] = []
    if count >= 5:
        broken = _mutated(good, count // 4)  # some mutations do no harm
        bad_lines = _lines_at(broken, sorted(refuses(broken)))[: count // 5]
    if not bad_lines:
        raise NothingToRead(
            f"{clean.name}: {len(good.numbers)} good lines are too few to make dirty ones of"
        )
    step = max(1, len(good.numbers) // (4 * len(bad_lines)))
    good_lines = _lines_at(good, range(0, len(good.numbers), step))
    target = _place(clean.file.parent, "mixed")
    with target.open("wb") as out:
        for place, line in enumerate(bad_lines):
            out.writelines([*good_lines[4 * place : 4 * place + 4], line])
    mixed = read_input(name, [target], clean.file.parent, level=clean.level)
    refused = set(bad_lines)  # each has been judged above, and so have the good ones
    bad = frozenset(
        mixed.numbers[place]
        for place, line in enumerate(_lines_at(mixed, range(len(mixed.numbers))))
        if line in refused
    )
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
