"""Table stores: the store of either format, imported where it is asked for."""

from __future__ import annotations

from .interface import TableStore
from .table_wish import TableWish

__all__ = ["open_store"]


def open_store(wish: TableWish, encryption_key_id: str | None = None) -> TableStore:
    """Return where the tables of a wish are found. Raises EngineError."""
    if wish.form == "iceberg":
        from .iceberg import IcebergStore

        return IcebergStore(wish, encryption_key_id)
    from .delta import DeltaStore

    return DeltaStore(wish, encryption_key_id)
