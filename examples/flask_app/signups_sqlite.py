"""Sign-ups in a SQLite file, which several processes may use at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from signups import Person

TABLE = """
CREATE TABLE IF NOT EXISTS signups (
    event TEXT NOT NULL,
    name TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (event, name)
) WITHOUT ROWID
"""


class NotWritableError(RuntimeError):
    """The file cannot be made or written."""


@dataclass(frozen=True)
class SQLiteSignups:
    path: str

    def add(self, event: str, person: Person) -> bool:
        statement = "INSERT INTO signups VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        with _connection(self.path) as connection:
            return connection.execute(statement, (event, person.name, person.since)).rowcount == 1

    def remove(self, event: str, name: str) -> bool:
        statement = "DELETE FROM signups WHERE event = ? AND name = ?"
        with _connection(self.path) as connection:
            return connection.execute(statement, (event, name)).rowcount == 1

    def find(self, event: str, name: str) -> Person | None:
        query = "SELECT name, since FROM signups WHERE event = ? AND name = ?"
        with _connection(self.path) as connection:
            row = connection.execute(query, (event, name)).fetchone()
        return Person(*row) if row else None

    def people(self, event: str) -> list[Person]:
        query = "SELECT name, since FROM signups WHERE event = ? ORDER BY name"
        with _connection(self.path) as connection:
            return [Person(*row) for row in connection.execute(query, (event,))]

    def events(self) -> dict[str, int]:
        query = "SELECT event, COUNT(*) FROM signups GROUP BY event ORDER BY event"
        with _connection(self.path) as connection:
            return dict(connection.execute(query).fetchall())


def open_sqlite(path: str) -> SQLiteSignups:
    try:
        with _connection(path) as connection:
            connection.execute("BEGIN IMMEDIATE")  # asks for the write lock, table or no table
            connection.execute(TABLE)
            connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        remedy = "set SQLITE_PATH to a file in a folder that this process may write to"
        raise NotWritableError(f"cannot write {path} ({error}): {remedy}") from error
    return SQLiteSignups(path)


@contextmanager
def _connection(path: str) -> Iterator[sqlite3.Connection]:
    """A connection for one operation: nothing is shared between threads or kept over a fork.

    Each operation is one statement, committed as it ends, so a writer waits for another
    writer at most `timeout` seconds and never sees half of its work.
    """
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        yield connection
