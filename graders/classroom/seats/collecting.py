"""Keep what seats hand over: a folder of submissions, none of which is lost.

A file that was collected is never replaced by another one: the older one gets
a number in its name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graders.classroom.seats.on_machine import FILE
from graders.classroom.zipped import LIMIT
from graders.errors import CannotCheck, explaining, one_line, parsing
from graders.files import write_atomically

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_MODE = 0o600


@dataclass(frozen=True)
class Collected:
    """Files of a student that are new, and why one may be missing."""

    files: tuple[Path, ...]
    problem: str = ""


def digests(folder: Path, student: str) -> set[str]:
    """Return the digests of a student's files that are in the folder.

    Raises:
        UsageError: one cannot be read.

    """
    with _keeping(folder):
        return {
            hashlib.sha256(file.read_bytes()).hexdigest()
            for file in folder.glob(f"{student}-lab-*.lab")
        }


def keep(folder: Path, student: str, answer: str) -> Collected:
    """Keep the files in a seat's answer.

    Raises:
        CannotCheck: the answer is not of the kit.
        UsageError: the folder cannot be written.

    """
    with parsing(f"what {student}'s seat hands over", "collect again"):
        document = json.loads(answer)
        problem = one_line(str(document["problem"]))
        contents = [_content(student, it) for it in document["files"]]
    known = digests(folder, student)
    with _keeping(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = tuple(
            _write(folder / name, content)
            for name, content in contents
            if hashlib.sha256(content).hexdigest() not in known
        )
    return Collected(files, problem)


def _content(student: str, entry: dict[str, Any]) -> tuple[str, bytes]:
    """Return name and content of a file; a machine may send anything."""
    name = str(entry["name"])
    match = FILE.fullmatch(name)
    if not match or name != f"{student}-{match[1]}.lab":
        raise CannotCheck(f"{student}'s seat hands over {name!r}")
    try:
        content = base64.b64decode(entry["content"], validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if len(content) > LIMIT:
        raise CannotCheck(f"{name} is larger than {LIMIT // 1000} KB")
    return name, content


def _write(file: Path, content: bytes) -> Path:
    """Write a file; one of that name gets another name before."""
    if file.exists():
        number = 1
        while _older(file, number).exists():
            number += 1
        # A link: the older content has a name at every moment.
        _older(file, number).hardlink_to(file)
    write_atomically(file, content, _MODE)
    return file


def _older(file: Path, number: int) -> Path:
    return file.with_name(f"{file.stem}.{number}{file.suffix}")


def _keeping(folder: Path) -> AbstractContextManager[None]:
    return explaining(
        f"could not keep submissions in {folder}",
        "name another folder with --to",
    )
