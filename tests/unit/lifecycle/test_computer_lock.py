"""One command at a time, whichever account of the computer runs it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from graders.lifecycle import computer_lock
from graders.lifecycle.computer_lock import ComputerLock, scope

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from graders.lifecycle import computer_lock
from graders.lifecycle.computer_lock import ComputerLock
computer_lock._ABSTRACT = sys.argv[2] == "True"
computer_lock._FOLDER = Path(sys.argv[3])
print(ComputerLock(sys.argv[1], "lab up", "NONE").acquire(), flush=True)
time.sleep(60)
"""
KINDS = [True, False] if sys.platform == "linux" else [False]


@pytest.fixture
def name() -> str:
    """Return a name that no other test has."""
    return f"test-{secrets.token_hex(8)}"


@pytest.fixture(params=KINDS)
def abstract(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> bool:
    """Have locks of one kind, by sockets or by files."""
    monkeypatch.setattr(computer_lock, "_ABSTRACT", request.param)
    monkeypatch.setattr(computer_lock, "_FOLDER", tmp_path)
    return bool(request.param)


@pytest.mark.usefixtures("abstract")
def test_taken_once(name: str) -> None:
    """It can be taken again only when it is given back."""
    first, second = (ComputerLock(name, it, "NONE") for it in ("up", "down"))

    assert first.acquire()
    assert not second.acquire()
    assert second.holder().startswith(f"`up`, pid {os.getpid()}, since ")
    first.release()
    assert second.acquire()
    second.release()
    second.release()


def test_killed_holder(name: str, tmp_path: Path, *, abstract: bool) -> None:
    """The lock ends with its process."""
    argv = [sys.executable, "-c", HOLD, name, str(abstract), str(tmp_path)]
    lock = ComputerLock(name, "lab down", "NONE")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "True\n"
        assert not lock.acquire()
        assert f"`lab up`, pid {holder.pid}," in lock.holder()
        holder.send_signal(signal.SIGKILL)
    assert lock.acquire()
    lock.release()


@pytest.mark.usefixtures("abstract")
def test_free_lock_has_no_holder(name: str) -> None:
    """Whoever asks for it is told nothing."""
    assert ComputerLock(name, "lab up", "NONE").holder() == ""


def test_other_account(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its name is told, and nothing that cannot be read."""
    monkeypatch.setattr(computer_lock, "_ABSTRACT", False)
    monkeypatch.setattr(computer_lock, "_FOLDER", tmp_path)
    file = tmp_path / f"metallb-lab-{name}.lock"
    lock = ComputerLock(name, "lab up", "NONE")
    since = "2026-01-01T10:31:00+00:00"
    info = {
        "command": "lab up",
        "uid": 4_000_000_000,
        "pid": 7,
        "since": since,
    }

    file.write_text(json.dumps(info), "utf-8")
    assert lock.holder() == (
        "`lab up` of account 4000000000, pid 7, since 10:31"
    )
    file.write_text("{", "utf-8")
    assert lock.holder() == ""


def test_link_in_place_of_the_file(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What another account has put there is not written to."""
    monkeypatch.setattr(computer_lock, "_ABSTRACT", False)
    monkeypatch.setattr(computer_lock, "_FOLDER", tmp_path)
    (tmp_path / f"metallb-lab-{name}.lock").symlink_to(tmp_path / "victim")

    with pytest.raises(OSError, match="symbolic links"):
        ComputerLock(name, "lab up", "NONE").acquire()

    assert not (tmp_path / "victim").exists()


def test_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another base folder has other locks, as tests need them."""
    monkeypatch.delenv("NONE", raising=False)
    assert scope("NONE") == ""
    monkeypatch.setenv("NONE", "/a")
    first = scope("NONE")
    monkeypatch.setenv("NONE", "/b")
    assert len({first, scope("NONE"), ""}) == 3
