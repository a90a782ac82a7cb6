"""What a machine says of its seats, and hands over."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from graders.classroom.seats import on_machine
from graders.classroom.seats.on_machine import hand_over, seats_in
from graders.settings import seat_dir

if TYPE_CHECKING:
    from pathlib import Path

LAB = {"lab": "lab-2-duplicate-address", "attempts": 3, "problem": ""}


@pytest.fixture(autouse=True)
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have lab 2 run in each seat; return whose services were asked."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(on_machine, "_lab", lambda _: LAB)
    students: list[str] = []

    def submit(student: str) -> str:
        students.append(student)
        return "the lab is incomplete"

    monkeypatch.setattr(on_machine, "_submit", submit)
    return students


def _submission(student: str, name: str, content: bytes = b"x") -> Path:
    file = seat_dir(student) / "submissions" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_seats_are_listed(tmp_path: Path) -> None:
    """One that was closed is there, too; what is no seat is not."""
    for name in ("ada", "bob", "No Name"):
        (tmp_path / "seats" / name).mkdir(parents=True)
    for name in ("ada", "No Name"):
        (tmp_path / "seats" / name / "class").write_text("key", "utf-8")
    (tmp_path / "seats" / "ada" / "version").write_text("v1\n", "utf-8")
    _submission("ada", "ada-lab-1.lab")

    (seat,) = seats_in(tmp_path / "seats")

    assert seat == LAB | {
        "student": "ada",
        "class": "key",
        "version": "v1",
        "open": False,
        "submissions": ["ada-lab-1.lab"],
    }


def test_the_running_lab_is_handed_in_once(asked: list[str]) -> None:
    """What a student has handed in is not graded again."""
    assert hand_over("ada", set())["problem"] == "the lab is incomplete"
    _submission("ada", "ada-lab-2.lab")
    assert not hand_over("ada", set())["problem"]
    assert asked == ["ada"]


def test_what_is_known_is_not_sent() -> None:
    """A second collection costs nothing."""
    _submission("ada", "ada-lab-1.lab", b"one")
    _submission("ada", "ada-lab-2.lab", b"two")

    known = {hashlib.sha256(b"one").hexdigest()}
    (only,) = hand_over("ada", known)["files"]

    assert only["name"] == "ada-lab-2.lab"
    assert base64.b64decode(only["content"]) == b"two"


def test_what_is_no_submission_stays(tmp_path: Path) -> None:
    """Links, pipes, large files and others' names leave no machine."""
    secret = tmp_path / "secret"
    secret.write_text("root:", encoding="utf-8")
    folder = _submission("ada", "ada-lab-2.lab").parent
    _submission("ada", "bob-lab-1.lab")
    _submission("ada", "ada-lab-3.lab", b"x" * 1_000_001)
    (folder / "ada-lab-4.lab").symlink_to(secret)
    (folder / "ada-lab-5.lab").mkdir()
    os.mkfifo(folder / "ada-lab-6.lab")

    found = hand_over("ada", set())["files"]

    assert [it["name"] for it in found] == ["ada-lab-2.lab"]
