"""What students tell is stored once, under the right name, and shown."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.board.board import (
    MOST_LABS,
    MOST_WAITING,
    OLDEST_S,
    Board,
    OtherKeyError,
    RefusedKeyError,
    TooMuchError,
)
from graders.classroom.board.limits import BURST
from graders.classroom.board.store import KEPT_S, Store
from graders.classroom.envelope import NotVerified
from graders.errors import CannotCheck
from tests.paper_class import LAB, PaperClass, PaperStudent, event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from graders.classroom.board.board import Word


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        """Begin now."""
        self.now = time.time()

    def __call__(self) -> float:
        """Return its time."""
        return self.now


class World:
    """A class and its board."""

    def __init__(self, folder: Path) -> None:
        """Begin with ada in the class."""
        self.paper = PaperClass(folder)
        self.file = folder / "board.sqlite"
        self.clock = Clock()
        self.ada = PaperStudent(self.paper.ticket("ada", "Ada L."))

    @asynccontextmanager
    async def board(self) -> AsyncIterator[Board]:
        """Run a board; leaving it is as if it was killed."""
        store = Store(self.file)
        board = Board(store, self.paper.admission(), self.clock)
        writer = asyncio.create_task(board.write())
        yield board
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer
        store.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a class."""
    return World(tmp_path)


def _rows(board: Board) -> list[dict[str, Any]]:
    return board.rows_since(-1)


def test_told_stored_and_shown(world: World) -> None:
    """And shown again after a restart, as if nothing had happened."""

    async def play() -> None:
        async with world.board() as board:
            receipt = await board.take(
                world.ada.message(
                    event("start"),
                    event("grade", attempt=1, layer="route", points=40),
                )
            )
            shown = _rows(board)
        assert (receipt.stored, receipt.known, receipt.old) == (2, 0, 0)
        async with world.board() as again:
            assert _rows(again) == shown
        (row,) = shown
        assert (row["name"], row["layer"], row["state"]) == (
            *("Ada L.", "route"),
            "working",
        )

    asyncio.run(play())


def test_replays(world: World) -> None:
    """A message that comes again changes nothing and costs nothing."""

    async def play() -> None:
        async with world.board() as board:
            body = world.ada.message(*[event("grade") for _ in range(20)])
            await board.take(body)
            version = board.version
            for _ in range(BURST):
                receipt = await board.take(body)
                assert (receipt.stored, receipt.known) == (0, 20)
            assert board.version == version
            await board.take(world.ada.message(event("hint")))
        async with world.board() as again:
            assert (await again.take(body)).known == 20

    asyncio.run(play())


def test_replays_in_parallel(world: World) -> None:
    """One of them is new."""

    async def play() -> None:
        async with world.board() as board:
            body = world.ada.message(event("start"))
            receipts = await asyncio.gather(
                *(board.take(body) for _ in range(9))
            )
            assert sum(one.stored for one in receipts) == 1

    asyncio.run(play())


def test_with_another_student_s_ticket(world: World) -> None:
    """The key of a ticket is the one that came first; the teacher decides."""
    eve = PaperStudent(world.ada.ticket)

    async def play() -> None:
        async with world.board() as board:
            await board.take(world.ada.message(event("start")))
            for _ in range(2):
                with pytest.raises(OtherKeyError, match="another computer"):
                    await board.take(eve.message(event("help", text="x")))
            (row,) = _rows(board)
            assert (row["hand"], row["waiting"]) == ("", True)
        async with world.board() as board:
            await board.take(world.ada.message(event("hint", hints=1)))
            with pytest.raises(OtherKeyError):
                await board.take(eve.message(event("hint", hints=5)))
            await board.decide("ada", "accept")
            world.clock.now += 1
            await board.take(eve.message(event("hint", hints=2)))
            (row,) = _rows(board)
            assert (row["hints"], row["waiting"]) == (2, False)

    asyncio.run(play())


@pytest.mark.parametrize("word", ["refuse", "replace"])
def test_who_was_first_with_a_ticket(world: World, word: Word) -> None:
    """The teacher decides which computer is the student's."""
    eve = PaperStudent(world.ada.ticket)
    first, second = (world.ada, eve) if word == "refuse" else (eve, world.ada)

    async def play() -> None:
        async with world.board() as board:
            await board.take(first.message(event("start")))
            with pytest.raises(OtherKeyError):
                await board.take(second.message(event("start")))
            await board.decide("ada", word)
            await board.decide("unknown", word)
        async with world.board() as board:
            await board.take(world.ada.message(event("hint")))
            with pytest.raises(RefusedKeyError, match="has refused"):
                await board.take(eve.message(event("hint")))
            assert not _rows(board)[0]["waiting"]

    asyncio.run(play())


def test_keys_are_bounded(world: World) -> None:
    """Who has a ticket cannot fill the memory with keys."""

    async def play() -> None:
        async with world.board() as board:
            await board.take(world.ada.message(event("start")))
            for _ in range(MOST_WAITING * 2):
                eve = PaperStudent(world.ada.ticket)
                with pytest.raises(OtherKeyError):
                    await board.take(eve.message(event("start")))
            (keys,) = board._pupils["ada"].keys.values()
            assert len(keys) == 1 + MOST_WAITING

    asyncio.run(play())


def test_a_signature_of_another_key(world: World) -> None:
    """Knowing ticket and public key is not enough."""
    eve = PaperStudent(world.ada.ticket)
    mine = world.ada.message(event("start")).decode()
    key = mine.split('"key": "')[1][:64]
    other = eve.message(event("start")).decode()
    forged = other.replace(other.split('"key": "')[1][:64], key)

    async def play() -> None:
        async with world.board() as board:
            with pytest.raises(NotVerified):
                await board.take(forged.encode())
            assert _rows(board) == []

    asyncio.run(play())


def test_a_flood(world: World) -> None:
    """It is refused; another student is not affected."""
    grace = PaperStudent(world.paper.ticket("grace"))

    async def play() -> None:
        async with world.board() as board:
            for _ in range(BURST):
                await board.take(world.ada.message(event("hint")))
            with pytest.raises(TooMuchError, match="at once"):
                await board.take(world.ada.message(event("hint")))
            await board.take(grace.message(event("hint")))
            world.clock.now += 5
            await board.take(world.ada.message(event("hint")))

    asyncio.run(play())


def test_labs_are_bounded(world: World) -> None:
    """A student has no more rows than there are labs."""

    async def play() -> None:
        async with world.board() as board:
            for number in range(MOST_LABS):
                told = event("start", lab=f"lab-{number}")
                await board.take(world.ada.message(told))
                world.clock.now += 2
            with pytest.raises(TooMuchError, match="labs"):
                await board.take(world.ada.message(event("start")))
            assert len(_rows(board)) == MOST_LABS

    asyncio.run(play())


def test_a_wrong_clock(world: World) -> None:
    """Times are the board's: a clock that is hours off changes nothing."""
    late = time.time() - 8 * 3600

    async def play() -> None:
        async with world.board() as board:
            told = event("start", time=late - 60)
            await board.take(world.ada.message(told, sent=late))
            (row,) = _rows(board)
            assert abs(world.clock.now - 60 - row["since"]) < 1

    asyncio.run(play())


def test_old_and_future_events(world: World) -> None:
    """Those of before yesterday are not stored; none is of the future."""
    now = world.clock.now

    async def play() -> None:
        async with world.board() as board:
            receipt = await board.take(
                world.ada.message(
                    event("help", text="x", time=now - OLDEST_S - 9),
                    event("start", time=now + 1e6),
                    sent=now,
                )
            )
            assert (receipt.stored, receipt.old) == (1, 1)
            (row,) = _rows(board)
            assert row["last"] <= now

    asyncio.run(play())


def test_forgets(world: World) -> None:
    """After a month, nothing of a lesson is left."""

    async def play() -> None:
        async with world.board() as board:
            await board.take(world.ada.message(event("start")))
        world.clock.now += KEPT_S + 60
        async with world.board() as board:
            assert _rows(board) == []
            assert board.silent() == ["Ada L."]
            assert board._store.all_keys() == []

    asyncio.run(play())


def test_helped(world: World) -> None:
    """The teacher takes a hand down, and it stays down after a restart."""

    async def play() -> None:
        async with world.board() as board:
            await board.take(world.ada.message(event("help", text="why?")))
            assert _rows(board)[0]["need"][0] == 0
            world.clock.now += 1
            await board.lower_hand("ada")
            await board.lower_hand("unknown")
            assert _rows(board)[0]["raised"] == 0
        async with world.board() as board:
            assert _rows(board)[0]["raised"] == 0

    asyncio.run(play())


async def _take_without_disk(
    world: World, board: Board, error: Exception
) -> bytes:
    """Have a message refused while storing fails; return the message."""

    def add(*_: object) -> None:
        raise error

    body = world.ada.message(event("start"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "add", add)
        with pytest.raises(type(error)):
            await board.take(body)
    assert _rows(board) == []
    return body


def test_a_disk_that_is_full(world: World) -> None:
    """The student's computer is told, and sends the events again."""

    async def play() -> None:
        async with world.board() as board:
            full = CannotCheck("disk full")
            body = await _take_without_disk(world, board, full)
            # Its key is not known either: who comes first now is first.
            eve = PaperStudent(world.ada.ticket)
            assert (await board.take(eve.message(event("hint")))).stored == 1
            with pytest.raises(OtherKeyError):
                await board.take(body)

    asyncio.run(play())


def test_a_fault_while_storing(world: World) -> None:
    """Who waited is told, or has gone; later events are stored."""

    async def play() -> None:
        async with world.board() as board:
            fault = ZeroDivisionError()
            body = await _take_without_disk(world, board, fault)
            gone = asyncio.create_task(board.take(body))
            await asyncio.sleep(0)
            gone.cancel()
            told = world.ada.message(event("hint"))
            assert (await board.take(told)).stored == 1
            assert (await board.take(body)).known == 1

    asyncio.run(play())


def test_changes_only(world: World) -> None:
    """A viewer gets what has changed since it looked."""
    grace = PaperStudent(world.paper.ticket("grace"))

    async def play() -> None:
        async with world.board() as board:
            await board.take(world.ada.message(event("start")))
            await board.take(grace.message(event("start")))
            version = board.version
            assert board.rows_since(version) == []
            await board.take(grace.message(event("hint", hints=1)))
            (row,) = board.rows_since(version)
            assert row["student"] == "grace"
            version = board.version
            world.clock.now += 3600
            board.age()
            idle = board.rows_since(version)
            assert {one["state"] for one in idle} == {"idle"}
            assert board.counts()["labs"] == {LAB: {"begun": 2}}

    asyncio.run(play())
