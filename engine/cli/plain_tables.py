"""Plain tables: the form of every table on the screen, and what prints them.

On a terminal a table is rich's. Elsewhere, where it has neither colours nor cells that must be
folded, it is laid out here: to import rich takes longer than to read a small file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.table import Table

__all__ = ["PLAIN_WIDTH", "PlainConsole", "PlainTable", "plain_table"]

PLAIN_WIDTH = 120
"""Columns where there is no terminal to ask."""
_GAP: Final = 2
"""Columns between two columns of a table."""
_TERMINALS: Final = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Variables by which rich is told that something else is a terminal, too."""

_Justify = Literal["left", "right"]


class PlainTable:
    """A table without lines. Columns come first, rows of as many cells or fewer after them."""

    def __init__(self) -> None:
        self._columns: list[tuple[str, _Justify, bool]] = []
        self._rows: list[tuple[str, ...]] = []

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return len(self._rows)

    def add_column(self, name: str, justify: _Justify = "left", *, fold: bool = False) -> None:
        """Add a column by its head.

        fold   what does not fit goes on in the next line, so that nothing is lost
        """
        self._columns.append((name, justify, fold))

    def add_row(self, *cells: str) -> None:
        """Add a row; cells that are not given are empty."""
        self._rows.append((*cells, *[""] * (len(self._columns) - len(cells))))

    def plain(self) -> str | None:
        """Return the table as text; None where it is wider than ``PLAIN_WIDTH``, where a cell ends
        with an empty line, and where not every character is one column wide.
        """
        rows = [tuple(name for name, _, _ in self._columns), *self._rows]
        if not all(line.isascii() and line.isprintable() for line in _lines(rows)) or any(
            cell.endswith("\n") for row in rows for cell in row
        ):
            return None
        widths = [max(len(line) for line in _lines([column])) for column in zip(*rows, strict=True)]
        widths[-1] = widths[-1] or 1  # as rich has it
        if sum(widths) + _GAP * (len(widths) - 1) > PLAIN_WIDTH:
            return None
        return "".join(line for row in rows for line in self._laid_out(row, widths))

    def _laid_out(self, row: tuple[str, ...], widths: list[int]) -> Iterator[str]:
        cells = [cell.split("\n") for cell in row]
        for number in range(max(map(len, cells))):
            parts = (cell[number] if number < len(cell) else "" for cell in cells)
            yield (" " * _GAP).join(
                part.rstrip().rjust(width) if justify == "right" else part.ljust(width)
                for part, width, (_, justify, _) in zip(parts, widths, self._columns, strict=True)
            ) + "\n"

    def rich(self) -> Table:
        """Return the table as rich lays it out."""
        from rich.table import Table  # terminals, and tables that are too wide

        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
        for name, justify, fold in self._columns:
            table.add_column(name, justify=justify, overflow="fold" if fold else "ellipsis")
        for row in self._rows:
            table.add_row(*row)
        return table


class PlainConsole:
    """A console that prints text as it is, and tables as wide as the terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def print(self, shown: str | PlainTable = "") -> None:
        """Write a table, or text without control characters as one line, however long it is."""
        if isinstance(shown, str):
            text: str | None = f"{shown}\n"
        elif self._out.isatty() or any(map(os.environ.get, _TERMINALS)):
            text = None
        else:
            text = shown.plain()
        if text is not None:
            self._out.write(text)
            self._out.flush()
        elif isinstance(shown, PlainTable):
            from rich.console import Console  # as above

            width = None if self._out.isatty() else PLAIN_WIDTH
            console = Console(
                file=self._out, highlight=False, width=width, emoji=False, markup=False
            )
            console.print(shown.rich())


def plain_table(texts: Iterable[str] = (), numbers: Iterable[str] = ()) -> PlainTable:
    """Return a table: first columns of texts, then of numbers, by their heads."""
    table = PlainTable()
    for name in texts:
        table.add_column(name, fold=True)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    return (line for row in rows for cell in row for line in cell.split("\n"))
