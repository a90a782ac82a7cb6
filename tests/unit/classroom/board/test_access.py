"""Tokens open what they are for, and go over loopback and TLS only."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from starlette.requests import Request

from graders.classroom.board.access import Access, is_private, open_access

if TYPE_CHECKING:
    from pathlib import Path


def test_made_once(tmp_path: Path) -> None:
    """Each class has its own, which stays the same, for its owner only."""
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    access = open_access(first)

    assert open_access(first) == access
    assert stat.S_IMODE((first / "token").stat().st_mode) == 0o600
    other = open_access(second)
    assert not set(other.tokens.values()) & set(access.tokens.values())
    assert other.cookie != access.cookie


def test_one_does_not_lead_to_the_other(tmp_path: Path) -> None:
    """The projector's token and the cookie's name say nothing of it."""
    access = open_access(tmp_path)

    teacher, projector = access.tokens["teacher"], access.tokens["projector"]
    assert teacher not in projector
    assert teacher[:8] not in access.cookie
    assert len(teacher) >= 40


def _request(client: str, scheme: str = "http") -> Request:
    return Request(
        {
            "type": "http",
            "scheme": scheme,
            "client": (client, 1),
            "path": "/",
            "headers": [(b"host", b"board.example")],
            "query_string": b"",
            "server": ("board.example", 80),
        }
    )


@pytest.mark.parametrize(
    ("client", "scheme", "expected"),
    [
        ("127.0.0.1", "http", "yes"),
        ("::1", "http", "yes"),
        ("192.0.2.7", "https", "yes"),
        ("192.0.2.7", "http", "no"),
        ("", "http", "no"),
        ("odd", "http", "no"),
    ],
)
def test_where_a_token_may_go(client: str, scheme: str, expected: str) -> None:
    """Over loopback and TLS only."""
    assert is_private(_request(client, scheme)) is (expected == "yes")


def test_tokens_are_compared_in_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each token is, whatever was found before."""
    compared: list[bytes] = []

    def compare(given: bytes, own: bytes) -> bool:
        compared.append(own)
        return given == own

    monkeypatch.setattr("hmac.compare_digest", compare)
    access = Access({"teacher": "t" * 40, "projector": "p" * 40})
    assert access.role("t" * 40) == "teacher"
    assert access.role("p" * 40) == "projector"
    assert access.role("") is None
    assert len(compared) == 6
