"""Completeness: how many of the resources that claim a profile have the elements that it says must
be supported.
"""

from __future__ import annotations

from typing import Final

from bulkfhir.validators.definitions import Definitions
from bulkfhir.validators.profiles.must_support import must_support

from ..columns.plain_relations import PRESENT
from .job_checks import Completeness
from .relation_store import RelationStore

__all__ = ["completeness_of"]

_PROFILES: Final = 1_000
"""Profiles that are looked up, the ones that most resources claim."""


def completeness_of(store: RelationStore, definitions: Definitions) -> tuple[Completeness, ...]:
    """Return the completeness of every profile that is claimed and known, element by element in the
    order of the profile, the profiles by their urls.
    """
    found: list[Completeness] = []
    for url in sorted(_claimed(store)):
        definition = definitions.fetch("StructureDefinition", url)
        if definition is None or not (wanted := dict(must_support(definition))):
            continue
        counts: dict[str, int] = dict(
            store.rows(
                'SELECT path, sum("count")::BIGINT FROM counted '
                f"WHERE kind = {PRESENT} AND text = ? AND path IN (SELECT unnest(?)) GROUP BY path",
                [url, [definition["type"], *(path for paths in wanted.values() for path in paths)]],
            )
        )
        claiming = counts.get(definition["type"], 0)
        found += [
            Completeness(url, element, sum(counts.get(path, 0) for path in paths), claiming)
            for element, paths in wanted.items()
            if claiming
        ]
    return tuple(found)


def _claimed(store: RelationStore) -> list[str]:
    rows = store.rows(
        f"SELECT text FROM counted WHERE kind = {PRESENT} GROUP BY text "
        f'ORDER BY max("count") DESC, text LIMIT {_PROFILES}'
    )
    return [url for (url,) in rows]
