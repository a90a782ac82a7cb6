"""Events wait on the disk, a few and not for long."""

from __future__ import annotations

import json
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from graders.classroom.board import outbox
from graders.settings import outbox_file
from tests.fuzzing import FUZZ, damaged_json
from tests.paper_class import event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the file in the test's folder."""
    with pytest.MonkeyPatch.context() as patch:
        base = tmp_path_factory.mktemp("state")
        patch.setenv("METALLB_LAB_STATE", str(base))
        yield base


@pytest.fixture(autouse=True)
def empty() -> None:
    """Begin without events."""
    outbox_file("ada").unlink(missing_ok=True)


def _ids(events: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in events]


def test_put_and_remove() -> None:
    """They wait in order, until they are removed."""
    one, two = event("start"), event("hint")

    assert outbox.put("ada", one) == [one]
    assert outbox.put("ada", two) == [one, two]
    outbox.remove("ada", {one["id"]})
    assert outbox.waiting("ada") == [two]
    assert stat.S_IMODE(outbox_file("ada").stat().st_mode) == 0o600


def test_the_newest_are_kept() -> None:
    """A board that is down for long fills no disk."""
    events = [event("hint") for _ in range(outbox.MOST + 5)]
    for one in events:
        outbox.put("ada", one)

    assert _ids(outbox.waiting("ada")) == _ids(events[5:])


def test_old_ones_go() -> None:
    """The board would not take them."""
    outbox.put("ada", event("start", time=time.time() - 90_000))

    assert outbox.waiting("ada") == []


@FUZZ
@given(text=damaged_json([event("start"), event("hint")]))
def test_a_damaged_file(text: str) -> None:
    """It has no events, and the next one is kept all the same."""
    file = outbox_file("ada")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode(errors="replace"))

    one = event("start")
    kept = outbox.put("ada", one)
    assert kept[-1] == one
    assert json.loads(file.read_text()) == kept
