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

_FINDING: Final = """
    CREATE TABLE finding (
        "check" VARCHAR, shard UINTEGER, line UINTEGER, "offset" BIGINT, path VARCHAR,
        target VARCHAR, detail VARCHAR
    )
"""
_TYPE: Final = "split_part(text, '/', 1)"
_KNOWN: Final = f"""
    CREATE TABLE known AS
    SELECT key FROM resource WHERE {ACCEPTED} UNION SELECT key FROM target
"""
_LOOSE: Final = f"""
    CREATE TABLE loose AS
    SELECT * FROM reference WHERE kind = {NOWHERE}
    UNION ALL
    SELECT reference.* FROM reference ANTI JOIN known USING (key) WHERE kind = {REFERENCE}
"""
_REFERENCES: Final = f"""
    INSERT INTO finding
    SELECT
        CASE
            WHEN key IN (SELECT key FROM resource WHERE kind = {REJECTED}) AND kind = {REFERENCE}
                THEN 'reference-rejected'
            WHEN kind = {REFERENCE} AND {_TYPE} NOT IN (
                SELECT type FROM resource WHERE {ACCEPTED} UNION SELECT type FROM target
            ) THEN 'reference-type-absent'
            ELSE 'reference-missing'
        END,
        shard, line, "offset", path, CASE WHEN kind = {REFERENCE} THEN {_TYPE} ELSE '' END, text
    FROM loose
"""
_WRONG: Final = f"""
    INSERT INTO finding
    SELECT 'reference-target', shard, line, "offset", path, {_TYPE}, text
    FROM reference JOIN wrong USING (path)
    WHERE kind = {REFERENCE} AND wrong.type = {_TYPE}
"""
_UNREFERENCED: Final = f"""
    INSERT INTO finding
    SELECT 'unreferenced', shard, line, "offset", NULL, NULL, NULL
    FROM resource ANTI JOIN (
        SELECT DISTINCT key FROM reference WHERE kind = {REFERENCE}
    ) USING (key)
    WHERE {ACCEPTED} OR kind = {NAMELESS}
"""
_TWICE: Final = f"""
    INSERT INTO finding
    WITH again AS (
        SELECT key FROM resource WHERE {ACCEPTED} GROUP BY key HAVING count(*) > 1
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
        SELECT key FROM identifier GROUP BY key HAVING count(*) > 1
    ), named AS (
        SELECT DISTINCT key, path, text, shard, line, "offset", type, id
        FROM identifier SEMI JOIN again USING (key)
        JOIN resource USING (shard, line)
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
    store.run(_FINDING)
    _look_up(store, targets)
    for query in (_KNOWN, _LOOSE, _REFERENCES, _WRONG, _UNREFERENCED, _TWICE, _IDENTIFIERS):
        store.run(query)


def _look_up(store: RelationStore, targets: ReferenceTargets) -> None:
    """Drop the references that are members of that name and no References, and list the elements
    that refer to types that they do not allow.
    """
    pairs = store.rows(
        f"SELECT path, {_TYPE}, max(kind) FROM reference GROUP BY ALL "
        f"ORDER BY count(*) DESC, path LIMIT {_MOST_PATHS}"
    )
    allowed = {path: targets.allowed(path) for path, _, _ in pairs}
    store.run("CREATE TABLE wrong (path VARCHAR, type VARCHAR)")
    store.run("CREATE TABLE unrelated (path VARCHAR)")
    none = [(path,) for path, types in allowed.items() if types is not None and not types]
    store.add_rows("unrelated", none)
    store.run("DELETE FROM reference WHERE path IN (SELECT path FROM unrelated)")
    store.run("DELETE FROM counted WHERE kind > 0 AND path IN (SELECT path FROM unrelated)")
    wrong = [
        (path, name)
        for path, name, kind in pairs
        if kind == REFERENCE and (types := allowed[path]) and name not in types
    ]
    store.add_rows("wrong", wrong)


def reference_counts(store: RelationStore) -> dict[str, int]:
    """Return how many references there are of each kind, once ``find`` has run."""
    counted = dict(
        store.rows('SELECT kind, sum("count")::BIGINT FROM counted WHERE kind > 0 GROUP BY kind')
    )
    ((followed,), (loose,)) = (
        store.rows(f"SELECT count(*) FROM {table}")[0] for table in ("reference", "loose")
    )
    return {
        "resolved": followed - loose,
        "unresolved": loose,
        "inBundle": counted.get(IN_BUNDLE, 0),
        "conditional": counted.get(CONDITIONAL, 0),
        "elsewhere": counted.get(ELSEWHERE, 0),
    }
