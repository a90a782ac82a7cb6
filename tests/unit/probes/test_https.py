"""Requests by name: what is sent, and what is read of the answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import CannotCheck
from graders.probes.https import Entrance, https, tcp
from tests.fakes import machine, says

ENTRANCE = Entrance("172.18.255.240", "the CA")
URLS = ["https://shop.demo.example/", "https://tickets.demo.example/a"]


def test_answers_are_read_apart() -> None:
    """Each request has its status, target, error and page."""

    def answer(argv: tuple[str, ...]) -> str:
        mark = argv[6]
        first = ("200\n0.012000\n\n", "", "hello")
        parts = (*first, "302\n0.012000\nhttps://x/\n", "", "")
        return "".join(f"{mark}\n{part}" for part in parts)

    client = machine(answer)
    first, second = https(client, ENTRANCE, URLS, "X-Forwarded-For: 1.2.3.4")

    assert (first.status, first.body, first.text) == (
        200,
        "hello",
        "200 hello",
    )
    assert (second.status, second.location, second.text) == (
        302,
        "https://x/",
        "302",
    )
    assert first.command == (
        "curl -m3 --cacert /lab/ca.crt"
        " --resolve shop.demo.example:443:172.18.255.240"
        " -H 'X-Forwarded-For: 1.2.3.4' 'https://shop.demo.example/'"
    )
    assert "the CA 172.18.255.240" in client.asked[0]


def test_no_answer_has_its_reason() -> None:
    """The first line of what curl says is enough for a person."""

    def answer(argv: tuple[str, ...]) -> str:
        said = "000\n0.000000\n\n"
        parts = (said, "curl: (60) SSL problem\nMore details", "")
        return "".join(f"{argv[6]}\n{part}" for part in parts)

    (found,) = https(machine(answer), ENTRANCE, URLS[:1])

    assert (found.status, found.text) == (0, "curl: (60) SSL problem")
    assert not found.secure


def test_a_certificate_is_seen_without_an_answer() -> None:
    """A proxy may have shown it, and wait for the application."""

    def answer(argv: tuple[str, ...]) -> str:
        parts = ("000\n0.012000\n\n", "curl: (28) Timeout", "")
        return "".join(f"{argv[6]}\n{part}" for part in parts)

    (found,) = https(machine(answer), ENTRANCE, URLS[:1])

    assert (found.status, found.secure) == (0, True)


def test_a_page_cannot_end_an_answer() -> None:
    """The mark between answers is another one each time."""
    marks = set()

    def answer(argv: tuple[str, ...]) -> str:
        marks.add(argv[6])
        return "".join(f"{argv[6]}\n{part}" for part in ("", "", ""))

    for _ in range(3):
        (found,) = https(machine(answer), ENTRANCE, URLS[:1])

    assert len(marks) == 3
    assert found.text == "no answer"


def test_half_an_answer_is_none() -> None:
    """A machine that stops in between says nothing about the lab."""
    with pytest.raises(CannotCheck, match="stopped while it sent requests"):
        https(says("half"), ENTRANCE, URLS)


@given(st.lists(st.text(max_size=30), min_size=3, max_size=3))
def test_any_text_is_read(parts: list[str]) -> None:
    """A status is three digits, whatever else a machine prints."""

    def answer(argv: tuple[str, ...]) -> str:
        return "".join(f"{argv[6]}\n{part}" for part in parts)

    (found,) = https(machine(answer), ENTRANCE, URLS[:1])

    assert 0 <= found.status <= 999
    assert found.text


def test_a_greeting_is_read_as_it_comes() -> None:
    """What a server says on its own, and the command that shows it."""
    assert tcp(says("ledger-1"), "172.18.255.241", 7000) == (
        "ledger-1",
        "bash -c 'cat < /dev/tcp/172.18.255.241/7000'",
    )
