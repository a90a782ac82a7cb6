"""One command at a time on one student's lab."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.lifecycle import lock as locking
from graders.lifecycle.computer_lock import scope
from graders.lifecycle.lock import lab_holder, lock, machine_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATE = "METALLB_LAB_STATE"
HOLD = """
import time
from graders.lifecycle.computer_lock import scope
from graders.lifecycle.lock import lock
with lock("demo", "lab reset"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keep locks in a folder of the test."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))
    return tmp_path / "demo"


@pytest.fixture
def holder(state: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock."""
    del state
    argv = [sys.executable, "-c", HOLD]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_holder(holder: subprocess.Popen[str]) -> None:
    """Whoever only looks can learn which command holds the lab."""
    assert lab_holder("demo").startswith(f"`lab reset`, pid {holder.pid}, ")
    assert lab_holder("ada") == ""


def test_second_is_refused(holder: subprocess.Popen[str]) -> None:
    """The second command is told who holds the lab, and ends with 3."""
    rule = rf"holds the lab: `lab reset`, pid {holder.pid}, since \d\d:\d\d"
    with pytest.raises(CannotCheck, match=rule) as caught, lock("demo", "up"):
        pass

    assert caught.value.exit_code == 3


def test_killed_holder_is_no_holder(holder: subprocess.Popen[str]) -> None:
    """After kill -9 of the holder the lab is free at once."""
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    with lock("demo", "lab up"):
        pass


def test_students_do_not_meet(holder: subprocess.Popen[str]) -> None:
    """Another student's lab is not held."""
    del holder

    with lock("ann", "lab up"):
        pass


def test_labs_of_two_providers_do_not_meet(
    holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lab on hosts can be worked on while one here is, of one student."""
    del holder
    monkeypatch.setenv("CLUSTER", "hosts")

    with lock("demo", "lab up"):
        pass


def test_lock_ends_with_an_error(state: Path) -> None:
    """An error inside ends the lock and takes the note away."""
    with pytest.raises(RuntimeError), lock("demo", "lab up"):
        raise RuntimeError

    with lock("demo", "lab up"):
        pass
    assert not (state / "lock.json").exists()


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        "{}",
        '{"verb": "x", "pid": 4194305, "since": "2026-01-01T10:31:00"}',
        '{"verb": "x", "pid": 99999999999999999999, "since": "2026-01-01"}',
    ],
)
def test_stale_note_is_ignored(
    state: Path, holder: subprocess.Popen[str], note: str
) -> None:
    """A note that is broken or of a dead process is not shown."""
    del holder
    (state / "lock.json").write_text(note, encoding="utf-8")

    with (
        pytest.raises(CannotCheck, match=r"holds the lab; wait"),
        lock("demo", "lab up"),
    ):
        pass


def test_stale_note_does_not_block(state: Path) -> None:
    """A note alone, even of a living process, blocks nobody."""
    state.mkdir(parents=True)
    note = {"verb": "x", "pid": os.getpid(), "since": "2026-01-01T10:31:00"}
    (state / "lock.json").write_text(json.dumps(note), encoding="utf-8")

    with lock("demo", "lab up"):
        pass


def test_folder_is_private(state: Path) -> None:
    """No other account reads what is in a lab's folder."""
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o755)

    with lock("demo", "lab up"):
        assert state.stat().st_mode & 0o777 == 0o700


def test_folder_that_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A state folder that cannot be written is named with the remedy."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "file"))

    with (
        pytest.raises(CannotCheck, match=r"could not lock .*METALLB_LAB"),
        lock("demo", "lab up"),
    ):
        pass


def test_what_is_shared_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two students' first commands make images one after the other."""
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path / "cache"))
    told: list[str] = []
    first = machine_lock("up of ann", told.append)
    first.__enter__()

    def second() -> None:
        with machine_lock("up of ann", told.append):
            told.append("second")

    waiting = threading.Thread(target=second)
    waiting.start()
    deadline = time.monotonic() + 5
    while not told and time.monotonic() < deadline:
        time.sleep(0.01)
    told.append("first is done")
    first.__exit__(None, None, None)
    waiting.join(5)

    pid = os.getpid()
    rule = rf"waiting for `up of ann`, pid {pid}, since \d\d:\d\d"
    assert re.fullmatch(rule, told[0])
    assert told[1:] == ["first is done", "second"]


@pytest.mark.parametrize("age", [60, 0, -60])
def test_lock_of_a_killed_kubectl(
    state: Path, monkeypatch: pytest.MonkeyPatch, age: float
) -> None:
    """It is removed, or no command could write the kubeconfig any more."""
    monkeypatch.setattr(locking, "_STALE_S", 0.3)
    file = state / "kubeconfig.lock"
    state.mkdir()
    file.touch()
    os.utime(file, (time.time() - age,) * 2)

    with lock("demo", "lab reset"):
        assert not file.exists()


def test_lock_of_a_kubectl_that_is_writing(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left to those who take one after the other."""
    monkeypatch.setattr(locking, "_STALE_S", 0.3)
    monkeypatch.setattr(locking, "_PAUSE_S", 0)
    file = state / "kubeconfig.lock"
    state.mkdir()
    file.touch()
    monkeypatch.setattr(
        "graders.lifecycle.lock.time.sleep", lambda _: file.touch()
    )

    with lock("demo", "lab reset"):
        assert file.exists()


def test_other_account(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    holder: subprocess.Popen[str],
) -> None:
    """Its files are elsewhere, and the lab is held all the same."""
    same = scope(STATE)
    monkeypatch.setattr(
        "graders.lifecycle.computer_lock.scope", lambda _: same
    )
    monkeypatch.setenv(STATE, str(tmp_path / "other"))
    rule = rf"holds the lab: `lab reset`, pid {holder.pid}, since \d\d:\d\d;"

    with pytest.raises(CannotCheck, match=rule), lock("demo", "lab up"):
        pass

    holder.kill()
    holder.wait()
    with lock("demo", "lab up"):
        pass


def test_waiting_has_an_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is said for whom the command has waited."""
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path))
    monkeypatch.setattr("graders.lifecycle.lock._WAIT_LIMIT_S", 0.1)

    with (
        machine_lock("images of ann", print),
        pytest.raises(
            CannotCheck, match=r"waited 0 s for `images of ann`, pid"
        ),
        machine_lock("up of bob", lambda _: None),
    ):
        pass


@pytest.mark.parametrize("student", ["demo", ""])
def test_file_system_without_locks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, student: str
) -> None:
    """A lock that does not end with its process is none."""

    def flock(*_: object) -> None:
        raise OSError(errno.ENOSYS, "not implemented")

    monkeypatch.setattr("fcntl.flock", flock)
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path))
    held = lock(student, "up") if student else machine_lock("up", print)

    with (
        pytest.raises(CannotCheck, match="has no locks; set METALLB_LAB_"),
        held,
    ):
        pass


@pytest.mark.parametrize("name", ["hints.new", "lab/.state.0a1b2c3d.new"])
def test_half_files(state: Path, name: str) -> None:
    """What a power cut has left of a file goes, for no command reads it."""
    half = state / name
    half.parent.mkdir(parents=True)
    half.touch()
    (state / "hints.json").touch()

    with lock("demo", "lab reset"):
        assert not half.exists()
        assert (state / "hints.json").exists()
