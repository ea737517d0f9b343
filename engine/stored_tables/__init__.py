"""Tables: what a job stored, as one commit to an Iceberg or a Delta table for each resource type.

parts of a job, rows of the table -> RowChanges -> files to add, files to remove -> one commit
"""

from __future__ import annotations

from .orphans import find_orphans, remove_orphans
from .publication import check_tables, publish_tables
from .table_ids import opened_tables
from .table_wish import TABLES, TableWish

__all__ = [
    "TABLES",
    "TableWish",
    "check_tables",
    "find_orphans",
    "opened_tables",
    "publish_tables",
    "remove_orphans",
]
