"""Cause sums: the groups of findings of a job, the lines that drown the others, and what to mend.

rows of every shard's part -> sums by key, in bounded memory -> the most frequent groups. The sums
are exact, so that they are the same for any number of workers and any size of shards.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from bulkfhir.validators.definitions.guides import is_listed
from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.verdicts.issue import FAILING

from ..figures.totals import Place
from ..job_terms.job_folder import CAUSES
from ..job_terms.settings import Settings
from .cause_rows import (
    FindingPart,
    GroupKey,
    Quoted,
    group_sum,
    masked,
    mend_id,
    package_to_add,
    read_rows,
)
from .mending import mending_order
from .sums import Sums

__all__ = ["LOUD", "MANY", "CauseSums", "CauseGroup", "MendStep", "find_causes"]

KEPT = 2_000
"""Groups that are told; of all others how many there are."""

LOUD = 100
"""Lines with most errors that are kept."""

MANY: tuple[int, ...] = ()
"""Stands for the causes of a line that has too many to tell apart."""

_SETS = 2_000
"""Sets of causes that are weighed; lines of other sets count as not mended."""


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Findings that are alike.

    places   (place, resource) of the first lines, the resource as ``Patient/1``
    quoted   the stretches of the sentence that may quote the data; None where an earlier version
             did not say
    """

    key: GroupKey
    issues: int
    lines: int
    types: Mapping[str, int]
    places: tuple[tuple[Place, str], ...]
    quoted: tuple[Quoted, ...] | None = None


@dataclass(frozen=True, slots=True)
class MendStep:
    """One cause to mend.

    message   what was found, ``#`` for the numbers where they differ; the package to add where it
              mends several profiles that are not known
    whole     rejected lines that pass once this cause and all before it are mended
    """

    rule: str
    path: str
    message: str
    issues: int
    types: tuple[str, ...]
    whole: int
    quoted: tuple[Quoted, ...] | None = None


@dataclass(frozen=True, slots=True)
class CauseSums:
    """The groups of a set of shards.

    groups     what fails a line before what does not, the most frequent first
    distinct   how many groups there are, those too that are not among ``groups``
    loud       errors of the lines that have most of them
    mends      what to mend, the best first
    """

    groups: tuple[CauseGroup, ...] = ()
    distinct: int = 0
    loud: tuple[int, ...] = ()
    mends: tuple[MendStep, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``dataclasses.asdict`` and JSON made of sums."""
        groups = (
            CauseGroup(
                GroupKey(*entry["key"]),
                entry["issues"],
                entry["lines"],
                entry["types"],
                tuple(((place[0], place[1]), name) for place, name in entry["places"]),
                _spans(entry.get("quoted")),
            )
            for entry in data["groups"]
        )
        mends = (
            MendStep(
                **{
                    **entry,
                    "types": tuple(entry["types"]),
                    "quoted": _spans(entry.get("quoted")),
                }
            )
            for entry in data["mends"]
        )
        return cls(tuple(groups), data["distinct"], tuple(data["loud"]), tuple(mends))


def find_causes(
    settings: Settings, parts: Sequence[FindingPart], beat: Callable[[], object]
) -> CauseSums:
    """Return the groups of the findings that stand in these parts; ``beat`` is called now and then
    and may raise. Raises StorageError where a part cannot be read.
    """
    loud: list[int] = []
    with Sums(group_sum) as groups, Sums(int.__add__) as sets:
        for shard, row in _rows(settings, parts, beat):
            match row:
                case ["group", severity, rule, path, message, issues, lines, types, places, *rest]:
                    placed = [[shard, line, name] for line, name in places]
                    key = GroupKey(severity, rule, path, message)
                    quoted = rest[0] if rest else [["", 0, len(message)]]  # an earlier version's
                    groups.add(key, [issues, lines, types, placed, quoted])
                case ["set", causes, lines]:
                    sets.add(tuple(causes), lines)
                case ["loud", errors, _]:
                    loud = heapq.nlargest(LOUD, [*loud, errors])
        steps = _steps(sets.items())
        kept, distinct, described = _kept(groups.items(), {cause for cause, _ in steps})
    mends = tuple(described[cause].step(whole) for cause, whole in steps if cause in described)
    return CauseSums(kept, distinct, tuple(loud), mends)


def _rows(
    settings: Settings, parts: Sequence[FindingPart], beat: Callable[[], object]
) -> Iterator[tuple[int, list[Any]]]:
    for part in parts:
        beat()
        place = settings.part_uri(part.number, CAUSES)
        yield from read_rows(settings.work_storage, place, part.pieces)


def _steps(sets: Iterable[tuple[tuple[int, ...], int]]) -> list[tuple[int, int]]:
    counted = Counter[str]()

    def told() -> Iterator[tuple[tuple[int, ...], int]]:
        for causes, lines in sets:
            counted["lines"] += lines
            if causes != MANY:
                yield causes, lines

    most = heapq.nsmallest(_SETS, told(), key=lambda entry: (-entry[1], entry[0]))
    return mending_order(most, counted["lines"])


def _kept(
    sums: Iterable[tuple[tuple[Any, ...], Any]], causes: set[int]
) -> tuple[tuple[CauseGroup, ...], int, dict[int, _Described]]:
    """Return the groups that are told, the number of all, and what is known of causes to mend."""
    counted, described = Counter[str](), dict[int, _Described]()

    def all_groups() -> Iterator[CauseGroup]:
        for key, (issues, lines, types, places, quoted) in sums:
            counted["groups"] += 1
            group = CauseGroup(
                GroupKey(*key),
                issues,
                lines,
                dict(sorted(types.items(), key=lambda entry: (-entry[1], entry[0]))),
                tuple(((shard, line), name) for shard, line, name in places),
                _spans(quoted),
            )
            if causes and group.key.severity in FAILING:
                cause = mend_id(*group.key[1:])
                if cause in causes:
                    described.setdefault(cause, _Described(group)).add(group)
            yield group

    kept = tuple(heapq.nsmallest(KEPT, all_groups(), key=_order))
    return kept, counted["groups"], described


class _Described:
    """The groups that one mending mends, added up."""

    def __init__(self, first: CauseGroup) -> None:
        self._first, self._quoted = first.key, first.quoted
        self._groups = self._issues = 0
        self._types = Counter[str]()
        self._paths = set[str]()

    def add(self, group: CauseGroup) -> None:
        self._groups += 1
        self._issues += group.issues
        self._types.update(group.types)
        self._paths.add(group.key.path)

    def step(self, whole: int) -> MendStep:
        _, rule, path, message = self._first
        types = tuple(name for name, _ in self._types.most_common())
        shown, quoted = message, self._quoted
        if self._groups > 1:
            package = package_to_add(rule, message)
            shown, quoted = _of_package(package) if package else _numbers_masked(message, quoted)
        path = path if len(self._paths) == 1 else ""
        return MendStep(rule, path, shown, self._issues, types, whole, quoted)


def _of_package(package: str) -> tuple[str, tuple[Quoted, ...]]:
    """Return the sentence for profiles of one package, and what of it a url made up."""
    before = "profiles of "
    start, end = len(before), len(before) + len(package)
    made_up: tuple[Quoted, ...] = () if is_listed(package) else (("package", start, end),)
    return f"{before}{package} are not known", made_up


def _numbers_masked(
    message: str, quoted: tuple[Quoted, ...] | None
) -> tuple[str, tuple[Quoted, ...] | None]:
    """Return a sentence with ``#`` for its numbers, and where its stretches stand then."""
    return masked(message), quoted and tuple(
        (name, len(masked(message[:start])), len(masked(message[:end])))
        for name, start, end in quoted
    )


def _spans(quoted: Iterable[Any] | None) -> tuple[Quoted, ...] | None:
    return None if quoted is None else tuple((name, start, end) for name, start, end in quoted)


def _order(group: CauseGroup) -> tuple[bool, int, str, str, str, str]:
    severity, rule, path, message = group.key
    return severity not in FAILING, -group.issues, rule, path, message, severity
