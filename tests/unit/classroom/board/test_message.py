"""Messages to the board: only what one is comes through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graders.classroom.board.message import (
    LIMIT,
    LONGEST_TEXT,
    MOST_EVENTS,
    PAYLOAD_TYPE,
    BadMessageError,
    Event,
    digest,
    read_message,
    read_parts,
)
from graders.classroom.envelope import verify_document
from tests.paper_class import PaperStudent, event


def _document(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "version": 1,
        "sent": 5.0,
        "ticket": digest("t"),
        "events": [event("start")],
    } | changes


def test_round_trip() -> None:
    """What a student's computer signed is what the board reads."""
    student = PaperStudent("a ticket")
    told = event("grade", attempt=3, layer="route", points=40, total=100)

    parts = read_parts(student.message(told, sent=7))
    document = verify_document(parts.message, PAYLOAD_TYPE, parts.key)
    message = read_message(document, parts.ticket)
    assert message.sent == 7
    assert message.events[0].layer == "route"
    assert message.events[0].attempt == 3


def test_the_longest_message() -> None:
    """All events that may wait fit into one, whatever is asked in them."""
    asked = [
        event("help", text="\N{GRINNING FACE}" * LONGEST_TEXT)
        for _ in range(MOST_EVENTS)
    ]

    body = PaperStudent("t" * 2000).message(*asked)
    parts = read_parts(body)
    document = verify_document(parts.message, PAYLOAD_TYPE, parts.key)
    assert len(read_message(document, parts.ticket).events) == 20
    assert len(body) < LIMIT + 20 * 1024


def test_of_another_ticket() -> None:
    """Events that were signed for one ticket do not speak for another."""
    with pytest.raises(BadMessageError, match="another ticket"):
        read_message(_document(), "another")


def test_later_versions_may_add_keys() -> None:
    """Unknown keys are ignored."""
    found = read_message(_document(new=1), "t")

    assert len(found.events) == 1


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"version": 2}, "version"),
        ({"version": "1"}, "version"),
        ({"sent": -1.0}, "sent"),
        ({"sent": 1e300}, "sent"),
        ({"sent": "5"}, "sent"),
        ({"ticket": None}, "ticket"),
        ({"events": []}, "events"),
        ({"events": {}}, "events"),
        ({"events": [event("start")] * (MOST_EVENTS + 1)}, "events"),
        ({"events": [event("shout")]}, "events.0.event"),
        ({"events": [event("start", id="../../x")]}, "events.0.id"),
        ({"events": [event("start", time=-1.0)]}, "events.0.time"),
        ({"events": [event("start", time=True)]}, "events.0.time"),
        ({"events": [event("start", lab="<b>")]}, "events.0.lab"),
        ({"events": [event("start", lab="lab-1-x\n")]}, "events.0.lab"),
        ({"events": [event("start", run="a b")]}, "events.0.run"),
        ({"events": [event("grade", layer="sky")]}, "events.0.layer"),
        ({"events": [event("grade", points=-1)]}, "events.0.points"),
        ({"events": [event("grade", points=10**30)]}, "events.0.points"),
        ({"events": [event("grade", solved=1)]}, "events.0.solved"),
        ({"events": [event("help", text="x" * 201)]}, "events.0.text"),
        ({"events": [event("help", text=["x"])]}, "events.0.text"),
    ],
)
def test_bad_documents(changes: dict[str, Any], place: str) -> None:
    """The first place that is wrong is named."""
    with pytest.raises(BadMessageError, match=f"board: {place}"):
        read_message(_document(**changes), "t")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[]", b"null", b"\xff", b"{" * 5000, b"[" * 100_000),
        json.dumps({"ticket": "t", "key": "AB", "message": "m"}).encode(),
        json.dumps(
            {"ticket": "t" * 20_000, "key": "a" * 64, "message": "m"}
        ).encode(),
        json.dumps({"ticket": "t", "key": "a" * 64, "message": 5}).encode(),
        b'{"ticket": "a", "ticket": "b", "key": "", "message": ""}',
    ],
)
def test_bad_bodies(body: bytes) -> None:
    """What is no message is refused in one short line."""
    with pytest.raises(BadMessageError, match="no message") as told:
        read_parts(body)
    assert len(str(told.value)) < 250


def test_text_is_one_line_that_can_be_shown() -> None:
    """What a terminal or page would act upon is escaped."""
    text = "why\n\x1b[2Jnot?  " + "x" * 50

    found = Event.model_validate(event("help", text=text)).text
    assert found.startswith("why \\x1b[2Jnot? xxx")
    assert len(found) < LONGEST_TEXT * 2
