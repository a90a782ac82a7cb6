"""The files that the kit keeps about a lab are damaged, or cannot be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.settings import cache_dir
from graders.state import lab_state
from tests.chaos.mishap import (
    GRADE,
    HINT,
    LOOKING,
    PLAYBOOKS,
    RESET,
    ROOT,
    START,
    STATUS,
    UP,
    mishap,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

_GARBAGE: Final = b"\x00\xff half a fi"
_TMPFS: Final = "size=64m,mode=0755"


def _files(world: World) -> Path:
    return world.state / "lab"


@mishap("state-empty", back=START, refuses=(GRADE, HINT, RESET), cheap=True)
def state_empty(world: World) -> Iterator[None]:
    """The lab's state file is empty."""
    (_files(world) / lab_state._STATE).write_bytes(b"")
    yield


@mishap("state-damaged", back=START, refuses=(GRADE, HINT, RESET), cheap=True)
def state_damaged(world: World) -> Iterator[None]:
    """The lab's state file is cut short, or is no text."""
    file = _files(world) / lab_state._STATE
    whole = file.read_bytes()
    half = whole[: world.random.randrange(1, len(whole))]
    file.write_bytes(world.random.choice([half, _GARBAGE]))
    yield


@mishap("state-of-other-release", back=START, cheap=True)
def state_of_other_release(world: World) -> Iterator[None]:
    """The lab's state was written by another release of the kit."""
    known = {"lab": "lab-1-pending-service", "variant": "no-pool"}
    known |= {"run": "0", "attempts": 1}  # type: ignore[dict-item] # any JSON
    forms: dict[str, object] = {
        "variant": known | {"variant": "was-renamed"},
        "lab": known | {"lab": "lab-99-gone"},
        "a key more": known | {"later": True},
        "a key less": {"lab": known["lab"]},
        "attempts": known | {"attempts": "many"},
        "a list": [1, 2],
        "numbers": known | {"lab": 1, "variant": None},
    }
    form = world.chose(world.random.choice(list(forms)))
    text = lab_state.pack(forms[form])
    (_files(world) / lab_state._STATE).write_text(text, encoding="utf-8")
    yield


@mishap("start-state-lost", back=RESET, cheap=True)
def start_state_lost(world: World) -> Iterator[None]:
    """The recorded start state is damaged or gone."""
    for name in (lab_state._BASELINE, lab_state._OBJECTS):
        file = _files(world) / name
        match world.random.choice(["gone", "empty", "garbage", "kept"]):
            case "gone":
                file.unlink(missing_ok=True)
            case "empty":
                file.write_bytes(b"")
            case "garbage":
                file.write_bytes(_GARBAGE)
    yield


@mishap(
    "changing-empty",
    back=RESET,
    commands=(GRADE, HINT, RESET),
    refuses=(GRADE, HINT),
    cheap=True,
)
def changing_empty(world: World) -> Iterator[None]:
    """The note that a command was changing the lab is empty."""
    (_files(world) / lab_state._CHANGING).write_bytes(b"")
    yield


@mishap("notes-damaged", keeps=True, cheap=True)
def notes_damaged(world: World) -> Iterator[None]:
    """Hints, the lock's holder and the note of a grade are garbage."""
    for name in ("hints.json", "lock.json", "grading"):
        garbage = world.random.choice([b"", _GARBAGE, b"[1]", b'{"x'])
        (world.state / name).write_bytes(garbage)
    yield


@mishap("half-files", keeps=True, cheap=True)
def half_files(world: World) -> Iterator[None]:
    """A power cut has left new files half written."""
    for file in (
        *(_files(world) / "state.new", world.state / "lock.new"),
        world.state / "hints.new",
    ):
        file.write_bytes(_GARBAGE)
    yield


@mishap(
    "state-folder-deleted",
    back=START,
    refuses=(GRADE, HINT, RESET),
    cheap=True,
)
def state_folder_deleted(world: World) -> Iterator[None]:
    """The student's whole state folder is deleted."""
    shutil.rmtree(world.state)
    yield


@mishap(
    "disk-full",
    needs=(ROOT,),
    keeps=True,
    cheap=True,
    says=r"[Nn]o space (is )?left|disk .*full|full .*disk",
)
def disk_full(world: World) -> Iterator[None]:
    """The disk of the state is full."""
    with _small_disk(world.state) as disk:
        filler = disk / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(2**16))
        with suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"x")
        yield
        filler.unlink()


@mishap(
    "read-only",
    needs=(ROOT,),
    keeps=True,
    cheap=True,
    says=r"[Rr]ead-only|not writable|make .* writable",
)
def read_only(world: World) -> Iterator[None]:
    """The state is on a disk that cannot be written."""
    folder = str(world.state)
    _mount("--bind", folder, folder)
    try:
        _mount("-o", "remount,bind,ro", folder)
        yield
    finally:
        _unmount(folder)


@mishap("tools-cut", commands=(UP, RESET, START, STATUS), back=UP)
def tools_cut(world: World) -> Iterator[None]:
    """A cached tool of the kit is cut short."""
    with tempfile.TemporaryDirectory(prefix="metallb-lab-chaos-") as folder:
        ours = Path(folder) / "cache"
        ours.mkdir()
        for one in cache_dir().iterdir():
            if one.name != "bin":
                (ours / one.name).symlink_to(one)
        shutil.copytree(cache_dir() / "bin", ours / "bin")
        tools = ("kubectl", "kind", "helm")
        tool = ours / "bin" / world.chose(world.random.choice(tools))
        size = world.random.choice([0, 4096, tool.stat().st_size // 2])
        os.truncate(tool, size)
        world.environment["METALLB_LAB_CACHE"] = str(ours)
        try:
            yield
        finally:
            del world.environment["METALLB_LAB_CACHE"]


@mishap("logs-huge", commands=(*LOOKING, *PLAYBOOKS), keeps=True, cheap=True)
def logs_huge(world: World) -> Iterator[None]:
    """Old logs are many, and one is huge."""
    logs = world.state / "logs"
    made = [logs / f"reset-20200101-0000{n:02}.log" for n in range(60)]
    logs.mkdir(parents=True, exist_ok=True)
    for log in made:
        log.touch()
    os.truncate(made[0], 2**32)
    yield
    for log in made:
        log.unlink(missing_ok=True)


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """Have a folder on a small disk for a while; what is new there stays."""
    with tempfile.TemporaryDirectory(prefix="metallb-lab-chaos-") as place:
        disk, kept = Path(place) / "disk", Path(place) / "kept"
        disk.mkdir()
        _mount("-t", "tmpfs", "-o", _TMPFS, "metallb-lab-chaos", str(disk))
        try:
            _copy(folder, disk)
            _mount("--bind", str(disk), str(folder))
            try:
                yield folder
                kept.mkdir()
                _copy(disk, kept)
            finally:
                _unmount(str(folder))
            for one in folder.iterdir():
                _remove(one)
            _copy(kept, folder)
        finally:
            _unmount(str(disk))


def _copy(source: Path, to: Path) -> None:
    """Copy what is in a folder, whatever it is."""
    subprocess.run(["cp", "-a", f"{source}/.", str(to)], check=True)


def _remove(one: Path) -> None:
    if one.is_dir() and not one.is_symlink():
        shutil.rmtree(one)
    else:
        one.unlink()


def _mount(*argv: str) -> None:
    subprocess.run(["mount", *argv], check=True, capture_output=True)


def _unmount(folder: str) -> None:
    # Lazily: a process of a killed command may still be in it.
    subprocess.run(["umount", "-l", folder], check=True, capture_output=True)
