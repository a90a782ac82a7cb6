"""A command ends early, stops for a while, or is not alone."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.lifecycle.processes import find_tagged
from tests.chaos.mishap import (
    DOWN,
    DURING,
    FULL,
    GRADE,
    HINT,
    PLAYBOOKS,
    RESET,
    START,
    STATUS,
    UP,
    USUAL,
    Wrong,
    mishap,
)
from tests.chaos.world import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.world import World

_WITH_DOWN: Final = (*USUAL, DOWN)
# Some steps of a command are in its own process.
_BEGUN_S: Final = 10
_LOCKED: Final = (UP, START, RESET, GRADE, HINT)


def _await_processes(world: World, find: Callable[[], list[int]]) -> list[int]:
    """Return processes of the running command as soon as there are any."""
    command = world.running
    eventually(lambda: find() or not command or command.has_ended(), _BEGUN_S)
    return find()


def _playbooks(world: World) -> list[int]:
    """Return the processes of playbooks."""
    found = []
    for pid in find_tagged(str(world.state)):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"ansible-playbook" in words:
                found.append(pid)
    return found


def _send(world: World, number: int, *, group: bool = False) -> None:
    if world.running:
        world.running.signal(number, group=group)


@mishap("ctrl-c", when=(DURING,), keeps=True, cheap=True)
def ctrl_c(world: World) -> Iterator[None]:
    """Ctrl-C in a command's terminal."""
    _send(world, signal.SIGINT, group=True)
    yield


@mishap("ctrl-c-twice", when=(DURING,), keeps=True, cheap=True)
def ctrl_c_twice(world: World) -> Iterator[None]:
    """An impatient student: Ctrl-C, and again."""
    for _ in range(world.random.randint(2, 4)):
        _send(world, signal.SIGINT, group=True)
        time.sleep(world.random.uniform(0.05, 0.5))
    yield


@mishap("ctrl-c-down", when=(DURING,), commands=(DOWN,))
def ctrl_c_down(world: World) -> Iterator[None]:
    """Ctrl-C while the lab is taken down."""
    _send(world, signal.SIGINT, group=True)
    yield


@mishap("terminated", when=(DURING,), keeps=True, cheap=True)
def terminated(world: World) -> Iterator[None]:
    """A `kill` of the command."""
    _send(world, signal.SIGTERM)
    yield


@mishap("hang-up", when=(DURING,), keeps=True, cheap=True)
def hang_up(world: World) -> Iterator[None]:
    """The terminal is closed."""
    _send(world, signal.SIGHUP, group=True)
    yield


@mishap("kill-9", when=(DURING,), keeps=True, cheap=True)
def kill_9(world: World) -> Iterator[None]:
    """A `kill -9` of the command alone; what it started goes on."""
    _send(world, signal.SIGKILL)
    yield


@mishap("kill-9-group", when=(DURING,), keeps=True, commands=_WITH_DOWN)
def kill_9_group(world: World) -> Iterator[None]:
    """The out-of-memory killer takes all processes of the command."""
    _send(world, signal.SIGKILL, group=True)
    yield


@mishap("playbook-killed", when=(DURING,), commands=PLAYBOOKS, cheap=True)
def playbook_killed(world: World) -> Iterator[None]:
    """A `kill -9` of the playbook's process alone."""
    found = _await_processes(world, lambda: _playbooks(world))
    for pid in found[:1]:
        world.chose(f"pid {pid}")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    yield


@mishap("child-killed", when=(DURING,), cheap=True)
def child_killed(world: World) -> Iterator[None]:
    """A `kill -9` of any process that the command has started."""
    command = world.running
    children = _await_processes(world, command.descendants) if command else []
    if children:
        pid = world.random.choice(children)
        world.chose(f"pid {pid}")
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    yield


@mishap("suspended", when=(DURING,), keeps=True, cheap=True)
def suspended(world: World) -> Iterator[None]:
    """The command is stopped by Ctrl-Z, and goes on seconds later."""
    _send(world, signal.SIGSTOP, group=True)
    try:
        time.sleep(world.random.uniform(1, 6))
    finally:
        _send(world, signal.SIGCONT, group=True)
    yield


@mishap(
    "ctrl-c-paused",
    when=(DURING,),
    commands=(FULL,),
    labs=("2", "3"),
    keeps=True,
    paused=True,
)
def ctrl_c_paused(world: World) -> Iterator[None]:
    """Ctrl-C while `grade --full` has paused a node."""
    _send(world, signal.SIGINT, group=True)
    yield


@mishap(
    "kill-9-paused",
    when=(DURING,),
    commands=(FULL,),
    labs=("2", "3"),
    keeps=True,
    paused=True,
)
def kill_9_paused(world: World) -> Iterator[None]:
    """A `kill -9` while `grade --full` has paused a node."""
    _send(world, signal.SIGKILL, group=True)
    yield


@mishap("closed-pipe", keeps=True, cheap=True)
def closed_pipe(world: World) -> Iterator[None]:
    """The reader of what a command prints ends before it."""
    command = world.chose(world.random.choice([STATUS, GRADE]))
    printed = world.shell('"$@" | head -n 0', *world.argv(command))
    if "Traceback" in printed or "BrokenPipe" in printed:
        raise Wrong(f"`{command}` has a traceback where its reader ends")
    yield


@mishap("two-at-once", when=(DURING,), commands=_LOCKED, cheap=True)
def two_at_once(world: World) -> Iterator[None]:
    """A second command of the same student at the same time."""
    second = world.run(world.chose(world.random.choice(_LOCKED)))
    first = world.running
    if first and not first.has_ended() and second.code != 3:
        raise Wrong(f"`{second.command}` went ahead beside `{first.command}`")
    if second.code == 3 and "another command holds" not in second.stderr:
        raise Wrong(f"`{second.command}` does not say who holds the lab")
    yield


@mishap("second-student", when=(DURING,), keeps=True, cheap=True)
def second_student(world: World) -> Iterator[None]:
    """Another student, without a lab, uses the kit at the same time."""
    for command, code in ((STATUS, 0), (GRADE, 3), (DOWN, 0)):
        second = world.run(command, STUDENT=f"{world.student}-b")
        if second.code != code:
            raise Wrong(
                f"another student's `{command}` must end with {code}, not"
                f" {second.code}"
            )
    yield


@mishap("second-student-starts", when=(DURING,), commands=PLAYBOOKS)
def second_student_starts(world: World) -> Iterator[None]:
    """Another student's lab is created at the same time."""
    other = f"{world.student}-b"
    second = world.begin(UP, STUDENT=other)
    try:
        yield
        ended = second.wait(600)
        if ended.code:
            raise Wrong(f"another student's `up` ended with {ended.code}")
    finally:
        second.signal(signal.SIGTERM)
        second.wait(60)
        world.run(DOWN, STUDENT=other)
