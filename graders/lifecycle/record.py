"""What is typed in the kit's shells, recorded for `lab submit`.

bash records it there, see record.sh: on this computer in the student's
folder, on machines in a folder of the kit's. Neither output nor what is typed
at a prompt of a program is recorded.
"""

from __future__ import annotations

import base64
import binascii
import re
import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.providers.registry import machine_of
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.plan.plan import Plan

SHELL: Final = "shell"
VTYSH: Final = "vtysh"
SCRIPT: Final = Path(__file__).with_name("record.sh")

# Each machine has its own, even where several share a host.
_FOLDER: Final = "/var/lib/lab-made/typed"
# Bytes of a record that are read, the newest ones.
_LIMIT: Final = 1_000_000
_ENTRY: Final = re.compile(r"^(\d+) +\d+\*? +(\d+) (.*)", re.DOTALL)
_SESSION: Final = re.compile(rf"^(.+)\.{VTYSH}-(\d+)")
_READ: Final = f"""\
cd {_FOLDER} 2> /dev/null || exit 0
for file in *; do
  [ -f "$file" ] && echo "$file $(tail -c {_LIMIT // 2} "$file" | base64 -w 0)"
done
true"""


@dataclass(frozen=True)
class Typed:
    """A command, or a session of vtysh, with its place and epoch time.

    `status` is that of a command, 0 for a session.
    """

    place: str
    time: int
    text: str
    status: int = 0


def local_file(plan: Plan) -> Path:
    """Return the record of the shells on this computer; create its folder.

    Raises:
        OSError: it cannot be written.

    """
    file = _folder(plan) / SHELL
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    return file


def machine_rc(role: str) -> str:
    """Return what bash reads on a machine, so that it records."""
    file = shlex.quote(f"{_FOLDER}/{role}")
    return (
        "[ -f ~/.bashrc ] && . ~/.bashrc\n"
        f"LAB_TYPED={file}\n"
        f"mkdir -p {_FOLDER}\n{SCRIPT.read_text('utf-8')}"
    )


def note(plan: Plan, place: str, command: str) -> None:
    """Record a command that a shell is opened for.

    Raises:
        OSError: it cannot be written.

    """
    file = local_file(plan).with_name(place)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"0 0 {int(time.time())} {command}\0")


def read(plan: Plan, since: float) -> tuple[list[Typed], list[str]]:
    """Return what was typed since then in its order, and what is out of reach.

    The latter are lines for a person.
    """
    problems: list[str] = []
    roles = (*plan.machines, *plan.nodes)
    with ThreadPoolExecutor(len(roles)) as pool:
        asked = [pool.submit(_on_machine, plan, role) for role in roles]
    found = [*_local(plan, problems)]
    for answer in asked:
        try:
            found += answer.result()
        except CannotCheck as error:
            problems.append(str(error))
    recent = [one for one in found if one.time >= int(since)]
    return sorted(recent, key=lambda one: one.time), problems


def parse(name: str, text: str) -> Iterator[Typed]:
    """Yield what a file of this name has recorded."""
    if session := _SESSION.fullmatch(name):
        # More digits than any time has are none.
        yield Typed(VTYSH, int(session[2][:12]), text.strip("\n"))
        return
    for record in text.split("\0"):
        if found := _ENTRY.fullmatch(record):
            yield Typed(name, int(found[2][:12]), found[3], int(found[1][:3]))


def _folder(plan: Plan) -> Path:
    return state_dir(plan.student) / "typed"


def _local(plan: Plan, problems: list[str]) -> Iterator[Typed]:
    for file in sorted(_folder(plan).glob("*")):
        try:
            with file.open("rb") as opened:
                opened.seek(max(0, file.stat().st_size - _LIMIT))
                text = opened.read(_LIMIT).decode(errors="replace")
        except OSError as error:
            problems.append(f"could not read {file}: {error.strerror}")
        else:
            yield from parse(file.name, text)


def _on_machine(plan: Plan, role: str) -> list[Typed]:
    """Return what a machine has recorded."""
    done = machine_of(plan, role).run("sh", "-c", _READ)
    found: list[Typed] = []
    for line in done.out.splitlines():
        name, _, content = line.partition(" ")
        # A student may write there, too.
        with suppress(binascii.Error, ValueError):
            text = base64.b64decode(content, validate=True)
            if name.partition(".")[0] == role:
                found += parse(name, text.decode(errors="replace"))
    return found
