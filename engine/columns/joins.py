"""Joins: how DuckDB is set up that joins columns of Arrow in bounded memory."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["join_settings"]

_AS_WRITTEN: Final = "join_order,build_side_probe_side,join_filter_pushdown"
"""Joins are made as they are written, the table that is held in memory behind the other: files and
streams of Arrow do not say how many rows they have, and filter slower than DuckDB.
"""


def join_settings(memory: str, folder: str) -> dict[str, Any]:
    """Return the settings of a database that takes so much memory; what a query needs beyond lies
    in the folder.
    """
    return {
        "memory_limit": memory,
        "temp_directory": folder,
        "preserve_insertion_order": False,  # else rows wait in memory for their turn
        "disabled_optimizers": _AS_WRITTEN,
        "autoinstall_known_extensions": False,  # a job fetches nothing
        "autoload_known_extensions": False,
    }
