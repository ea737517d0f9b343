"""Check queries: every check over a whole job as a question to its relations."""

from __future__ import annotations

from typing import Final

from bulkfhir.validators.checks.reference_targets import ReferenceTargets

from ..columns.plain_join import AGAIN, ALONE, LOOSE
from ..columns.plain_relations import (
    CONDITIONAL,
    ELSEWHERE,
    IN_BUNDLE,
    NAMELESS,
    NOWHERE,
    REFERENCE,
)
from .job_checks import SeenCode
from .relation_columns import NOTHING, PARTED, REJECTED
from .relation_rows import REFERENCES, RESOURCES, TARGETS
from .relation_store import RelationStore

__all__ = ["find", "most_frequent_codes", "reference_counts"]

_MOST_PATHS: Final = 100_000
"""Different elements that refer to different types whose definition is looked up."""
_MOST_TYPES: Final = 1_000
"""Different types of resources that are there, the most frequent ones; FHIR has 148."""

_FINDING: Final = """
    CREATE TABLE finding (
        "check" VARCHAR, shard UINTEGER, line UINTEGER, "offset" BIGINT, path VARCHAR,
        target VARCHAR, detail VARCHAR
    )
"""
_TYPE: Final = "split_part(text, '/', 1)"
_TOLD: Final = f"""
    CREATE TABLE told AS
    SELECT kind, key, shard, line, "offset", name AS path, text, {_TYPE} AS target,
        mark & {LOOSE} <> 0 AS loose
    FROM marked_reference_row JOIN path USING (path)
    UNION ALL
    SELECT kind, key, shard, line, "offset", name, text, '', true
    FROM nowhere_row JOIN path USING (path) WHERE path NOT IN (SELECT path FROM unrelated)
"""
_REFERENCES: Final = f"""
    INSERT INTO finding
    SELECT
        CASE
            WHEN kind = {REFERENCE} AND rejected.key IS NOT NULL THEN 'reference-rejected'
            WHEN kind = {REFERENCE} AND target NOT IN (
                SELECT name FROM path WHERE path IN (SELECT path FROM type_there)
            ) THEN 'reference-type-absent'
            ELSE 'reference-missing'
        END,
        shard, line, "offset", path, target, text
    FROM (FROM told WHERE loose) LEFT JOIN (
        SELECT DISTINCT key FROM odd_row WHERE kind = {REJECTED}
    ) AS rejected USING (key)
"""
_WRONG: Final = f"""
    INSERT INTO finding
    SELECT 'reference-target', shard, line, "offset", path, target, text
    FROM told JOIN disallowed USING (path, target) WHERE kind = {REFERENCE}
"""
_UNREFERENCED: Final = f"""
    INSERT INTO finding
    SELECT 'unreferenced', shard, line, "offset", NULL, NULL, NULL
    FROM (
        SELECT shard, line, "offset" FROM marked_resource_row WHERE mark & {ALONE} <> 0
        UNION ALL SELECT shard, line, "offset" FROM odd_row WHERE kind = {NAMELESS}
    )
"""
_TWICE: Final = f"""
    INSERT INTO finding
    WITH ordered AS (
        SELECT shard, line, "offset",
            row_number() OVER (PARTITION BY path, id ORDER BY shard, line) AS number
        FROM marked_resource_row WHERE mark & {AGAIN} <> 0
    )
    SELECT 'duplicate-resource', shard, line, "offset", NULL, NULL, NULL
    FROM ordered WHERE number > 1
"""
_IDENTIFIERS: Final = """
    INSERT INTO finding
    WITH again AS (
        SELECT key FROM identifier_row GROUP BY key HAVING count(*) > 1
    ), named AS (
        SELECT DISTINCT again.key, name AS path, again.text, shard, line,
            again."offset", type, id
        FROM resource JOIN (
            FROM identifier_row SEMI JOIN again USING (key)
        ) AS again USING (shard, line) JOIN path USING (path)
    ), ordered AS (
        SELECT *, first_value(shard) OVER before AS first_shard,
            first_value(line) OVER before AS first_line,
            first_value(type || '/' || id) OVER before AS first
        FROM named WINDOW before AS (PARTITION BY key, type ORDER BY shard, line)
    )
    SELECT 'duplicate-identifier', shard, line, "offset", path, NULL, text || ' of ' || first
    FROM ordered
    WHERE type || '/' || id <> first OR (id = '' AND (shard, line) <> (first_shard, first_line))
"""

_UNDECIDED: Final = f"""
    CREATE TABLE undecided_code AS
    SELECT (place >> 32)::UINTEGER AS shard, (place & 4294967295)::UINTEGER AS line, "offset",
        value_set, nullif(split_part(text, '{PARTED}', 1), '{NOTHING}') AS system,
        nullif(split_part(text, '{PARTED}', 2), '{NOTHING}') AS code, summed.count
    FROM seen_code JOIN (
        SELECT key, min(place) AS place, sum("count")::BIGINT AS "count"
        FROM seen_code GROUP BY key
    ) AS summed USING (key, place)
"""


def find(store: RelationStore, targets: ReferenceTargets) -> None:
    """Fill the tables ``finding`` of a store: check, shard, line, offset, path, target (the type
    that a reference leads to), detail; and ``undecided_code``: shard, line, offset, value_set,
    system, code, count.
    """
    store.settle()
    store.run(_FINDING)
    wrong, unrelated = _looked_up(store, targets)
    store.join(wrong, unrelated)
    store.run(_TOLD)
    _look_at_told(store, targets)
    for query in (_REFERENCES, _WRONG, _UNREFERENCED, _TWICE, _IDENTIFIERS, _UNDECIDED):
        store.run(query)


def _looked_up(store: RelationStore, targets: ReferenceTargets) -> tuple[list[int], list[int]]:
    """Return (pairs of an element and a type that is there and that it does not allow, references
    that are members of that name and no References); these are left out.
    """
    for table, rows in (
        ("reference_path", store.paths(REFERENCES)),
        ("type_there", store.paths(RESOURCES, TARGETS)),
    ):
        store.run(f"CREATE TABLE {table} (path UINTEGER, found BIGINT)")
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], []]
        store.run(f"INSERT INTO {table} SELECT unnest(?::UINTEGER[]), unnest(?::BIGINT[])", columns)
    paths = store.rows(f"""
        SELECT path, name FROM path JOIN (
            SELECT path, sum(found) AS found FROM (
                FROM reference_path UNION ALL SELECT path, 1 FROM nowhere_row
            ) GROUP BY path
        ) USING (path) ORDER BY found DESC, name LIMIT {_MOST_PATHS}
    """)
    allowed = {path: (name, targets.allowed(name)) for path, name in paths}
    unrelated = [
        (path, name) for path, (name, types) in allowed.items() if types is not None and not types
    ]
    store.run("CREATE TABLE unrelated (path UINTEGER, name VARCHAR)")
    store.add_rows("unrelated", unrelated)
    store.run("DELETE FROM counted WHERE kind > 0 AND path IN (SELECT name FROM unrelated)")
    types_there = store.rows(
        "SELECT path, name FROM path JOIN type_there USING (path) "
        f"ORDER BY found DESC, name LIMIT {_MOST_TYPES}"
    )
    wrong = [
        (path << 32) + number
        for path, (_, types) in allowed.items()
        if types
        for number, name in types_there
        if name not in types
    ]
    return wrong, [path for path, _ in unrelated]


def _look_at_told(store: RelationStore, targets: ReferenceTargets) -> None:
    """List the elements that refer to types that they do not allow."""
    pairs = store.rows(
        f"SELECT path, target FROM told WHERE kind = {REFERENCE} GROUP BY ALL "
        f"ORDER BY count(*) DESC, path, target LIMIT {_MOST_PATHS}"
    )
    store.run("CREATE TABLE disallowed (path VARCHAR, target VARCHAR)")
    disallowed = [
        (path, name)
        for path, name in pairs
        if (types := targets.allowed(path)) and name not in types
    ]
    store.add_rows("disallowed", disallowed)


def most_frequent_codes(store: RelationStore, most: int) -> tuple[SeenCode, ...]:
    """Return so many of the codes that could not be decided, those that come most often first, once
    ``find`` has run.
    """
    rows = store.rows(f"""
        SELECT value_set, system, code, count, shard, line FROM undecided_code
        ORDER BY count DESC, value_set, system, code, shard, line LIMIT {most}
    """)
    return tuple(
        SeenCode(value_set, system, code, count, (shard, line))
        for value_set, system, code, count, shard, line in rows
    )


def reference_counts(store: RelationStore) -> dict[str, int]:
    """Return how many references there are of each kind, once ``find`` has run."""
    counted = dict(
        store.rows('SELECT kind, sum("count")::BIGINT FROM counted WHERE kind > 0 GROUP BY kind')
    )
    ((followed,),) = store.rows(
        "SELECT coalesce(sum(found), 0)::BIGINT "
        "FROM reference_path ANTI JOIN unrelated USING (path)"
    )
    ((loose, nowhere),) = store.rows(
        f"SELECT count(*), count(*) FILTER (kind = {NOWHERE}) FROM told WHERE loose"
    )
    return {
        "resolved": followed + nowhere - loose,
        "unresolved": loose,
        "inBundle": counted.get(IN_BUNDLE, 0),
        "conditional": counted.get(CONDITIONAL, 0),
        "elsewhere": counted.get(ELSEWHERE, 0),
    }
