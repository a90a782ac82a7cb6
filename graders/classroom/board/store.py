"""Events and keys in SQLite: what is stored survives an end of any kind."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from graders.classroom.board.message import Event
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# An event that is older is deleted: the board is about lessons.
KEPT_S: Final = 30 * 24 * 3600
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS events (
  n INTEGER PRIMARY KEY,
  student TEXT NOT NULL,
  id TEXT NOT NULL,
  time REAL NOT NULL,
  document TEXT NOT NULL,
  UNIQUE (student, id)
);
CREATE TABLE IF NOT EXISTS keys (
  holder TEXT NOT NULL,
  key TEXT NOT NULL,
  status TEXT NOT NULL,
  PRIMARY KEY (holder, key)
);
"""


Status: TypeAlias = Literal["accepted", "waiting", "refused"]


@dataclass(frozen=True)
class Stored:
    """An event, whose it is, and its time by the board's clock."""

    student: str
    time: float
    event: Event


@dataclass(frozen=True)
class Key:
    """A student's public key, and what the teacher said of it, if anything.

    `holder` is the student and the nonce of the ticket that came with it.
    """

    holder: str
    key: str
    status: Status


class Store:
    """The database of one class. One thread at a time may use it."""

    def __init__(self, file: Path) -> None:
        """Open the database; create it if there is none.

        Raises:
            CannotCheck: it cannot be opened, or is damaged.

        """
        self._file = file
        with self._explained():
            self._base = sqlite3.connect(
                file, check_same_thread=False, isolation_level=None
            )
            # With a log, readers and a killed writer do no harm.
            self._base.execute("PRAGMA journal_mode=WAL")
            # What was answered has to be on the disk.
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.executescript(_SCHEMA)
            file.chmod(0o600)

    def close(self) -> None:
        """Close the database."""
        self._base.close()

    def forget_before(self, time: float) -> None:
        """Delete the events that are older, and keys without any."""
        with self._explained():
            self._base.execute("DELETE FROM events WHERE time < ?", (time,))
            self._base.execute(
                "DELETE FROM keys WHERE substr(holder, 1, instr(holder, ' ')"
                " - 1) NOT IN (SELECT student FROM events)"
            )

    def events(self) -> Iterator[Stored]:
        """Yield all events in the order in which they came."""
        query = "SELECT student, time, document FROM events ORDER BY n"
        with self._explained(), closing(self._base.execute(query)) as rows:
            for student, time, document in rows:
                event = Event.model_validate_json(document)
                yield Stored(student, time, event)

    def all_keys(self) -> list[Key]:
        """Return all keys, in the order in which they came."""
        query = "SELECT holder, key, status FROM keys ORDER BY rowid"
        with self._explained():
            rows = self._base.execute(query).fetchall()
        return [Key(*row) for row in rows]

    def add(
        self, events: Sequence[Stored], keys: Sequence[Key]
    ) -> list[Stored]:
        """Store events and keys, all or none; return the new events.

        An event that is there already is not new, and stays as it was.
        """
        added: list[Stored] = []
        with self._explained(), self._transaction():
            for key in keys:
                self._base.execute(
                    "INSERT OR REPLACE INTO keys VALUES (?, ?, ?)",
                    (key.holder, key.key, key.status),
                )
            for one in events:
                done = self._base.execute(
                    "INSERT OR IGNORE INTO events"
                    " (student, id, time, document) VALUES (?, ?, ?, ?)",
                    (
                        *(one.student, one.event.id, one.time),
                        one.event.model_dump_json(),
                    ),
                )
                if done.rowcount:
                    added.append(one)
        return added

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            # A full disk has ended it already.
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into words."""
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            raise CannotCheck(
                f"could not use {self._file}: {error}",
                remedy="make room and rights for it; if it is damaged, move"
                " its folder away, and the board begins empty",
            ) from None
