"""The form of class tickets, and which one a student has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from graders.errors import UsageError
from graders.plan.ticket import (
    installed_nonce,
    installed_ticket,
    parse_ticket,
    students_with_tickets,
)
from graders.settings import ticket_file
from tests.tickets import ADA, NONCE, envelope, install

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keep tickets in the test's folder."""
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def _payload(**changes: Any) -> str:  # noqa: ANN401 - any JSON
    return envelope(json.dumps(ADA.to_document() | changes))


def test_a_ticket_is_what_was_written() -> None:
    """Every field comes back, days as days."""
    assert parse_ticket(_payload()) == ADA


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has not the form of a ticket"),
        ("[]", "has not the form of a ticket"),
        ("{}", "has not the form of a ticket"),
        ("[" * 9999, "has not the form of a ticket"),
        (envelope("[]"), "has not the form of a ticket"),
        (envelope("no json"), "has not the form of a ticket"),
        ('{"payloadType": "text/plain"}', "a signed file of another kind"),
        (_payload(version=2), "another version of the kit"),
        (_payload(student="Ada"), "a-z, 0-9 and -"),
        (_payload(student="demo"), "student must not be demo"),
        (_payload(student=None), "student is missing"),
        (_payload(nonce="12"), "nonce must have the form"),
        (_payload(key="no"), "key must have the form"),
        (_payload(name="a\nb"), "name must be one line"),
        (_payload(course="x" * 300), "course must be one line"),
        (_payload(valid_until="soon"), "must be written as 2027-01-31"),
    ],
)
def test_what_is_no_ticket(text: str, problem: str) -> None:
    """Whatever the file has, the reason is told."""
    with pytest.raises(ValueError, match=problem):
        parse_ticket(text)


def test_all_problems_at_once() -> None:
    """One look tells all that is wrong."""
    with pytest.raises(ValueError, match=r"student.*nonce.*day"):
        parse_ticket(_payload(student=1, nonce="x", valid_until="x"))


def test_no_ticket() -> None:
    """Without a ticket there is no nonce, whatever else is there."""
    assert installed_nonce("ada") == ""
    assert students_with_tickets() == []


def test_each_student_has_their_own() -> None:
    """One account may have the tickets of several students."""
    install("ada")
    install("bob", "ff" * 8)

    assert installed_nonce("ada") == NONCE
    assert installed_nonce("bob") == "ff" * 8
    assert students_with_tickets() == ["ada", "bob"]


def test_another_student_s_ticket_is_refused() -> None:
    """A file that was copied to another name does not count."""
    install("ada").rename(ticket_file("bob"))

    with pytest.raises(UsageError, match="it is of ada"):
        installed_ticket("bob")


@pytest.mark.parametrize("content", [b"", b"\xff", b"x" * 100_000])
def test_damaged_ticket(content: bytes) -> None:
    """The error names the file, and the way out."""
    install("ada").write_bytes(content)

    with pytest.raises(UsageError, match=r"ada\.ticket.*lab ticket FILE"):
        installed_nonce("ada")
