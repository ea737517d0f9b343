"""Judge: the validators of a job over one run of lines; the judge decides, the others are only
counted.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import NoneType

import orjson

from bulkfhir.validators import (
    Block,
    BlockValidator,
    BlockVerdicts,
    DictionaryColumn,
    Issue,
    NewlineColumn,
    OneByOne,
    PatchedColumn,
    Verdict,
)
from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.verdicts.excerpt import excerpt

from ..job_terms.settings import Settings
from ..process.logger import log_crash
from ..reading.limits import MAX_BINARY
from ..reading.lines import LINE_LIMIT, Lines
from .import_rules import bad_type, missing_id, too_large, too_long
from .redaction import redacted

__all__ = ["Judge"]

_TYPE = lazy_pattern(r"[A-Za-z]{1,256}")


class Judge:
    """Verdicts of one judge, beside second opinions by name.

    Made once in each worker; holds compiled validators.
    """

    def __init__(
        self, judge: BlockValidator, others: Mapping[str, BlockValidator], settings: Settings
    ) -> None:
        self._judge = judge
        self._others = others
        self._settings = settings

    def verdicts(
        self,
        lines: Lines,
        between: Callable[[], None] | None = None,
        explaining: Callable[[str], None] | None = None,
    ) -> BlockVerdicts:
        """Return the judge's verdicts and the import job's own rules.

        Every accepted line has a type of letters, and an id where one is required. ``between`` and
        ``explaining`` are as in Block: what they raise is raised here.
        """
        if lines.too_long:
            verdict = Verdict(None, None, [too_long(LINE_LIMIT)])
            return BlockVerdicts([0], [0], [0], [None], [None], {0: verdict}, frozenset([0]))
        settings = self._settings
        block = Block(lines.data, between, explaining=explaining, codes=settings.choices.checks)
        verdicts = _validated(self._judge, block)
        added = _type_issues(verdicts)
        if settings.id_required and _lack_ids(verdicts.ids):
            added = {**_id_issues(verdicts, lines.data), **added}
        if settings.choices.limits == "healthlake" and len(lines.data) > MAX_BINARY:
            added = {**_size_issues(verdicts, MAX_BINARY), **added}
        if added:
            verdicts = _with_issues(verdicts, added)
        verdicts = _excerpts(verdicts, settings.choices.max_issues)
        if not settings.choices.values:
            verdicts = redacted(verdicts)
        return verdicts if settings.job_folder is None else self._remarked(verdicts, lines.data)

    def _remarked(self, verdicts: BlockVerdicts, data: bytes) -> BlockVerdicts:
        """Return verdicts with what a FAILURE line says beside the issues, where the judge knows
        that, and as far as the line may say so much.
        """
        find = getattr(self._judge, "remarks", None)
        if find is None or not verdicts.failed:
            return verdicts
        choices, changed = self._settings.choices, dict(verdicts.verdicts)
        for position in verdicts.failed - verdicts.crashed:
            verdict = changed[position]
            remarks = find(data[verdicts.starts[position] : verdicts.ends[position]])
            if choices.max_issues:
                remarks = remarks[: max(0, choices.max_issues - len(verdict.issues))]
            if not choices.values:
                remarks = [remark.without_values() for remark in remarks]
            changed[position] = dataclasses.replace(verdict, remarks=remarks)
        return dataclasses.replace(verdicts, verdicts=changed)

    def opinions(
        self, lines: Lines, verdicts: BlockVerdicts, between: Callable[[], None] | None = None
    ) -> Mapping[str, int]:
        """Return how the second opinions compare with the judge: ``NAME agrees``, ``NAME accepts``,
        ``NAME rejects``, ``NAME crashes`` -> lines.
        """
        counts: Counter[str] = Counter()
        if lines.too_long:
            return counts
        for name, validator in self._others.items():
            other = _validated(validator, Block(lines.data, between))
            judged = (verdicts.failed | verdicts.crashed) - other.crashed
            against = judged - other.failed
            beyond = other.failed - judged
            counts[f"{name} accepts"] += len(against)
            counts[f"{name} rejects"] += len(beyond)
            counts[f"{name} crashes"] += len(other.crashed)
            counts[f"{name} agrees"] += (
                len(verdicts.numbers) - len(against) - len(beyond) - len(other.crashed)
            )
        return counts


def _validated(validator: BlockValidator, block: Block) -> BlockVerdicts:
    try:
        return _readable(validator.validate_block(block))
    except Exception as error:  # noqa: BLE001 the wall around one resource, for validators that work on blocks: line by line finds which one broke it
        if block.between is not None:
            block.between()  # raises again where it has ended the block
        log_crash("a validator failed on a block; its lines are tried one by one", error)
    return _readable(_line_by_line(validator, block))


def _readable(verdicts: BlockVerdicts) -> BlockVerdicts:
    """Return verdicts with None for every type and id that is no string, whatever a plug-in took
    from the data.
    """
    if _texts(verdicts.types) and _texts(verdicts.ids):
        return verdicts
    types = [name if isinstance(name, str) else None for name in verdicts.types]
    ids = [key if isinstance(key, str) else None for key in verdicts.ids]
    return dataclasses.replace(verdicts, types=types, ids=ids)


def _lack_ids(ids: Sequence[str | None]) -> bool:
    return not isinstance(ids, NewlineColumn) and None in ids


def _texts(column: Sequence[object]) -> bool:
    if isinstance(column, PatchedColumn):
        column = [*column.others.values()]
    return isinstance(column, DictionaryColumn | NewlineColumn) or set(map(type, column)) <= {
        str,
        NoneType,
    }


def _line_by_line(validator: BlockValidator, block: Block) -> BlockVerdicts:
    """Return the verdicts on a block's lines, each of which the validator saw as a block of its
    own: one that breaks it costs nothing but itself.
    """
    line_by_line = _LineByLine(validator, codes=block.codes)
    verdicts = OneByOne(line_by_line).validate_block(block)
    return dataclasses.replace(
        verdicts,
        failed=verdicts.failed - line_by_line.crashed,
        crashed=verdicts.crashed | line_by_line.crashed,
        undecided=line_by_line.undecided,
        fallbacks=line_by_line.fallbacks,
    )


class _LineByLine:
    """A ResourceValidator from a BlockValidator, with the counts that single verdicts do not have.

    crashed  places of the lines that the validator itself says it broke on
    """

    def __init__(self, validator: BlockValidator, *, codes: bool) -> None:
        self._validator, self._codes = validator, codes
        self._lines = itertools.count()
        self.crashed = set[int]()
        self.undecided, self.fallbacks = Counter[str](), Counter[str]()

    def validate(self, line: bytes) -> Verdict:
        place = next(self._lines)
        single = self._validator.validate_block(Block(line, codes=self._codes))
        self.undecided.update(single.undecided)
        self.fallbacks.update(single.fallbacks)
        if 0 in single.crashed:
            self.crashed.add(place)
        verdict = single.verdicts.get(0) or Verdict(single.types[0], single.ids[0], [])
        codes = {code: len(positions) for code, positions in single.codes.items()}
        return dataclasses.replace(verdict, codes=codes)


def _excerpts(verdicts: BlockVerdicts, most: int) -> BlockVerdicts:
    """Return verdicts with no more issues a line than are shown, whoever found them."""
    shorter = {
        position: excerpt(verdict, most)
        for position, verdict in verdicts.verdicts.items()
        if most and len(verdict.issues) > most
    }
    if not shorter:
        return verdicts
    return dataclasses.replace(verdicts, verdicts={**verdicts.verdicts, **shorter})


def _type_issues(verdicts: BlockVerdicts) -> dict[int, Issue]:
    """Accepted lines whose type could not be part of a path."""
    types, rejected = verdicts.types, verdicts.failed | verdicts.crashed
    if isinstance(types, PatchedColumn) and types.others.keys() <= rejected:
        types = types.column
    bad = _bad_known(types.names) if isinstance(types, DictionaryColumn) else _bad(set(types))
    if not bad:
        return {}
    return {
        position: bad_type(name)
        for position, name in enumerate(types)
        if name in bad and position not in rejected
    }


def _bad(names: Iterable[str | None]) -> frozenset[str | None]:
    return frozenset(name for name in names if name is None or not _TYPE.fullmatch(name))


@lru_cache(maxsize=8)
def _bad_known(names: tuple[str, ...]) -> frozenset[str | None]:
    """Return the bad names among those of a table: all of R4's types, block after block."""
    return _bad(names)


def _id_issues(verdicts: BlockVerdicts, data: bytes) -> dict[int, Issue]:
    """Lines without an id. A rejected one is read again: its id may be there and unreadable."""
    found: dict[int, Issue] = {}
    ids = verdicts.ids
    for position in sorted(ids.others) if isinstance(ids, PatchedColumn) else range(len(ids)):
        if ids[position] is not None or position in verdicts.crashed:
            continue
        if position not in verdicts.failed or _lacks_id(
            data[verdicts.starts[position] : verdicts.ends[position]]
        ):
            found[position] = missing_id(verdicts.types[position])
    return found


def _size_issues(verdicts: BlockVerdicts, limit: int) -> dict[int, Issue]:
    """Accepted lines that are a Binary over the limit."""
    rejected = verdicts.failed | verdicts.crashed
    sizes = (end - start for start, end in zip(verdicts.starts, verdicts.ends, strict=True))
    return {
        position: too_large(size, limit)
        for position, size in enumerate(sizes)
        if size > limit and verdicts.types[position] == "Binary" and position not in rejected
    }


def _lacks_id(line: bytes) -> bool:
    try:
        resource = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(resource, dict) and "resourceType" in resource and "id" not in resource


def _with_issues(verdicts: BlockVerdicts, added: Mapping[int, Issue]) -> BlockVerdicts:
    changed = dict(verdicts.verdicts)
    for position, issue in added.items():
        earlier: Sequence[Issue] = changed[position].issues if position in changed else ()
        hidden = changed[position].hidden if position in changed else {}
        changed[position] = Verdict(
            verdicts.types[position], verdicts.ids[position], [*earlier, issue], hidden
        )
    return dataclasses.replace(verdicts, verdicts=changed, failed=verdicts.failed | added.keys())
