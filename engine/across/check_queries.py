"""Check queries: every check over a whole job as a question to its relations."""

from __future__ import annotations

from typing import Final

from bulkfhir.validators.checks.reference_targets import ReferenceTargets

from ..columns.plain_relations import (
    CONDITIONAL,
    ELSEWHERE,
    IN_BUNDLE,
    NAMELESS,
    NOWHERE,
    REFERENCE,
)
from .relation_columns import REJECTED
from .relation_store import ACCEPTED, RelationStore

__all__ = ["find", "reference_counts"]

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
_KNOWN: Final = f"""
    CREATE TABLE known AS
    SELECT key, min(path) AS type, count(*) AS times FROM (
        SELECT key, path FROM resource_row WHERE {ACCEPTED}
        UNION ALL SELECT key, path FROM target_row
    ) GROUP BY key
"""
_LINKED: Final = """
    CREATE TABLE linked AS
    SELECT "row", known.key, known.key IS NULL AS loose
    FROM referring FULL JOIN known USING (key)
    WHERE known.key IS NULL OR referring.key IS NULL
        OR ((path::UBIGINT << 32) + type) IN (SELECT code FROM wrong)
"""
"""By keys alone: references that lead to nothing (loose) or to what their element does not allow,
and what nobody refers to (no row). A key of ``known`` is there once, so that no pair is met twice.
"""
_TOLD: Final = f"""
    CREATE TABLE told AS
    SELECT kind, key, shard, line, "offset", name AS path, text, {_TYPE} AS target, loose
    FROM reference_row JOIN (
        SELECT "row", loose FROM linked WHERE "row" IS NOT NULL
    ) USING ("row") JOIN path USING (path)
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
                SELECT name FROM path WHERE path IN (SELECT DISTINCT type FROM known)
            ) THEN 'reference-type-absent'
            ELSE 'reference-missing'
        END,
        shard, line, "offset", path, target, text
    FROM (FROM told WHERE loose) LEFT JOIN (
        SELECT DISTINCT key FROM resource_row WHERE kind = {REJECTED}
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
        FROM resource_row SEMI JOIN (SELECT key FROM linked WHERE "row" IS NULL) USING (key)
        WHERE {ACCEPTED}
        UNION ALL FROM resource_row WHERE kind = {NAMELESS}
    )
"""
_TWICE: Final = f"""
    INSERT INTO finding
    WITH again AS (
        SELECT key FROM known WHERE times > 1
    ), ordered AS (
        SELECT shard, line, "offset", id,
            row_number() OVER (PARTITION BY type, id ORDER BY shard, line) AS number
        FROM resource SEMI JOIN again USING (key) WHERE {ACCEPTED}
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


def find(store: RelationStore, targets: ReferenceTargets) -> None:
    """Fill the table ``finding`` of a store: check, shard, line, offset, path, target (the type
    that a reference leads to), detail.
    """
    store.settle()
    store.run(_FINDING)
    store.run(_KNOWN)
    _look_up(store, targets)
    store.run(_LINKED)
    store.run(_TOLD)
    _look_at_told(store, targets)
    for query in (_REFERENCES, _WRONG, _UNREFERENCED, _TWICE, _IDENTIFIERS):
        store.run(query)


def _look_up(store: RelationStore, targets: ReferenceTargets) -> None:
    """Leave out the references that are members of that name and no References, and list which
    types that are there the elements that are do not allow.
    """
    paths = store.rows(f"""
        SELECT path, name FROM path JOIN (
            SELECT path, count(*) AS found FROM (
                SELECT path FROM reference_row UNION ALL SELECT path FROM nowhere_row
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
    related = "WHERE path NOT IN (SELECT path FROM unrelated)" if unrelated else ""
    store.run(f'CREATE VIEW referring AS SELECT key, path, "row" FROM reference_row {related}')
    types_there = store.rows(f"""
        SELECT path, name FROM path JOIN (
            SELECT type AS path, count(*) AS found FROM known GROUP BY type
        ) USING (path) ORDER BY found DESC, name LIMIT {_MOST_TYPES}
    """)
    store.run("CREATE TABLE wrong (code UBIGINT)")
    wrong = [
        (path << 32) + number
        for path, (_, types) in allowed.items()
        if types
        for number, name in types_there
        if name not in types
    ]
    store.run("INSERT INTO wrong SELECT unnest(?::UBIGINT[])", [wrong])


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


def reference_counts(store: RelationStore) -> dict[str, int]:
    """Return how many references there are of each kind, once ``find`` has run."""
    counted = dict(
        store.rows('SELECT kind, sum("count")::BIGINT FROM counted WHERE kind > 0 GROUP BY kind')
    )
    ((followed,),) = store.rows("SELECT count(*) FROM referring")
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
