"""Makes ``types.table``, the table of all types that ships in the wheel.

usage: python -m bulkfhir.validators.native.type_table_build [DEST]

The build of a wheel runs it (``setup.py``). In a checkout, DEST is left out: the table lies beside
this module then, and is used until a file of the package changes. It takes ten seconds; a table
that lies there already and was made of these sources stays.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .type_table import FILE, TypeTable, digest, made_of, packed

if TYPE_CHECKING:
    from ..definitions import Definitions

__all__ = ["build", "lowered"]


class _Heard:
    """Definitions that note what they were asked for in vain."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self.absent: set[tuple[str, str]] = set()

    def fetch(self, kind: str, url: str) -> dict[str, Any] | None:
        found = self._definitions.fetch(kind, url)
        if found is None:
            self.absent.add((kind, url))
        return found

    def versions(self, kind: str, url: str) -> frozenset[str]:
        return self._definitions.versions(kind, url)

    def urls(self, kind: str) -> Iterator[str]:
        return self._definitions.urls(kind)

    def all(self, kind: str) -> Iterator[dict[str, Any]]:
        return self._definitions.all(kind)


def lowered(*, claims: bool) -> TypeTable:
    """Return all types of R4 lowered.

    claims   whether profiles in meta.profile are looked at
    """
    # Here, since a table that stays needs none of it.
    from ..definitions import core
    from ..explainer.resource_walk import Explainer
    from .type_records import Lowering

    definitions = _Heard(core())
    explainer = Explainer(definitions, unknown_profile="error" if claims else None)
    lowering = Lowering(explainer)
    lowering.lower_all()
    return lowering.table.to_ship(definitions.absent)


def build() -> bytes:
    """Return the bytes of the file."""
    return packed(lowered(claims=False), lowered(claims=True), digest())


def main() -> None:
    """Write the file that the command line names."""
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    path = Path(sys.argv[1]) if len(sys.argv) == 2 else Path(__file__).with_name(FILE)
    if not (path.exists() and made_of(path.read_bytes()) == digest()):
        path.write_bytes(build())


if __name__ == "__main__":
    gc.disable()  # what is lowered stays to the end: looking for garbage takes as long as the rest
    main()
