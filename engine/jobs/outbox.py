"""Outbox: what happened to jobs and data stores, in its order, until it is told."""

from __future__ import annotations

from dataclasses import dataclass

from .database import Database

__all__ = ["Happening", "Outbox"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A job or a data store came into a state.

    number    in the order of happening
    id        32 hexadecimal digits, the same however often it is told
    kind      Import Job | Export Job | Data Store
    subject   the id of the job, or of the data store
    at        seconds since the epoch
    """

    number: int
    id: str
    kind: str
    subject: str
    status: str
    at: float


class Outbox:
    """The happenings of one state file that are not told yet; they outlive the process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def watch(self, *, wanted: bool) -> None:
        """Have happenings recorded from now on, or no longer, and then forget those there are."""
        with self._database.writing() as connection:
            if wanted:
                connection.execute("INSERT OR IGNORE INTO watched VALUES ('all')")
            else:
                connection.execute("DELETE FROM watched")
                connection.execute("DELETE FROM events")

    def first(self, now: float) -> Happening | None:
        """Return the first one by a moment, in seconds since the epoch; None where there is none.

        One of a data store that is said to come later does not hold up those of others.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT * FROM events WHERE at <= ? ORDER BY number LIMIT 1", (now,)
            ).fetchone()
        return None if row is None else Happening(**dict(row))

    def forget(self, happening: Happening) -> None:
        """Take one away that was told."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM events WHERE number = ?", (happening.number,))
