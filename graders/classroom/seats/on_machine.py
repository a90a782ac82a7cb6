"""Say which seats a machine has, and hand over what students handed in.

`lab class` runs this module on machines: `list FOLDER` prints what each seat
of the folder has, and `hand-over STUDENT` the submissions of a student whose
digests are not among the words of standard input.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pwd
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.seats.seat_command import seat_command
from graders.classroom.zipped import LIMIT
from graders.errors import KitError
from graders.files import read_text
from graders.plan.networks import check_student
from graders.providers import capture
from graders.providers.capture import TooSlow
from graders.providers.registry import provider
from graders.settings import seat_dir
from graders.state import lab_state

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE: Final = re.compile(r"[a-z0-9-]{1,20}-(lab-[0-9]{1,4})\.lab")
# Grading all of a lab takes a minute.
_SUBMIT_S: Final = 900.0


def seats_in(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what there is of each seat, one that was removed included."""
    for file in sorted(folder.glob("*/class")):
        student = file.parent.name
        with suppress(KitError, OSError, ValueError):
            check_student(student)
            # A seat's ticket decides on its numbers, if it has no lab.
            os.environ["METALLB_LAB_CONFIG"] = str(file.parent / "config")
            yield {
                "student": student,
                "class": read_text(file).strip(),
                "version": _text(file.parent / "version"),
                "open": _has_account(f"seat-{student}"),
                "submissions": [it.name for it in _files(student)],
                **_lab(student),
            }


def hand_over(student: str, known: set[str]) -> dict[str, Any]:
    """Return the submissions that are not known, and why one is missing.

    A lab that was not handed in is handed in as it is now.
    """
    problem = ""
    lab = str(_lab(student)["lab"])
    number = "-".join(lab.split("-")[:2])
    if lab and not any(_lab_of(it) == number for it in _files(student)):
        problem = _submit(student)
    return {
        "student": student,
        "problem": problem,
        "files": [
            {
                "name": file.name,
                "content": base64.b64encode(content).decode("ascii"),
            }
            for file, content in _contents(student)
            if hashlib.sha256(content).hexdigest() not in known
        ],
    }


def _lab(student: str) -> dict[str, Any]:
    """Return the running lab, and how often it was graded."""
    try:
        state = lab_state.read(provider().locate(student).plan)
    except KitError as error:
        return {"lab": "", "attempts": 0, "problem": str(error)}
    if state is None:
        return {"lab": "", "attempts": 0, "problem": ""}
    return {"lab": state.lab, "attempts": state.attempts, "problem": ""}


def _submit(student: str) -> str:
    """Have the seat's service submit; return why it did not, or ""."""
    try:
        done = capture.run(
            seat_command(f"seat-{student}", ["submit"]), timeout=_SUBMIT_S
        )
    except TooSlow:
        return f"lab submit: not done within {_SUBMIT_S:.0f} s"
    if not done.returncode:
        return ""
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"lab submit ended with {done.returncode}"


def _files(student: str) -> list[Path]:
    folder = seat_dir(student) / "submissions"
    return sorted(
        file
        for file in folder.glob(f"{student}-lab-*.lab")
        if FILE.fullmatch(file.name)
    )


def _contents(student: str) -> Iterator[tuple[Path, bytes]]:
    """Yield submissions; what is no file, or too large, is none."""
    for file in _files(student):
        with suppress(OSError):
            handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as opened:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    continue
                content = opened.read(LIMIT + 1)
            if len(content) <= LIMIT:
                yield file, content


def _lab_of(file: Path) -> str:
    match = FILE.fullmatch(file.name)
    return match[1] if match else ""


def _has_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _text(file: Path) -> str:
    try:
        return read_text(file).strip()
    except (OSError, ValueError):
        return ""


def main(argv: list[str]) -> None:
    """Print the document that the command line asks for."""
    verb, what = argv
    if verb == "list":
        document: object = [*seats_in(Path(what))]
    else:
        document = hand_over(what, set(sys.stdin.read(LIMIT).split()))
    json.dump(document, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
