"""What is stored is there after any end, and once."""

from __future__ import annotations

import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from graders.classroom.board.message import Event
from graders.classroom.board.store import Key, Store, Stored
from graders.errors import CannotCheck
from tests.paper_class import event

if TYPE_CHECKING:
    from pathlib import Path


def _stored(time: float = 1.0, student: str = "ada") -> Stored:
    return Stored(student, time, Event.model_validate(event("start")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the database is."""
    return tmp_path / "board.sqlite"


def test_round_trip(file: Path) -> None:
    """Another process reads the same, though this one did not close it."""
    one, two = _stored(), _stored(2.5, "grace")
    key = Key("ada n", "ab", "accepted")

    assert Store(file).add([one, two], [key]) == [one, two]
    assert list(Store(file).events()) == [one, two]
    assert Store(file).all_keys() == [key]


def test_known_events(file: Path) -> None:
    """An event that comes again stays as it was; ids are a student's own."""
    store, one = Store(file), _stored()
    store.add([one], [])

    others = [Stored(name, 9.0, one.event) for name in ("ada", "grace")]
    assert store.add(others, []) == others[1:]
    assert [stored.time for stored in store.events()] == [1.0, 9.0]


def test_keys_are_replaced(file: Path) -> None:
    """A key that waited is accepted."""
    store = Store(file)
    store.add([], [Key("ada n", "ab", "waiting")])
    store.add([], [Key("ada n", "ab", "accepted")])

    assert store.all_keys() == [Key("ada n", "ab", "accepted")]


def test_a_full_disk(file: Path) -> None:
    """It is told; nothing of the batch is stored, and the rest works on."""
    store, one = Store(file), _stored()
    pages = store._base.execute("PRAGMA page_count").fetchone()[0]
    store._base.execute(f"PRAGMA max_page_count={pages + 1}")
    with pytest.raises(CannotCheck, match="full"):
        store.add([_stored() for _ in range(500)], [])

    assert store.add([one], []) == [one]
    assert list(store.events()) == [one]


def test_forget(file: Path) -> None:
    """Old events go, and keys of students without any."""
    store = Store(file)
    kept = Key("ada n", "ab", "accepted")
    gone = Key("grace n", "cd", "accepted")
    store.add([_stored(1), _stored(5), _stored(1, "grace")], [kept, gone])
    store.forget_before(3)

    assert [one.time for one in store.events()] == [5]
    assert store.all_keys() == [kept]


def test_only_the_owner_reads(file: Path) -> None:
    """Names are the teacher's data."""
    Store(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_damaged(file: Path) -> None:
    """The file is named, and what to do."""
    file.write_text("no database" * 1000)

    with pytest.raises(CannotCheck, match=r"board\.sqlite") as told:
        Store(file)
    assert "move its folder away" in str(told.value)


def test_of_another_version(file: Path) -> None:
    """Events in another form are told, too."""
    store = Store(file)
    with sqlite3.connect(file) as base:
        base.execute("INSERT INTO events VALUES (1, 'ada', 'x', 1, '{}')")

    with pytest.raises(CannotCheck, match="could not use"):
        list(store.events())
