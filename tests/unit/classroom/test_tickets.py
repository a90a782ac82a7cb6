"""Tickets: whole, of this teacher, and of this student."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from graders.classroom import tickets
from graders.classroom.envelope import NotVerified
from graders.classroom.keys import key_in, public_hex
from graders.classroom.tickets import (
    install_ticket,
    read_ticket,
    remove_ticket,
    sign_ticket,
    today,
    verify_ticket,
)
from graders.errors import UsageError
from graders.plan.ticket import Ticket, installed_nonce
from graders.settings import ticket_file
from tests.classes import a_class, ticket_text
from tests.tickets import ADA, envelope

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep installed tickets in the test's folder."""
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path / "config"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give Ada a ticket."""
    return a_class(tmp_path / "class", "ada", "bob").ticket_file("ada")


def _payload(file: Path, **changes: str) -> str:
    """Return a ticket with other fields and the old signature."""
    document = json.loads(file.read_text(encoding="utf-8"))
    payload = json.loads(base64.b64decode(document["payload"])) | changes
    text = json.dumps(payload).encode()
    document["payload"] = base64.b64encode(text).decode()
    return json.dumps(document)


def test_signed(tmp_path: Path, file: Path) -> None:
    """The class's key verifies it; an envelope may be parsed already."""
    text = file.read_text(encoding="utf-8")
    ticket = verify_ticket(text)

    assert ticket.student == "ada"
    assert verify_ticket(json.loads(text), ticket.key) == ticket
    other = public_hex(key_in(tmp_path / "other"))
    with pytest.raises(NotVerified, match="another teacher's key"):
        verify_ticket(text, other)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("student", "bob"),
        ("nonce", "0" * 16),
        ("valid_until", "2099-01-01"),
        ("course", "Another"),
        ("key", "ab" * 32),
    ],
)
def test_edited(file: Path, field: str, value: str) -> None:
    """Whatever is changed, the signature does not fit any more."""
    with pytest.raises(NotVerified):
        verify_ticket(_payload(file, **{field: value}))


def test_not_signed() -> None:
    """A ticket without a signature is none, nor is any other JSON."""
    text = json.dumps(ADA.to_document())

    for unsigned in (envelope(text), text, "{}", ""):
        with pytest.raises(NotVerified):
            verify_ticket(unsigned)


def test_install(file: Path) -> None:
    """From now on it counts; twice is as once; removed, it does not."""
    ticket, text = read_ticket(file)

    assert install_ticket(ticket, text) is None
    assert install_ticket(ticket, text) == ticket
    assert installed_nonce("ada") == ticket.nonce
    assert remove_ticket("ada")
    assert not remove_ticket("ada")
    assert installed_nonce("ada") == ""


def test_of_another_student(file: Path) -> None:
    """A neighbour's is not installed for oneself."""
    with pytest.raises(UsageError, match="the ticket of ada, not of bob"):
        read_ticket(file, "bob")


def test_expired(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last day counts, the next one does not."""
    last = verify_ticket(file.read_text(encoding="utf-8")).valid_until
    monkeypatch.setattr(tickets, "today", lambda: last)
    assert read_ticket(file)
    monkeypatch.setattr(tickets, "today", lambda: last + timedelta(days=1))
    with pytest.raises(UsageError, match=f"was valid until {last}"):
        read_ticket(file)


@pytest.mark.parametrize("content", [b"", b"\xff", b"x" * 99_999, b"{}"])
def test_damaged(file: Path, content: bytes) -> None:
    """The error says to copy it again."""
    file.write_bytes(content)

    with pytest.raises(UsageError, match=r"no ticket.*copy it again"):
        read_ticket(file)


def test_no_file(tmp_path: Path) -> None:
    """The error says which file is meant."""
    with pytest.raises(UsageError, match="No such file"):
        read_ticket(tmp_path / "none")


def test_two_courses(tmp_path: Path, file: Path) -> None:
    """The newer takes the place of the older, which is told."""
    other = a_class(tmp_path / "other", "ada", course="Storage")
    first = read_ticket(file)
    install_ticket(*first)

    second = read_ticket(other.ticket_file("ada"))

    assert install_ticket(*second) == first[0]
    assert installed_nonce("ada") == second[0].nonce


def test_another_key_for_the_same_course(tmp_path: Path, file: Path) -> None:
    """Who makes up a ticket of the course does not get it installed."""
    made_up = a_class(tmp_path / "made-up", "ada")
    install_ticket(*read_ticket(file))

    with pytest.raises(UsageError, match="signed by another key"):
        install_ticket(*read_ticket(made_up.ticket_file("ada")))


def test_another_key_after_the_course(tmp_path: Path) -> None:
    """Next year's class of the same name has another key."""
    key = key_in(tmp_path / "key")
    over = replace(ADA, course="Networks 2027", valid_until=today())
    old = replace(over, valid_until=today() - timedelta(days=1))
    _install(sign_ticket(old, key))
    new = a_class(tmp_path / "new", "ada")

    assert install_ticket(*read_ticket(new.ticket_file("ada")))


def test_a_damaged_one_is_mended(file: Path) -> None:
    """Installing again is the way out."""
    _install("")

    install_ticket(*read_ticket(file))

    assert installed_nonce("ada")


def test_unwritable(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is told, and where else it could be."""
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path / "class" / "key"))

    with pytest.raises(UsageError, match=r"could not.*METALLB_LAB_CONFIG"):
        install_ticket(*read_ticket(file))


def test_ticket_text_is_one_file(tmp_path: Path) -> None:
    """A signed ticket is small, and one line of text."""
    text = ticket_text(a_class(tmp_path / "c", "ada"), "ada")

    assert text.count("\n") == 1
    assert len(text) < 2000
    assert isinstance(verify_ticket(text), Ticket)


def _install(text: str) -> None:
    file = ticket_file("ada")
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
