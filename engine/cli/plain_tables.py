"""Plain tables: the form of every table on the screen, and what prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PLAIN_WIDTH", "plain_console", "plain_table"]

PLAIN_WIDTH = 120
"""Columns where there is no terminal to ask."""


def plain_console(out: TextIO) -> Console:
    """Return what prints text as it is, as wide as the terminal."""
    width = None if out.isatty() else PLAIN_WIDTH
    return Console(file=out, highlight=False, width=width, emoji=False, markup=False)


def plain_table(texts: Iterable[str] = (), numbers: Iterable[str] = ()) -> Table:
    """Return a table without lines: first columns of texts, then of numbers, by their heads."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table
