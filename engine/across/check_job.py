"""Check job: the relations of all shards into a store, the findings out of it, into a table and
into sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bulkfhir.validators.checks.reference_targets import ReferenceTargets
from bulkfhir.validators.definitions import Definitions, core
from bulkfhir.validators.definitions.packages import Packages
from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.schema.snapshot import UsableSnapshots

from ..executors.live_counters import Heartbeat
from ..figures.totals import EXAMPLES
from ..job_terms.job_choices import Choices, default_versions
from ..job_terms.job_folder import CHECKS_TABLE, RELATIONS
from ..job_terms.settings import Settings
from ..storage import Storage, storage_for
from .check_queries import find, most_frequent_codes, reference_counts
from .completeness import completeness_of
from .job_checks import CHECKS, CheckGroup, JobChecks
from .relation_columns import read_relations
from .relation_store import RelationStore
from .targets import read_targets

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CheckedShard", "check_job", "findings_schema"]

_GROUPS: Final = 10
"""Groups of a check that are told of by name; the table has every finding."""
_COPIED: Final = 1 << 20
_TOGETHER: Final = 200_000
"""Findings that DuckDB puts in order at once: of two million it took more than 190 MB."""
_PLACE: Final = "(shard::BIGINT << 32) + line"


@dataclass(frozen=True, slots=True)
class CheckedShard:
    """A shard that counts: its file as a URI, and how many lines of the file lie before it.

    part   number of the part that says what its resources say; None where nothing was read of it
    """

    index: int
    uri: str
    base: int
    part: int | None


def check_job(
    settings: Settings, shards: Sequence[CheckedShard], threads: int, beat: Heartbeat
) -> JobChecks:
    """Make all checks over the shards of a job, and write the table of findings into the job's
    folder, where there is one.
    """
    with RelationStore(threads) as store:
        store.add_rows("shard", [(one.index, _printed(one.uri), one.base) for one in shards])
        for index in sorted({shard.part for shard in shards if shard.part is not None}):
            place = settings.part_uri(index, RELATIONS)
            for segment in read_relations(settings.work_storage, place):
                beat()
                store.add(segment)
        for rows in read_targets(settings.choices.targets, settings.key_secret):
            beat()
            store.add_targets(rows)
        beat()
        definitions = _definitions(settings.choices)
        find(store, ReferenceTargets(definitions))
        table = None
        if settings.job_folder is not None:
            beat()
            storage = storage_for(settings.job_folder, settings.choices.encryption_key_id)
            uri = storage.join(settings.job_folder, CHECKS_TABLE)
            _write(store, storage, uri)
            table = storage.public(uri)
        return JobChecks(
            _counts(store),
            _groups(store),
            reference_counts(store),
            completeness_of(store, definitions),
            table,
            most_frequent_codes(store, _GROUPS) if settings.choices.values else (),
        )


def _definitions(choices: Choices) -> Definitions:
    """FHIR's, and those of the job's packages."""
    if not choices.packages:
        return core()
    versions = default_versions(choices.default_versions)
    return UsableSnapshots(Packages(choices.packages, defaults=versions))


def findings_schema() -> pa.Schema:
    """Return the columns of the table of findings: one row a finding, ordered by file, line, check,
    path and detail.

    check      its name
    type, id   of the resource that it is about; null where it has no id
    file       where the resource stands, as a URI
    line       from 1
    offset     of the line's first byte in the file, decompressed
    path       of the element that it is about; null for the whole resource, and of codes
    detail     the reference, or the business identifier and the first resource that has it; null of
               codes

    Of a code that could not be decided, whose place is the first that has it; null otherwise:

    value_set  that could not decide it
    system     of the code; null where there is none
    code       null where there is none
    count      how often it stands in accepted lines
    """
    import pyarrow as pa

    texts = ("check", "type", "id", "file")
    return pa.schema(
        [
            *(pa.field(name, pa.string()) for name in texts),
            pa.field("line", pa.int64()),
            pa.field("offset", pa.int64()),
            pa.field("path", pa.string()),
            *(pa.field(name, pa.string()) for name in ("detail", "value_set", "system", "code")),
            pa.field("count", pa.int64()),
        ]
    )


def _write(store: RelationStore, place: Storage, uri: str) -> None:
    from pyarrow import parquet

    path = store.spare_path(CHECKS_TABLE)
    with parquet.ParquetWriter(path, findings_schema(), compression="zstd") as writer:
        for first, end in _ranges(store):
            within = f"WHERE {_PLACE} >= {first} AND {_PLACE} < {end}"
            findings = store.stream(f"""
                SELECT "check", type, nullif(id, '') AS id, file, base + line + 1 AS line,
                    finding."offset", path, detail, value_set, system, code, "count"
                FROM (FROM resource {within}) JOIN (
                    FROM (
                        SELECT *, NULL AS value_set, NULL AS system, NULL AS code, NULL AS "count"
                        FROM finding
                        UNION ALL BY NAME
                        SELECT 'code-undecided' AS "check", * FROM undecided_code
                    ) {within}
                ) AS finding USING (shard, line) JOIN shard USING (shard)
                ORDER BY shard, line, "check", path, detail, value_set, system, code
            """)
            for batch in findings:
                writer.write_batch(batch.cast(findings_schema()))
    _copy(path, place, uri)


def _ranges(store: RelationStore) -> Iterator[tuple[int, int]]:
    """Yield (first, end) of places, of which each has about so many findings as DuckDB puts in
    order at once: all places there are, in order.
    """
    places = f"SELECT {_PLACE} AS place FROM finding UNION ALL SELECT {_PLACE} FROM undecided_code"
    ((count,),) = store.rows(f"SELECT count(*) FROM ({places})")
    parts = count // _TOGETHER + 1
    shares = [part / parts for part in range(1, parts)] or [1.0]
    ((bounds,),) = store.rows(f"SELECT approx_quantile(place, {shares}) FROM ({places})")
    yield from pairwise([0, *sorted({*(bounds or ()), 1 << 62})])


def _copy(path: Path, place: Storage, uri: str) -> None:
    """Put a file of this machine in its place, by the project's own storage."""
    writer = place.writer(uri)
    try:
        with path.open("rb") as file:
            while piece := file.read(_COPIED):
                writer.write(piece)
        writer.commit()
    except BaseException:
        writer.abort()
        raise


def _printed(uri: str) -> str:
    return uri.encode(errors="backslashreplace").decode()  # its name may be no UTF-8


def _counts(store: RelationStore) -> dict[str, int]:
    found = dict(store.rows('SELECT "check", count(*) FROM finding GROUP BY ALL'))
    ((found["code-undecided"],),) = store.rows("SELECT count(*) FROM undecided_code")
    return {name: found.get(name, 0) for name in CHECKS}


def _groups(store: RelationStore) -> tuple[CheckGroup, ...]:
    rows = store.rows(f"""
        WITH named AS (
            SELECT "check", (shard::BIGINT << 32) + line AS place,
                CASE WHEN "check" NOT LIKE 'reference-%' THEN type
                     WHEN target = '' THEN path
                     ELSE path || ' → ' || target END AS name
            FROM resource JOIN finding USING (shard, line)
            UNION ALL
            SELECT 'code-undecided', (shard::BIGINT << 32) + line, value_set FROM undecided_code
        ), counted AS (
            SELECT "check", name, count(*) AS found, min(place, {EXAMPLES}) AS places
            FROM named GROUP BY "check", name
        )
        SELECT * FROM counted
        QUALIFY row_number() OVER (PARTITION BY "check" ORDER BY found DESC, name) <= {_GROUPS}
    """)
    order = list(CHECKS)
    groups = [
        CheckGroup(check, name, count, tuple(divmod(place, 1 << 32) for place in places))
        for check, name, count, places in rows
    ]
    return tuple(sorted(groups, key=lambda one: (order.index(one.check), -one.count, one.group)))
