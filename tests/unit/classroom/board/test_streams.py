"""A page gets all rows, then what has changed, and a sign of life."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.board import streams
from graders.classroom.board.streams import (
    _SILENT,
    projector_stream,
    teacher_stream,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Stub:
    """A board whose changes a test makes."""

    version = 1
    aged = 0

    def rows_since(self, version: int) -> list[str]:
        """Return that all, or one, has changed."""
        return ["all"] if version < 0 else ["one"]

    def silent(self) -> list[str]:
        """Return no names."""
        return []

    def counts(self) -> dict[str, Any]:
        """Return what the projector shows."""
        return {"hands": self.version}

    def age(self) -> None:
        """Count that time went by."""
        self.aged += 1


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Return a board, whose streams tick quickly."""
    monkeypatch.setattr(streams, "_TICK_S", 0.001)
    return Stub()


async def _next(stream: AsyncIterator[bytes]) -> dict[str, Any]:
    text = (await anext(stream)).decode()
    assert text.endswith("\n\n")
    found: dict[str, Any] = json.loads(text.partition("data: ")[2])
    return found


def test_all_then_changes(stub: Stub) -> None:
    """The first message has all rows; a quiet board shows that it lives."""

    async def play() -> None:
        stream = teacher_stream(stub, lambda: False)  # type: ignore[arg-type] # a stub
        first = await _next(stream)
        assert (first["all"], first["rows"]) == (True, ["all"])
        stub.version = 2
        second = await _next(stream)
        assert (second["all"], second["rows"]) == (False, ["one"])
        aged = stub.aged
        await _next(stream)
        assert stub.aged == aged + 1

    asyncio.run(play())


def test_a_busy_board(stub: Stub) -> None:
    """Who has become idle is noticed though others never are."""

    async def play() -> None:
        stream = teacher_stream(stub, lambda: False)  # type: ignore[arg-type] # a stub
        for _ in range(3 * _SILENT):
            await _next(stream)
            stub.version += 1
        assert stub.aged == 3

    asyncio.run(play())


def test_the_projector_s(stub: Stub) -> None:
    """The same, with numbers only."""

    async def play() -> None:
        stream = projector_stream(stub, lambda: False)  # type: ignore[arg-type] # a stub
        assert (await _next(stream))["hands"] == 1
        stub.version = 2
        assert (await _next(stream))["hands"] == 2
        assert (await _next(stream))["hands"] == 2

    asyncio.run(play())


@pytest.mark.parametrize("stream", [teacher_stream, projector_stream])
def test_closing(stub: Stub, stream: Any) -> None:  # noqa: ANN401 - one of two functions
    """It ends, so that the server can."""

    async def play() -> list[bytes]:
        return [one async for one in stream(stub, lambda: True)]

    assert asyncio.run(play()) == []
