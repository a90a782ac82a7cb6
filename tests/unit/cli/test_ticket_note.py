"""A lab that was not made with the class ticket is told, or not started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.cli.ticket_note import expect_ticket, note_ticket
from graders.errors import UsageError
from graders.plan.plan import make_plan
from tests.tickets import NONCE, install

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep tickets in the test's folder."""
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path))


def test_without_a_ticket(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said, whatever the lab was made with."""
    for nonce in ("", NONCE):
        expect_ticket(make_plan("ada", nonce=nonce))
        note_ticket(make_plan("ada", nonce=nonce), "grade")

    assert capsys.readouterr().err == ""


def test_made_with_the_ticket(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said."""
    install("ada")

    expect_ticket(make_plan("ada", nonce=NONCE))
    note_ticket(make_plan("ada", nonce=NONCE), "grade")

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("nonce", ["", "ff" * 8])
def test_made_before(nonce: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A start is refused with the way out; a grade goes on, and says so."""
    install("ada")
    plan = make_plan("ada", nonce=nonce)

    with pytest.raises(UsageError, match=r"Networks 2027.*`lab down`"):
        expect_ticket(plan)
    note_ticket(plan, "grade")

    said = capsys.readouterr().err
    assert said.startswith("grade: this lab was not made with the ticket")
    assert said.count("\n") == 1


def test_damaged_ticket(capsys: pytest.CaptureFixture[str]) -> None:
    """It stops no grade."""
    install("ada").write_text("", encoding="utf-8")

    note_ticket(make_plan("ada"), "grade")

    assert "cannot be used" in capsys.readouterr().err
