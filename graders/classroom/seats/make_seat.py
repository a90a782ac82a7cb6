"""Make a student's account and folders on a machine, or close the account.

`lab class` runs this module on machines as root: `open STUDENT`, with a JSON
document of `class`, `authorized_keys`, `ticket` and `shell` as standard input,
and `close STUDENT`. What is there is left as it is.
"""

from __future__ import annotations

import grp
import json
import pwd
import shutil
import sys
from pathlib import Path
from typing import Final

from graders.classroom.seats.seat_command import DATA
from graders.errors import CannotCheck, KitError, one_line, parsing
from graders.files import write_atomically
from graders.plan.networks import check_student
from graders.providers import capture
from graders.settings import TICKET_SUFFIX

_LIMIT: Final = 256 * 1024
_HOMES: Final = Path("/home")
_TIME_S: Final = 300


def open_seat(student: str, document: str) -> None:
    """Make what a seat needs, except for its service.

    Raises:
        KitError: the name is not allowed, or the machine refuses it.

    """
    check_student(student)
    with parsing("what to make", "this is a fault of the kit"):
        wanted = json.loads(document)
        texts = {
            name: str(wanted[name])
            for name in ("class", "authorized_keys", "ticket", "shell")
        }
    folder = Path(DATA) / "seats" / student
    tickets = folder / "config" / "tickets"
    tickets.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in (folder, folder / "config"):
        part.chmod(0o700)
    _write(tickets / f"{student}{TICKET_SUFFIX}", texts["ticket"], 0o600)
    account = f"seat-{student}"
    _make_account(account, texts["shell"])
    # Root owns the home, so that a student cannot add other people's keys.
    keys = _HOMES / account / ".ssh"
    keys.mkdir(parents=True, exist_ok=True)
    _write(keys / "authorized_keys", texts["authorized_keys"], 0o644)
    # A login says nothing of the machine.
    _write(_HOMES / account / ".hushlogin", "", 0o644)
    # The last one: what has it is a seat.
    _write(folder / "class", texts["class"], 0o600)


def close_seat(student: str) -> None:
    """Remove the account; what the student handed in stays.

    Raises:
        KitError: the name is not allowed, or the machine refuses it.

    """
    check_student(student)
    account = f"seat-{student}"
    if _shell(account) is not None:
        # Who is logged in has a client of the service, which has ended.
        _run("userdel", "--force", account)
    shutil.rmtree(_HOMES / account, ignore_errors=True)


def _make_account(account: str, shell: str) -> None:
    # No password is *; with ! some servers refuse keys, too.
    options = ["--shell", shell, "--password", "*"]
    current = _shell(account)
    if current is None:
        home = ("--home-dir", str(_HOMES / account), "--no-create-home")
        comment = ("--comment", "Seat of the MetalLB Lab Kit")
        group = _group_options(account)
        _run("useradd", *options, *home, *comment, *group, account)
    elif current != shell:
        _run("usermod", *options, account)


def _group_options(account: str) -> tuple[str, ...]:
    """Return the account's own group, which may be left of an earlier one."""
    try:
        grp.getgrnam(account)
    except KeyError:
        return ("--user-group",)
    return ("--gid", account)


def _shell(account: str) -> str | None:
    try:
        return pwd.getpwnam(account).pw_shell
    except KeyError:
        return None


def _run(*argv: str) -> None:
    done = capture.run(argv, timeout=_TIME_S)
    if done.returncode:
        raise CannotCheck(one_line(done.stderr) or f"{argv[0]} failed")


def _write(file: Path, text: str, mode: int) -> None:
    try:
        same = file.read_text("utf-8") == text
    except (OSError, ValueError):
        same = False
    if not same:
        write_atomically(file, text, mode)


def main(argv: list[str]) -> int:
    """Do what the command line asks for."""
    verb, student = argv
    try:
        if verb == "open":
            open_seat(student, sys.stdin.read(_LIMIT))
        else:
            close_seat(student)
    except KitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return CannotCheck.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
