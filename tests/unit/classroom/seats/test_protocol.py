"""Messages of seats: what is allowed arrives, all else is refused."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.seats.protocol import (
    FROM_CLIENT,
    LONGEST,
    LONGEST_WORD,
    WORDS,
    Decoder,
    Kind,
    ProtocolError,
    Request,
    Size,
    pack,
)
from tests.fuzzing import FUZZ, damaged_json

REQUEST = {"version": 1, "words": ["grade"], "size": [24, 80], "term": "xterm"}
_TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
    max_size=40,
)


@FUZZ
@given(st.lists(_TEXT, max_size=8), st.integers(1, 2000))
def test_a_request_arrives_as_it_was(words: list[str], side: int) -> None:
    """Whatever the words are."""
    request = Request(tuple(words), Size(side, 2001 - side))

    assert Request.unpack(request.pack()) == request


@FUZZ
@given(damaged_json(REQUEST))
def test_other_requests_are_refused(text: str) -> None:
    """Nothing but a refusal comes of them."""
    try:
        found = Request.unpack(text.encode(errors="surrogatepass"))
    except ProtocolError:
        return
    assert len(found.words) <= WORDS


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"more": 1},
        {"words": "grade"},
        {"words": ["x"] * (WORDS + 1)},
        {"words": ["x" * (LONGEST_WORD + 1)]},
        {"words": ["a\0b"]},
        {"words": ["\udc80"]},
        {"words": [1]},
        {"size": [0, 80]},
        {"size": [24]},
        {"size": [24, 10**9]},
        {"size": [True, True]},
        {"term": "xterm;reboot"},
        {"term": ""},
        {"term": None},
    ],
)
def test_a_request_has_its_form(change: dict[str, Any]) -> None:
    """No field is of another kind, or too long."""
    with pytest.raises(ProtocolError):
        Request.unpack(json.dumps(REQUEST | change).encode())


@FUZZ
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(FROM_CLIENT)), st.binary()),
        max_size=5,
    ),
    st.integers(1, 9),
)
def test_messages_arrive_in_pieces(
    messages: list[tuple[Kind, bytes]], step: int
) -> None:
    """A socket cuts where it likes."""
    data = b"".join(pack(kind, content) for kind, content in messages)
    decoder = Decoder(FROM_CLIENT)

    found = [
        it
        for at in range(0, len(data), step)
        for it in decoder.feed(data[at : at + step])
    ]

    assert found == messages


def test_what_is_long_is_several_messages() -> None:
    """None has more than the other side takes."""
    decoder = Decoder(FROM_CLIENT)

    found = [*decoder.feed(pack(Kind.INPUT, b"x" * (LONGEST + 1)))]

    assert [len(content) for _, content in found] == [LONGEST, 1]


@pytest.mark.parametrize(
    "head",
    [(Kind.OUTPUT, 1), (0, 0), (255, 9), (Kind.INPUT, LONGEST + 1)],
)
def test_other_messages_are_refused(head: tuple[int, int]) -> None:
    """Before any of their content is waited for."""
    with pytest.raises(ProtocolError, match="no message"):
        [*Decoder(FROM_CLIENT).feed(struct.pack("!BI", *head))]


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0", b"\xff" * 4, b"12345"])
def test_other_sizes_are_refused(content: bytes) -> None:
    """A terminal has rows and columns."""
    with pytest.raises(ProtocolError):
        Size.unpack(content)
